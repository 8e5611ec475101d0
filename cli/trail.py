"""The trail of direct commands: a commit that says in its trailers what was done to the cloud, empty if need be.

So the history of the fleet repository tells everything that ever happened, whoever did it and whatever with. It is
made as an action's commit is (`molthub.source.building`): in the person's name, signed when they sign, and it takes
nothing else along. It is not pushed: what else lies unpushed in the clone is the person's to decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.errors import MolthubError, StallingError

if TYPE_CHECKING:
    from molthub.resources.identity import EnvironmentKey, Identity
    from molthub.source.target import CommitTarget

NOT_NOW = ("MH-ACT-011", "MH-ACT-015", "MH-GIT-007")
"""What stands in a commit's way, and would not in that of a command that leaves none."""


@dataclass(frozen=True, slots=True)
class Trail:
    """Where commits go. root: the top of the working tree; None when --no-commit was said."""

    root: Path | None
    term: Terminal

    def check(self, files: Collection[str] = ()) -> None:
        """Raise before anything is done when the commit could not be made afterwards (MH-GIT-026, MH-ACT-011)."""
        if self.root is None:
            return
        target = self._target(self.root)
        target.committer()
        try:
            target.base()
            target.check(files)
        except StallingError as error:
            if error.ref not in NOT_NOW:
                raise
            found = error.diagnostic
            fix = found.fix.partition(", or say")[0]
            raise StallingError(found.ref, found.message, fix=f"{fix}, or say --no-commit") from error

    def allow(self, trailer: str, where: EnvironmentKey) -> None:
        """Raise MH-ACCESS-017 before anything is done in an environment when the trail of it would not count.

        Told by a commit that is made as the trail's would be, signature and all, and put on no branch.
        """
        if self.root is None:
            return
        from molthub.pipeline.access_report import rehearsed
        from molthub.source.building import Draft, message_of

        gate = context.access_gate(context.open_source(str(self.root), None))
        target = self._target(self.root)
        base = target.base().commit
        if gate.at(base).mode == "open":
            return
        tried = target.build(Draft(base, message_of("Rehearsal", "", [(trailer, str(where))]), {}))
        problem = rehearsed(gate.at(tried), tried)
        if problem is not None:
            raise problem

    def leave(
        self,
        subject: str,
        trailers: Mapping[str, str],
        files: Mapping[str, bytes] | None = None,
        *,
        action: str,
        instance: Identity | None = None,
    ) -> str | None:
        """Commit; the full hash. Without a trail a warning instead, and None. Raises MH-CLI-021 when it fails.

        action    value of the trailer `Molthub-Action`
        instance  whose state or secret it was, where it was one's
        """
        if self.root is None:
            self.term.say("Not committed (--no-commit), so the history does not tell of it.")
            return None
        from molthub.pipeline.actions.types import ACTION_TRAILER, INSTANCE_TRAILER
        from molthub.source.building import message_of

        whose = [(INSTANCE_TRAILER, str(instance))] if instance is not None else []
        lines = [(ACTION_TRAILER, action), *whose, *trailers.items()]
        try:
            made = self._commit(self._target(self.root), message_of(subject, "", lines), dict(files or {}))
        except MolthubError as error:
            told = message_of("", "", lines).strip()
            raise StallingError(
                "MH-CLI-021",
                f"it is done, but its trail could not be committed: {error.diagnostic.message}",
                fix=f"Commit it yourself: git commit --allow-empty -m {subject!r} -m {told!r}",
            ) from error
        self.term.say(f"Committed {made[:12]}: {subject}. Push it when you are ready.")
        return made

    def _commit(self, target: CommitTarget, message: str, files: Mapping[str, bytes]) -> str:
        from molthub.source.building import Draft

        with target.lock():
            base = target.base()
            target.check(files.keys())
            made = target.build(Draft(base.commit, message, files))
            target.land(made)
            return made

    def _target(self, root: Path) -> CommitTarget:
        return context.open_target(str(root), branch=None, push=False)


def open_trail(repo: str | None, *, no_commit: bool, term: Terminal) -> Trail:
    """The trail of a fleet repository. Raises MH-CLI-020 for one that cannot be committed to, unless no_commit."""
    if no_commit:
        return Trail(None, term)
    from molthub.cli.disk import repository_top

    where = repo or "."
    top = None if context.is_remote(where) else repository_top(Path(where))
    if top is None:
        raise StallingError(
            "MH-CLI-020",
            f"nothing can be committed in {where}: it has no working tree here",
            fix="Run it in a clone, or say --no-commit to leave no trail",
        )
    return Trail(top, term)
