"""What `rollback` and `abort` share: which earlier version an instance goes back to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.cli.terminal import Terminal
    from molthub.history.versions import Version
    from molthub.pipeline.actions.rollback import Former
    from molthub.source.protocol import FleetSource

VERSION_NUMBER = re.compile(r"v?(?P<number>[0-9]{1,4})")


def former_at(roots: context.Roots, revision: str, *, repo: str | None) -> Callable[[str], Former]:
    """The fleet at a commit, tag or branch, whatever it is that is committed on. Raises MH-GIT-NNN."""
    source = context.open_source(repo, None)
    source.fetch()
    former = _former(roots, source, source.resolve(revision))
    return lambda _base: former


def former_of(
    roots: context.Roots, instance: str, revision: str | None, *, repo: str | None, term: Terminal
) -> Callable[[str], Former]:
    """The fleet at a version of an instance in the history of what is committed on: by its number in `molthub history`,
    or the one before the last change of what runs. Anything else is a revision.

    The function raises MH-HIST-001, -002 for the instance, MH-ACT-033, -034 for the version, MH-GIT-NNN.
    """
    number = VERSION_NUMBER.fullmatch(revision) if revision else None
    if revision and number is None:
        return former_at(roots, revision, repo=repo)

    def find(base: str) -> Former:
        from molthub.cli.looking_back import look_back

        with look_back(repo=repo, ref=base, term=term) as back:
            found = back.past.versions(back.past.find(instance).resource)
            chosen = _numbered(found, int(number["number"]), instance) if number else _before(found, instance)
            return _former(roots, back.source, chosen.record.sha)

    return find


def check_under_way(roots: context.Roots, instance: str, *, repo: str | None) -> None:
    """Raise MH-ACT-035 unless AWS has a rollout of the instance under way, MH-ACT-036 when AWS cannot tell."""
    from molthub.manifest.selection import resolve
    from molthub.pipeline.planner import plan_fleet
    from molthub.pipeline.types import Scope
    from molthub.resources.observation import RolloutState
    from molthub.resources.states import Verdict

    fleet = context.read_fleet(roots, repo=repo, ref=None, committed=True)
    identity = resolve(fleet.checked.documents.instances, instance)
    scope = Scope(identities=frozenset({identity}))
    planned = plan_fleet(fleet.checked, context.collaborators(roots, fleet), scope=scope)
    (view,) = [one for one in planned.views if one.identity == identity]
    if view.plan.verdict is Verdict.UNKNOWN:
        why = view.plan.reasons[0].message if view.plan.reasons else "it could not be read"
        raise StallingError(
            "MH-ACT-036",
            f"nobody can tell whether a rollout of {view.name} is under way: {why}",
            fix="Mend that, or say --force to go back all the same",
        )
    runtime = view.observed.runtime if view.observed else None
    rollout = runtime.rollout if runtime else None
    if rollout is None or rollout.state is not RolloutState.IN_PROGRESS:
        raise StallingError(
            "MH-ACT-035",
            f"no rollout of {view.name} is under way",
            fix=f"To undo what is done: molthub rollback {view.name}",
        )


def _numbered(found: tuple[Version, ...], number: int, instance: str) -> Version:
    chosen = next((one for one in found if one.number == number), None)
    if chosen is None:
        raise StallingError(
            "MH-ACT-033", f"{instance} has no version {number}", fix=f"See `molthub history {instance}` for what it has"
        )
    return chosen


def _before(found: tuple[Version, ...], instance: str) -> Version:
    from molthub.pipeline.actions.rollback import version_before

    chosen = version_before(found)
    if chosen is None:
        raise StallingError(
            "MH-ACT-034",
            f"{instance} has no version before the one it has",
            fix=f"See `molthub history {instance}`, and name a commit with --to",
        )
    return chosen


def _former(roots: context.Roots, source: FleetSource, commit: str) -> Former:
    from molthub.pipeline.actions.rollback import Former
    from molthub.pipeline.engine import check

    return Former(commit, check(source.snapshot(commit), rules=(), now=roots.now()))
