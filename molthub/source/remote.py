"""A branch of a repository by URL (or of a bare one on this machine) as the place where an action's commit goes.

Nobody's clone is needed: the commit is built in the mirror that reads the repository anyway, and pushed from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from molthub.errors import StallingError
from molthub.source.building import Draft, build, committer_of
from molthub.source.filelock import file_lock
from molthub.source.history import recent_commits
from molthub.source.locations import check_ref
from molthub.source.repository import MirroredRepository
from molthub.source.target import Base, Landed, proposed, push_commit
from molthub.source.types import CommitInfo, Snapshot


@dataclass(slots=True)
class RemoteTarget:
    """A CommitTarget without a clone.

    repository  read through its mirror; follows the branch that is the base
    named       the branch asked for with --branch, None for the followed one
    """

    repository: MirroredRepository
    named: str | None

    @property
    def label(self) -> str:
        return self.repository.label

    @property
    def branch(self) -> str:
        return self.named or self._followed()

    def committer(self) -> str:
        self.repository.mirror.ensure()
        return committer_of(self.repository.mirror.reader.git)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        mirror = self.repository.mirror
        mirror.ensure()
        with file_lock(Path(f"{mirror.path}.actions.lock"), what=f"the mirror of {self.label}"):
            yield

    def base(self) -> Base:
        tip = self.repository.fetch()
        if self.named is None:
            return Base(tip)
        there = self.repository.mirror.reader.lookup((f"refs/heads/{check_ref(self.named)}",))[0]
        return Base(there or tip)

    def snapshot(self, commit: str) -> Snapshot:
        return self.repository.snapshot(commit)

    def recent(self, commit: str, limit: int) -> tuple[CommitInfo, ...]:
        return recent_commits(self.repository.mirror.reader.git, commit, limit)

    def check(self, names: Collection[str]) -> None:
        """Nothing lies anywhere here."""

    def build(self, draft: Draft) -> str:
        return build(self.repository.mirror.reader.git, draft)

    def land(self, commit: str) -> Landed:
        mirror = self.repository.mirror
        push_commit(mirror.reader.git, mirror.location, commit, self.branch)
        return Landed(pushed=True, notes=(proposed(self.named),) if self.named is not None else ())

    def _followed(self) -> str:
        ref, _ = self.repository.mirror.remote.poll(self.repository.ref)
        if not ref.startswith("refs/heads/"):
            raise StallingError(
                "MH-ACT-015",
                f"the default branch of {self.label} cannot be told, so the commit has nowhere to go",
                fix="Say --branch NAME",
            )
        return ref.removeprefix("refs/heads/")
