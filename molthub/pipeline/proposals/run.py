"""Writes a proposal: base → edit → check → branch → push. What it would do is planned, and no cloud is asked.

The same patch for the same instance has the same branch. Proposed again it makes no second commit; when the followed
branch has moved meanwhile, the proposal is made anew on top of that, in place of the former one. What somebody else
committed to the branch is never overwritten.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from molthub.errors import StallingError
from molthub.pipeline.actions.run import Outcome, Proposal, Retry, Runner
from molthub.pipeline.actions.run import Status as ActionStatus
from molthub.pipeline.actions.types import ACTION_TRAILER
from molthub.pipeline.compare.changed import compared
from molthub.pipeline.compare.preview import preview
from molthub.pipeline.compare.types import Base as ComparedBase
from molthub.pipeline.compare.types import Preview
from molthub.pipeline.proposals.patch import Propose, branch_for
from molthub.pipeline.types import Rules
from molthub.source.building import Draft
from molthub.source.proposing import ProposalRepository
from molthub.source.target import Base, BranchMovedError, Landed
from molthub.source.types import Snapshot

GUARDED, TAKEN = "MH-PROP-006", "MH-PROP-007"


class Status(StrEnum):
    """How proposing ended.

    PROPOSED  the branch has a new commit
    ALREADY   the branch says just this already
    HOLDS     the manifest itself says it already: there is nothing to propose
    DRY_RUN   nothing was written
    """

    PROPOSED = "proposed"
    ALREADY = "already-proposed"
    HOLDS = "holds"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of it. branch: "" where nothing is to be proposed; commit: of the branch, None where there is none."""

    status: Status
    proposal: Proposal
    preview: Preview
    branch: str
    commit: str | None = None
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class Proposer:
    """What proposing needs. branch: another than the patch's own; why: added to the commit's body."""

    repository: ProposalRepository
    rules: Rules
    now: Callable[[], datetime]
    retry: Retry
    branch: str | None = None
    why: str = ""
    dry_run: bool = False

    def run(self, action: Propose) -> Proposed:
        """Evaluate, check and publish. Raises what the action and the checks raise, MH-PROP-006, and what pushing does.

        InvalidInputError carries every error that the patch would bring into the fleet.
        """
        if self.branch is not None:
            self._check(self.branch)
        for attempt in range(1, self.retry.attempts + 1):
            try:
                return self._once(action)
            except BranchMovedError:
                if attempt == self.retry.attempts:
                    raise
                self.retry.pause(attempt)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, action: Propose) -> Proposed:
        outcome = self._evaluated(action)
        proposal = outcome.proposal
        made = self._preview(proposal)
        if outcome.status is ActionStatus.HOLDS:
            return Proposed(Status.HOLDS, proposal, made, "")
        branch = self.branch or branch_for(proposal.edit.instances[0], action.patch)
        self._check(branch)
        if self.dry_run:
            return Proposed(Status.DRY_RUN, proposal, made, branch)
        with self.repository.lock():
            there = self.repository.tip(branch)
            if there is not None and self._is_it(there, proposal, branch):
                return Proposed(
                    Status.ALREADY, proposal, made, branch, there, pushed=self.repository.location is not None
                )
            draft = Draft(proposal.base.commit, proposal.message, proposal.edit.files)
            commit = self.repository.build(draft)
            pushed = self.repository.publish(commit, branch, replaces=there)
        return Proposed(Status.PROPOSED, proposal, made, branch, commit, pushed=pushed)

    def _evaluated(self, action: Propose) -> Outcome:
        runner = Runner(
            target=_Followed(self.repository),
            rules=self.rules,
            now=self.now,
            retry=self.retry,
            confirm=lambda _proposal: None,
            why=self.why,
            dry_run=True,
        )
        return runner.run(action)

    def _preview(self, proposal: Proposal) -> Preview:
        base = ComparedBase(self.repository.onto, proposal.base.commit)
        return preview(compared(base, proposal.before, proposal.after), rules=self.rules, now=self.now, source=None)

    def _check(self, branch: str) -> None:
        if branch.casefold() in {name.casefold() for name in self.repository.guarded}:
            raise StallingError(
                GUARDED,
                f"a proposal never goes to '{branch}', which is followed, checked out, or somebody's main branch",
                fix="Leave out --branch: every proposal has a branch of its own",
            )

    def _is_it(self, there: str, proposal: Proposal, branch: str) -> bool:
        """Whether the branch says just this. Raises MH-PROP-007 where it holds what is not a single proposal's."""
        found = self.repository.commit(there)
        proposes = found.trailers.get(ACTION_TRAILER.lower()) == ("propose",) and len(found.parents) == 1
        if not proposes or not self.repository.is_ancestor(found.parents[0], proposal.base.commit):
            raise StallingError(
                TAKEN,
                f"the branch '{branch}' holds more than this one proposal, and none of it is overwritten",
                fix="Look at what is on it; propose to another with --branch",
            )
        files = self.repository.snapshot(there).files
        same = all(path in files and files[path].content == wanted for path, wanted in proposal.edit.files.items())
        return same and found.parents[0] == proposal.base.commit


@dataclass(frozen=True, slots=True)
class _Followed:
    """The followed branch as a CommitTarget that is only read: proposals are evaluated on it."""

    repository: ProposalRepository

    @property
    def label(self) -> str:
        return self.repository.label

    @property
    def branch(self) -> str:
        return self.repository.onto

    def committer(self) -> str:
        return self.repository.committer()

    def lock(self) -> contextlib.AbstractContextManager[None]:
        return self.repository.lock()

    def base(self) -> Base:
        return Base(self.repository.base())

    def snapshot(self, commit: str) -> Snapshot:
        return self.repository.snapshot(commit)

    def check(self, names: object) -> None:
        """Nothing is edited where it lies."""

    def build(self, draft: Draft) -> str:
        raise AssertionError(f"a proposal is not built on {self.branch}: {draft.base}")

    def land(self, commit: str) -> Landed:
        raise AssertionError(f"a proposal never lands on {self.branch}: {commit}")
