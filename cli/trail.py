"""The trail that direct commands leave: a commit that says in a trailer what was done to the cloud, empty if need be.

So the history of the fleet repository tells everything that ever happened, whoever did it and whatever with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.errors import MolthubError, StallingError


@dataclass(frozen=True, slots=True)
class Trail:
    """Where commits go. root: the top of the working tree; None when --no-commit was said."""

    root: Path | None
    term: Terminal

    def check(self, files: Iterable[str] = ()) -> None:
        """Raise before anything is done when the commit could not be made afterwards (MH-GIT-026, -027)."""
        if self.root is not None:
            from molthub.source.writing import author_of, check_committable

            author_of(self.root)
            check_committable(self.root, files)

    def leave(self, subject: str, trailers: Mapping[str, str], files: Mapping[str, bytes] | None = None) -> str | None:
        """Commit; the full hash. Without a trail a warning instead, and None. Raises MH-CLI-021 when it fails."""
        if self.root is None:
            self.term.say("Not committed (--no-commit), so the history does not tell of it.")
            return None
        from molthub.source.writing import author_of, commit_files

        lines = "\n".join(f"{name}: {text}" for name, text in trailers.items())
        try:
            made = commit_files(self.root, f"{subject}\n\n{lines}\n", dict(files or {}), author=author_of(self.root))
        except MolthubError as error:
            raise StallingError(
                "MH-CLI-021",
                f"it is done, but its trail could not be committed: {error.diagnostic.message}",
                fix=f"Commit it yourself: git commit --allow-empty -m {subject!r} -m {lines!r}",
            ) from error
        self.term.say(f"Committed {made[:12]}: {subject}. Push it when you are ready.")
        return made


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
