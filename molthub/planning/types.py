"""The plan: what would be done, as data. `plan` shows exactly the object that `apply` executes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from molthub.errors import Diagnostic
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.resources.types import Backup, Kind, Resource, Restore, Retired, Step

PLAN_FORMAT = "molthub.dev/plan/v1"


class Action(Enum):
    """What happens to one resource. The symbol, the word and the colour come from here and nowhere else."""

    CREATE = ("+", "create", "green")
    UPDATE = ("~", "update", "yellow")
    REPLACE = ("-/+", "replace", "magenta")
    DELETE = ("-", "delete", "red")
    NOOP = (" ", "no-op", "default")

    def __init__(self, symbol: str, word: str, colour: str) -> None:
        self.symbol = symbol
        self.word = word
        self.colour = colour


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One leaf that differs. path as `resources.normal.leaves` names it; None is "unset on that side"."""

    path: str
    before: Any
    after: Any
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's change, with both whole sides: `before` is None for a create, `after` for a delete.

    unchanged  number of leaves that are the same on both sides
    restarts   the change restarts the Moltbot (a rollout follows)
    force      start a new deployment although no field differs (resume after a pause)
    after_rollout  carried out only when the plan's rollout has completed; these are the last of a plan's changes. A
                   rollout that fails leaves them undone, and the next plan finds them again
    """

    action: Action
    kind: Kind | Step
    name: str
    before: Resource | None
    after: Resource | Backup | Restore | Retired | None
    attributes: tuple[AttributeChange, ...] = ()
    unchanged: int = 0
    restarts: bool = False
    force: bool = False
    after_rollout: bool = False


@dataclass(frozen=True, slots=True)
class InstancePlan:
    """One instance's part of a plan.

    name         as people say it: `workspace/environment/name` (for one being deleted, its id)
    changes      in the order they are executed, those after the rollout last; no no-ops
    reasons      why it is Blocked, Invalid or Unknown; empty otherwise
    notices      warnings and live waivers, shouted in every plan
    rollout_id   a deployment already under way, to be waited for
    fingerprint  digest of the fields the changes depend on, and of the three below; "" when there are no changes
    fallback     what is done when the rollout fails and ECS is not to roll back by itself: the state is restored
    resume       what starts the Moltbot again when its backup fails
    without_backup  what is done in place of the rest of the changes (and of `fallback`) when a backup fails that is not
                 required
    """

    identity: Identity
    name: str
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    reasons: tuple[Diagnostic, ...] = ()
    notices: tuple[Diagnostic, ...] = ()
    rollout_id: str | None = None
    fingerprint: str = ""
    fallback: tuple[Change, ...] = ()
    resume: Change | None = None
    without_backup: tuple[Change, ...] = ()

    @property
    def may_apply(self) -> bool:
        """Changes that are to be carried out, or a rollout to be waited for."""
        return self.verdict in (Verdict.OUT_OF_SYNC, Verdict.SUSPENDED) and bool(self.changes)


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """The plans of one environment, ordered by identity, with the limits its apply keeps to."""

    key: EnvironmentKey
    instances: tuple[InstancePlan, ...]
    max_concurrent: int = 5
    stop_after_failures: int = 2
    reasons: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan.

    commit      full hash of the commit it was made from, None for a working tree
    applicable  False for a working tree, or when something in it forbids applying as a whole
    errored     a manifest was invalid or a read failed, so the plan is not the whole truth
    """

    fleet: str
    commit: str | None
    environments: tuple[EnvironmentPlan, ...]
    applicable: bool = True
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def instances(self) -> tuple[InstancePlan, ...]:
        return tuple(plan for environment in self.environments for plan in environment.instances)

    @property
    def errored(self) -> bool:
        return any(plan.verdict in (Verdict.INVALID, Verdict.UNKNOWN) for plan in self.instances) or any(
            item.severity.value == "error" for item in self.diagnostics
        )

    def count(self, action: Action) -> int:
        """Resources with this action in the instances that may be applied."""
        return sum(change.action is action for plan in self.instances if plan.may_apply for change in plan.changes)

    @property
    def has_changes(self) -> bool:
        return any(plan.may_apply for plan in self.instances)
