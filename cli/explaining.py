"""Why an instance is as it is: what blocks it, since when, who did what last, and the next step. From Git and AWS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from molthub.cli import context
from molthub.errors import Diagnostic, StallingError
from molthub.health.types import StatusRecord
from molthub.pipeline.history import History
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import status_of
from molthub.pipeline.types import Collaborators, InstanceView, PlannedFleet, Scope
from molthub.planning.types import InstancePlan
from molthub.resources.observation import RolloutState
from molthub.resources.states import Verdict
from molthub.source.types import CommitInfo

NEXT_STEPS = {
    Verdict.SYNCED: "Nothing: it is as its manifest says",
    Verdict.OUT_OF_SYNC: "Let the controller reconcile it, or run `molthub apply {name}`",
    Verdict.SUSPENDED: "To let it run again: molthub resume {name}",
    Verdict.UNKNOWN: "Mend what keeps it from being read, then look again",
    Verdict.INVALID: "Mend its manifest: `molthub validate` shows every error",
    Verdict.BLOCKED: "Remove what blocks it",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One instance's why.

    at      when it was looked at
    since   when what is wrong began, as far as Git and AWS tell; None when nothing is wrong, or nobody knows
    touched the last commit that changed its manifest, among the last fifty
    """

    record: StatusRecord
    plan: InstancePlan
    reasons: tuple[Diagnostic, ...]
    since: datetime | None
    touched: CommitInfo | None
    path: str | None
    next_step: str
    at: datetime


def explain_instance(roots: context.Roots, name: str, *, repo: str | None, ref: str | None) -> Explanation:
    """Plan it, and ask Git who touched it. Raises MH-PIPE-001 for a name that nothing has."""
    fleet = context.read_fleet(roots, repo=repo, ref=ref, committed=True)
    _, view = look_at(fleet, context.collaborators(roots, fleet), name)
    assert fleet.commit is not None
    history = History(fleet.source, fleet.commit)
    path = _path(view, history)
    touched = _last_touch(history, path) if path else None
    now = roots.now()
    record = status_of(view, head_commit=fleet.commit, now=now)
    return Explanation(
        record=record,
        plan=view.plan,
        reasons=view.plan.reasons,
        since=_since(view, touched, head=fleet.commit),
        touched=touched,
        path=path,
        next_step=next_step(view.plan),
        at=now,
    )


def look_at(fleet: context.ReadFleet, collaborators: Collaborators, name: str) -> tuple[PlannedFleet, InstanceView]:
    """The cheap way by name first; an instance without a usable manifest is found among all."""
    try:
        planned = plan_fleet(fleet.checked, collaborators, scope=Scope(instances=frozenset({name})))
        return planned, planned.views[0]
    except StallingError as error:
        if error.ref != "MH-PIPE-001":
            raise
        planned = plan_fleet(fleet.checked, collaborators)
        found = [
            view
            for view in planned.views
            if name in (view.name, view.name.rsplit("/", 1)[-1], str(view.identity), view.identity.id)
        ]
        if len(found) != 1:
            raise
        return planned, found[0]


def _path(view: InstanceView, history: History) -> str | None:
    if view.loaded is not None:
        return view.loaded.path
    places = [reason.location.path for reason in view.plan.reasons if reason.location]
    return places[0] if places else history.path_of(view.identity, view.observed.commit if view.observed else None)


def _last_touch(history: History, path: str) -> CommitInfo | None:
    for info in history.back():
        if not info.parents or path in history.source.changed_paths(info.parents[0], info.sha):
            return info
    return None


def _since(view: InstanceView, touched: CommitInfo | None, *, head: str) -> datetime | None:
    """A broken manifest is so since its commit, a failed or running rollout since it began.

    Nobody knows since when AWS cannot be read, or differs from the very commit that was written last.
    """
    rollout = view.observed.runtime.rollout if view.observed and view.observed.runtime else None
    if any(reason.location for reason in view.plan.reasons) and touched:
        return touched.at
    if rollout is not None and rollout.state is not RolloutState.COMPLETED:
        return rollout.created_at
    drifted = view.plan.verdict is Verdict.OUT_OF_SYNC and view.observed is not None and view.observed.commit == head
    if drifted or view.plan.verdict in (Verdict.SYNCED, Verdict.UNKNOWN):
        return None
    return touched.at if touched else None


def next_step(plan: InstancePlan) -> str:
    """What to do about it: the first reason's fix, else what its verdict asks for."""
    fix = next((reason.fix for reason in plan.reasons if reason.fix), "")
    return fix or NEXT_STEPS[plan.verdict].format(name=plan.name)
