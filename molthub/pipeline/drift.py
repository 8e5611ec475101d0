"""Drift: where AWS is not as the commit that was last applied there says.

What a newer commit wants and nobody applied yet is no drift. AWS says by a tag which commit last wrote to an instance;
where a commit since then changed what the instance is made of, the tree of that older commit is planned instead of
HEAD, by the same engine, and its changes are the drift. A secret that got a new value is none either: the next apply
reads it, and nobody meddled.

What cannot be told apart: an apply that stopped half-way left objects of both commits, and what is missing of the newer
one shows as drift; and an instance of which nothing at all is left is one that is yet to be created.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from molthub.errors import Diagnostic, MolthubError, StallingError
from molthub.pipeline.compare.changed import compared
from molthub.pipeline.compare.types import Base
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import status_of
from molthub.pipeline.types import CheckedFleet, Collaborators, InstanceView, PlannedFleet, Scope
from molthub.planning.types import Change
from molthub.resources.identity import Identity
from molthub.resources.observation import ForeignObject
from molthub.resources.secret_versions import only_secrets_changed
from molthub.resources.states import Verdict
from molthub.resources.types import Kind


class DriftState(StrEnum):
    """What can be said of one instance. The word is part of the documented JSON shape: add, never rename."""

    SYNCED = "synced"  # as the commit that was last applied says
    PENDING = "pending"  # so too, and a newer commit waits
    DRIFTED = "drifted"
    UNEXPECTED = "unexpected"  # no manifest of this history ever wanted it
    UNKNOWN = "unknown"  # could not be read, and so is never called synced


@dataclass(frozen=True, slots=True)
class InstanceDrift:
    """One instance compared.

    commit   what it was compared with, full hash; None where there was nothing to compare
    changes  what would undo the drift: `before` of an attribute is what AWS has, `after` what it should have
    pending  a newer commit, or a secret's new value, is not applied yet
    foreign  objects under its names that are not ours
    reasons  why it is unknown or unexpected
    """

    identity: Identity
    name: str
    state: DriftState
    commit: str | None = None
    changes: tuple[Change, ...] = ()
    pending: bool = False
    foreign: tuple[ForeignObject, ...] = ()
    reasons: tuple[Diagnostic, ...] = ()


def find_drift(checked: CheckedFleet, collaborators: Collaborators, *, scope: Scope) -> tuple[InstanceDrift, ...]:
    """What AWS has otherwise than was applied, for every instance in the scope, ordered by identity.

    checked: the fleet at a commit. Reads AWS and Git, writes nothing.
    """
    planned = plan_fleet(checked, collaborators, scope=scope)
    now = collaborators.now()
    found: dict[Identity, InstanceDrift] = {}
    older: dict[str, list[InstanceView]] = {}
    for view in planned.views:
        applied = status_of(view, head_commit=planned.plan.commit, now=now).running_commit
        plain = _plain(view, planned, applied)
        if plain is not None:
            found[view.identity] = plain
        else:
            older.setdefault(applied or "", []).append(view)
    for commit, views in older.items():
        found |= {item.identity: item for item in _against(commit, views, planned, collaborators)}
    return tuple(found[identity] for identity in sorted(found))


def _plain(view: InstanceView, planned: PlannedFleet, applied: str | None) -> InstanceDrift | None:
    """What can be said without the tree of an older commit; None when that is needed."""
    observed, head = view.observed, planned.plan.commit
    if observed is None or observed.failures or view.plan.verdict is Verdict.UNKNOWN:
        return _unknown(view)
    if observed.resources.is_empty and observed.runtime is None:
        nothing = InstanceDrift(view.identity, view.name, DriftState.SYNCED, pending=view.loaded is not None)
        return _judged(nothing, observed.foreign)
    compared_here = view.loaded is not None and view.plan.verdict is not Verdict.INVALID
    if compared_here and not view.plan.changes:
        return _judged(InstanceDrift(view.identity, view.name, DriftState.SYNCED, commit=head), observed.foreign)
    if compared_here and applied in (head, None):
        return _drifted(view, view.plan.changes, commit=head, pending=False)
    return None


def _unknown(view: InstanceView) -> InstanceDrift:
    failures = view.observed.failures if view.observed is not None else ()
    reasons = tuple(dict.fromkeys(Diagnostic(ref=item.ref, message=item.message) for item in failures))
    return InstanceDrift(
        view.identity, view.name, DriftState.UNKNOWN, reasons=reasons or view.plan.reasons, pending=False
    )


def _drifted(view: InstanceView, changes: Iterable[Change], *, commit: str | None, pending: bool) -> InstanceDrift:
    """By the changes that would undo it; what a secret's new value asks for is pending."""
    told = tuple(changes)
    left = _without_new_secrets(told)
    compared_with = InstanceDrift(
        view.identity,
        view.name,
        DriftState.SYNCED,
        commit=commit,
        changes=left,
        pending=pending or len(left) < len(told),
    )
    return _judged(compared_with, view.observed.foreign if view.observed is not None else ())


def _judged(item: InstanceDrift, foreign: tuple[ForeignObject, ...]) -> InstanceDrift:
    state = DriftState.PENDING if item.pending else DriftState.SYNCED
    if item.changes or foreign:
        state = DriftState.DRIFTED
    return replace(item, state=state, foreign=foreign)


def _without_new_secrets(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Without a new definition that differs in nothing but secrets' versions, and the rollout of it."""
    if not any(only_secrets_changed(change.before, change.after) for change in changes):
        return changes
    return tuple(
        change
        for change in changes
        if not only_secrets_changed(change.before, change.after)
        and not (change.kind is Kind.SERVICE and {item.path for item in change.attributes} <= {"task_definition"})
    )


def _against(
    commit: str, views: list[InstanceView], planned: PlannedFleet, collaborators: Collaborators
) -> Iterable[InstanceDrift]:
    """Instances that AWS carries an older commit of, or whose manifest is gone or broken at HEAD."""
    try:
        before = _tree_of(commit, collaborators)
    except MolthubError as error:
        return [_untold(view, planned, error.diagnostic) for view in views]
    affected = compared(Base(commit, commit), before, planned.checked).affected
    again = [view for view in views if view.identity in affected or _is_broken(view)]
    then = _planned_then(before, [view.identity for view in again], collaborators)
    found = []
    for view in views:
        if view not in again:
            found.append(_drifted(view, view.plan.changes, commit=planned.plan.commit, pending=False))
            continue
        old = then.get(view.identity)
        wanted_then = old is not None and old.loaded is not None
        found.append(_compared_then(view, old, commit) if old and wanted_then else _unexpected(view, commit))
    return found


def _is_broken(view: InstanceView) -> bool:
    return view.loaded is None or view.plan.verdict is Verdict.INVALID


def _tree_of(commit: str, collaborators: Collaborators) -> CheckedFleet:
    source = collaborators.source
    if source is None or not commit:
        message = "AWS does not say by which commit it was made"
        raise StallingError("MH-PIPE-015", message, fix="Look at it with `molthub plan`")
    return check(source.snapshot(source.resolve(commit)), rules=collaborators.rules, now=collaborators.now())


def _planned_then(
    before: CheckedFleet, identities: list[Identity], collaborators: Collaborators
) -> Mapping[Identity, InstanceView]:
    """What the older tree wants of these. Access is not asked: it was applied."""
    if not identities:
        return {}
    asked = replace(collaborators, access=None)
    planned = plan_fleet(before, asked, scope=Scope(identities=frozenset(identities)))
    return {view.identity: view for view in planned.views}


def _compared_then(view: InstanceView, old: InstanceView, commit: str) -> InstanceDrift:
    if old.plan.verdict is Verdict.UNKNOWN or old.observed is None or old.observed.failures:
        return replace(_unknown(old), name=view.name)
    return replace(_drifted(old, old.plan.changes, commit=commit, pending=True), name=view.name)


def _unexpected(view: InstanceView, commit: str) -> InstanceDrift:
    why = f"{view.name} exists on AWS, and neither HEAD nor {commit[:12]}, which made it, has a manifest of it"
    return _told_as(view, DriftState.UNEXPECTED, Diagnostic(ref="MH-PIPE-016", message=why))


def _untold(view: InstanceView, planned: PlannedFleet, problem: Diagnostic) -> InstanceDrift:
    """The older commit cannot be read: what differs from HEAD is all that can be said, if it can."""
    if _is_broken(view):
        return _told_as(view, DriftState.UNEXPECTED, problem)
    found = _drifted(view, view.plan.changes, commit=planned.plan.commit, pending=False)
    return replace(found, reasons=(problem,))


def _told_as(view: InstanceView, state: DriftState, why: Diagnostic) -> InstanceDrift:
    foreign = view.observed.foreign if view.observed is not None else ()
    return InstanceDrift(view.identity, view.name, state, foreign=foreign, reasons=(why,))
