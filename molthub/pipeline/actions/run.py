"""Runs an action: base → edit → check → confirm → commit → push, and again from the base where the push lost a race.

    base      the newest commit of the branch (fetched), under the target's lock
    edit      the action's own pure function
    check     the edited tree, loaded and judged; an error that was not there before refuses
    confirm   the caller's: a person looks at the Proposal; asked again when it comes to more than was confirmed
    commit    built aside; nothing points at it
    land      push, then bring the clone along; a lost race changes nothing and begins anew at the base

Repeating an action that already holds makes no commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from molthub.errors import Diagnostic, InvalidInputError
from molthub.manifest.loader import ReadCache
from molthub.pipeline.actions.checking import checked, news, with_files
from molthub.pipeline.actions.types import ACTION_TRAILER, INSTANCE_TRAILER, Action, Edit
from molthub.pipeline.types import CheckedFleet, Rules
from molthub.resources.identity import Identity
from molthub.source.building import Draft, message_of
from molthub.source.target import Base, BranchMovedError, CommitTarget, Landed
from molthub.source.types import Snapshot


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be committed, for people to look at.

    edit    what the action came to; only files that change
    before  the fleet it was evaluated on
    after   the fleet as it would be
    """

    action: str
    branch: str
    base: Base
    edit: Edit
    before: CheckedFleet
    after: CheckedFleet
    message: str

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Warnings that the edit brings."""
        return tuple(item for item in news(self.before, self.after) if item.severity.value != "error")

    def name_of(self, identity: Identity) -> str:
        """What people call an instance: as it is called afterwards, else as it was."""
        for fleet in (self.after, self.before):
            if identity in fleet.documents.instances:
                return fleet.documents.instances[identity].display_name
        return str(identity)


class Status(StrEnum):
    """How an action ended."""

    COMMITTED = "committed"
    HOLDS = "holds"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Outcome:
    """commit: full hash, None where none was made; attempts: how often it was evaluated."""

    status: Status
    proposal: Proposal
    commit: str | None = None
    landed: Landed | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Retry:
    """How a lost race is tried again.

    sleep     seconds → nothing
    random    a number from 0 up to 1
    attempts  evaluations in all
    """

    sleep: Callable[[float], None]
    random: Callable[[], float]
    attempts: int = 25
    first: float = 0.1
    longest: float = 2.0

    def pause(self, attempt: int) -> None:
        """Wait after a failed attempt (from 1): twice as long each time, with full jitter."""
        self.sleep(self.random() * min(self.longest, self.first * 2.0**attempt))


@dataclass(frozen=True, slots=True)
class Runner:
    """What running an action needs.

    confirm  raises to refuse; called with what would be committed
    why      a person's reason, added to the commit's body
    asks     confirm may wait for a person: the lock is let go meanwhile, and the base read again
    tell     progress, in words
    dry_run  ends after confirm
    allow    raises where the commit, made and on no branch yet, is one that access would refuse
    """

    target: CommitTarget
    rules: Rules
    now: Callable[[], datetime]
    retry: Retry
    confirm: Callable[[Proposal], None]
    tell: Callable[[str], None] = lambda _line: None
    why: str = ""
    asks: bool = True
    dry_run: bool = False
    allow: Callable[[str], None] = lambda _commit: None

    def run(self, action: Action) -> Outcome:
        """Evaluate, confirm, commit and land.

        Raises the action's own refusals, InvalidInputError with the new errors, what the target raises, and
        BranchMovedError when the race was lost too often.
        """
        cache: ReadCache = {}
        with self.target.lock():
            proposal = self._evaluate(action, self.target.base(), cache)
            if proposal.edit.holds_already:
                return Outcome(Status.HOLDS, proposal)
            if self.asks and not self.dry_run:  # so that nobody is asked in vain
                self.target.committer()
                self.target.check(proposal.edit.files.keys())
            elif not self.dry_run:
                self.confirm(proposal)
                return self._land(action, proposal, cache, base=proposal.base)
        self.confirm(proposal)
        if self.dry_run:
            return Outcome(Status.DRY_RUN, proposal)
        with self.target.lock():
            return self._land(action, proposal, cache, base=self.target.base())

    def _land(self, action: Action, seen: Proposal, cache: ReadCache, *, base: Base) -> Outcome:
        """Under the lock. seen: what was confirmed; base: read under this very lock."""
        for attempt in range(1, self.retry.attempts + 1):
            proposal = seen if base == seen.base else self._evaluate(action, base, cache)
            if proposal.edit.holds_already:
                return Outcome(Status.HOLDS, proposal, attempts=attempt)
            if _goes_further(proposal.edit, seen.edit):
                self.confirm(proposal)
            seen = proposal
            self.target.check(proposal.edit.files.keys())
            commit = self.target.build(Draft(base.commit, proposal.message, proposal.edit.files))
            self.allow(commit)
            try:
                landed = self.target.land(commit)
            except BranchMovedError:
                self.tell("Somebody else pushed first; trying again on top of that.")
                self.retry.pause(attempt)
                base = self.target.base()
                continue
            return Outcome(Status.COMMITTED, proposal, commit, landed, attempt)
        raise BranchMovedError(self.target.branch, self.target.label)

    def _evaluate(self, action: Action, base: Base, cache: ReadCache) -> Proposal:
        snapshot = self.target.snapshot(base.commit)
        now = self.now()
        before = checked(snapshot, rules=self.rules, now=now, cache=cache)
        if before.documents.fleet is None:
            raise InvalidInputError(before.errors or before.documents.diagnostics)
        edit = _only_changes(action.edit(before), snapshot)
        after = checked(with_files(snapshot, edit.files), rules=self.rules, now=now, cache=dict(cache))
        errors = tuple(item for item in news(before, after) if item.severity.value == "error")
        if errors:
            raise InvalidInputError(errors)
        return Proposal(
            action=action.name,
            branch=self.target.branch,
            base=base,
            edit=edit,
            before=before,
            after=after,
            message=_message(action.name, edit, self.why),
        )


def _goes_further(edit: Edit, confirmed: Edit) -> bool:
    """Whether somebody confirmed less: other instances, or without what the trailers say."""
    return not set(edit.instances) <= set(confirmed.instances) or edit.trailers != confirmed.trailers


def _only_changes(edit: Edit, snapshot: Snapshot) -> Edit:
    """The edit without files that already are as it wants them."""
    there = {path: entry.content for path, entry in snapshot.files.items()}
    files = {path: content for path, content in edit.files.items() if there.get(path) != content}
    return replace(edit, files=files)


def _message(name: str, edit: Edit, why: str) -> str:
    instances = [(INSTANCE_TRAILER, str(identity)) for identity in edit.instances]
    more = [(key, line) for key, value in edit.trailers.items() for line in value.splitlines()]
    body = "\n\n".join(text for text in (edit.body, why) if text)
    return message_of(edit.subject, body, [(ACTION_TRAILER, name), *instances, *more])
