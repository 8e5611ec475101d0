"""Whether an instance is where somebody waits for it to be, and whether it can still get there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from molthub.errors import Diagnostic
from molthub.health.types import Health, StatusRecord
from molthub.pipeline.types import InstanceView
from molthub.resources.states import Verdict

UNREACHABLE = "MH-PIPE-014"
HELD = frozenset({Verdict.BLOCKED, Verdict.INVALID})


class Goal(StrEnum):
    """What one may wait for.

    HEALTHY  it runs, well, and as its manifest says
    SYNCED   AWS is as its manifest says, a pause included; how it runs does not matter
    STOPPED  nothing runs, on purpose
    DELETED  nothing of it is left on AWS
    """

    HEALTHY = "healthy"
    SYNCED = "synced"
    STOPPED = "stopped"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Look:
    """One look. now: how it is, in a few words; hopeless: why it never gets there by itself, None while it may."""

    now: str
    reached: bool = False
    hopeless: Diagnostic | None = None


def judge(goal: Goal, view: InstanceView | None, record: StatusRecord | None, *, name: str) -> Look:
    """view, record: None when there is neither a manifest nor anything on AWS."""
    if view is None or record is None:
        gone = "there is nothing of it on AWS"
        lost = None if goal is Goal.DELETED else _hopeless(name, goal, "it has no manifest", "Commit one")
        return Look(gone, reached=goal is Goal.DELETED, hopeless=lost)
    now = _words(record)
    if record.sync is Verdict.UNKNOWN or record.health is Health.UNKNOWN:
        return Look(now)
    if goal is Goal.DELETED:
        return _deleted(view, record, now)
    if view.loaded is None and record.sync not in HELD:
        lost = _hopeless(name, goal, "its manifest is gone", "Commit it again, or wait for `deleted`")
        return Look(now, hopeless=lost)
    reached = {
        Goal.HEALTHY: record.sync is Verdict.SYNCED and record.health is Health.HEALTHY,
        Goal.SYNCED: record.sync in (Verdict.SYNCED, Verdict.SUSPENDED) and not view.plan.changes,
        Goal.STOPPED: record.sync is Verdict.SUSPENDED and record.health is Health.STOPPED,
    }[goal]
    return Look(now, reached=reached, hopeless=None if reached else _obstacle(goal, view, record, name))


def _deleted(view: InstanceView, record: StatusRecord, now: str) -> Look:
    name = record.name
    if view.loaded is not None:
        fix = "Remove it: `molthub delete` makes the commit"
        return Look(now, hopeless=_hopeless(name, Goal.DELETED, "its manifest is still there", fix))
    if record.sync in HELD:
        return Look(now, hopeless=_held(name, Goal.DELETED, view))
    nothing = view.observed is None or (view.observed.resources.is_empty and view.observed.runtime is None)
    return Look(now, reached=nothing and not view.plan.changes)


def _obstacle(goal: Goal, view: InstanceView, record: StatusRecord, name: str) -> Diagnostic | None:
    if record.sync in HELD:
        return _held(name, goal, view)
    if goal is Goal.HEALTHY and record.sync is Verdict.SUSPENDED:
        by = f" by {record.paused.by}: {record.paused.reason}" if record.paused else ""
        return _hopeless(name, goal, f"it is paused{by}", f"Resume it: `molthub resume {name}`")
    if goal is Goal.STOPPED and record.paused is None:
        return _hopeless(name, goal, "its manifest does not pause it", f"Pause it: `molthub pause {name}`")
    return None


def _held(name: str, goal: Goal, view: InstanceView) -> Diagnostic:
    """By the planner's own reason; a failed rollout of this very version is one."""
    reason = view.plan.reasons[0] if view.plan.reasons else None
    why = f"{view.plan.verdict}: {reason.message} ({reason.ref})" if reason else f"it is {view.plan.verdict}"
    fix = next((item.fix for item in view.plan.reasons if item.fix), f"See `molthub explain {name}`")
    return _hopeless(name, goal, why, fix)


def _hopeless(name: str, goal: Goal, why: str, fix: str) -> Diagnostic:
    return Diagnostic(UNREACHABLE, f"{name} does not get {goal} by itself: {why}", fix=fix)


def _words(record: StatusRecord) -> str:
    return f"{record.sync}, {record.health}" + (f": {record.reason}" if record.reason else "")
