"""Makes commits in a working tree of one's own: for the demo and the tests. The only user of GitPython.

What people commit to their fleets is made by `building.py`; the controller never writes to Git.

Built in the index by GitPython and not by `git commit`: no hook runs and no filter touches the content.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import git
from git.exc import GitError

from molthub.errors import StallingError
from molthub.source.locations import check_ref, parse_location
from molthub.source.network import explained
from molthub.source.process import Git, GitFailedError, is_foreign, require_git


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a commit."""

    name: str
    email: str


def init_repository(path: Path, *, branch: str = "main", bare: bool = False) -> None:
    """An empty repository at the path (made with its parents); does nothing to one that is there. Runs no template."""
    require_git()
    path.mkdir(parents=True, exist_ok=True)
    options = ("--bare",) if bare else ()
    Git(start=path).run("init", "--quiet", "--template=", f"--initial-branch={check_ref(branch)}", *options)


def commit_files(
    path: Path,
    message: str,
    files: Mapping[str, str | bytes | None],
    *,
    author: Author,
    at: datetime | None = None,
) -> str:
    """Write the files (None removes one) into the working tree and commit them; the new commit's full hash.

    files  paths relative to the repository's root. An empty mapping makes an empty commit.
    at     author's and committer's time; None is now
    Raises MH-GIT-016 for a path that leads out of the repository or through a link.
    """
    with _opened(path) as repo:
        assert repo.working_tree_dir is not None
        root = Path(repo.working_tree_dir)
        removed = [name for name, content in files.items() if content is None]
        for name, content in files.items():
            _place(root, name, content)
        written = [name for name, content in files.items() if content is not None]
        if written:
            repo.index.add(written)
        if removed:
            repo.index.remove(removed)
        actor = git.Actor(author.name, author.email)
        made = repo.index.commit(
            message, author=actor, committer=actor, author_date=at, commit_date=at, skip_hooks=True
        )
        return made.hexsha


def push(path: Path, *, target: str, branch: str = "main", force: bool = False) -> None:
    """Push a branch to a repository by path or URL, without running the pre-push hook. Raises MH-GIT-018 if refused."""
    location = parse_location(target, allow_local=True)
    refspec = f"{'+' if force else ''}refs/heads/{check_ref(branch)}:refs/heads/{branch}"
    online = Git(
        git_dir=_git_dir(path),
        config=(("remote.molthub-push.url", location.target),),
        protocols=location.protocols,
        secrets=location.secrets,
    )
    try:
        online.run("push", "--quiet", "--no-verify", "--end-of-options", "molthub-push", refspec)
    except GitFailedError as error:
        if "rejected" in error.stderr:
            raise StallingError(
                "MH-GIT-018",
                f"{location.label} refused the push of '{branch}': it holds commits that are not here",
                fix="Fetch and merge them first",
            ) from error
        raise explained(error, location.label) from error


def _place(root: Path, name: str, content: str | bytes | None) -> None:
    """Write or remove one file below root, never through a link."""
    parts = Path(name).parts
    inside = bool(parts) and not Path(name).is_absolute() and ".." not in parts and ".git" not in parts
    place = root / name
    if not inside or any((root / Path(*parts[:depth])).is_symlink() for depth in range(1, len(parts) + 1)):
        raise StallingError("MH-GIT-016", f"{name!a} is no path inside the repository", fix="Give a relative path")
    if content is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[git.Repo]:
    """The working repository at the path, closed at the end; GitPython's errors become ours."""
    try:
        with _own_environment(), git.Repo(path) as repo:
            if repo.bare:
                raise StallingError("MH-GIT-011", f"{path} has no working tree to commit from")
            yield repo
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise StallingError("MH-GIT-002", f"{path} is not a Git repository", fix="Run 'git init' there") from error
    except (GitError, OSError, ValueError) as error:
        raise StallingError("MH-GIT-016", f"nothing could be committed in {path}: {_reason(error)}") from error


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Take a surrounding hook's GIT_DIR and the like out of the environment, which GitPython can only add to."""
    foreign = {name: os.environ.pop(name) for name in list(os.environ) if is_foreign(name)}
    try:
        yield
    finally:
        os.environ.update(foreign)


def _reason(error: Exception) -> str:
    return error.strerror or "unknown reason" if isinstance(error, OSError) else type(error).__name__


def _git_dir(path: Path) -> Path:
    with _opened(path) as repo:
        return Path(repo.git_dir)
