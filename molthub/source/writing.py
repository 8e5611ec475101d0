"""Makes commits: for `init`, the direct commands' trail, the demo and the tests. The only user of GitPython; the
controller never writes to Git.

Built in the index by GitPython and not by `git commit`: no hook runs and no filter touches the content.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import git
from git.exc import GitError

from molthub.errors import StallingError
from molthub.source.locations import check_ref, parse_location
from molthub.source.network import explained
from molthub.source.process import Git, GitFailedError, is_foreign, printable, require_git


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


def author_of(path: Path) -> Author:
    """Who commits in the repository at the path: GIT_AUTHOR_NAME and _EMAIL, else git's settings. Raises MH-GIT-026."""
    git_dir = _git_dir(path)

    def said(variable: str, setting: str) -> str:
        try:
            known = Git(git_dir=git_dir).run("config", "--get", setting).decode("utf-8", "replace").strip()
        except GitFailedError:  # it is not set
            known = ""
        return os.environ.get(variable) or known

    author = Author(said("GIT_AUTHOR_NAME", "user.name"), said("GIT_AUTHOR_EMAIL", "user.email"))
    if not author.name or not author.email:
        raise StallingError(
            "MH-GIT-026",
            "Git does not know who you are, so nothing can be committed in your name",
            fix="Run `git config user.name` and `git config user.email`",
        )
    return author


def check_committable(path: Path, names: Iterable[str] = ()) -> None:
    """Raise MH-GIT-027 when a commit of these files would carry something else along: what is staged, or edited there.

    names: paths relative to the repository's root
    """
    reading = Git(git_dir=_git_dir(path), work_tree=path)
    try:
        reading.run("rev-parse", "--verify", "--quiet", "HEAD")
    except GitFailedError as error:
        raise StallingError(
            "MH-GIT-027", f"{path} has no commit yet", fix="Commit your manifests first, or say --no-commit"
        ) from error
    staged = reading.run("diff-index", "--cached", "--name-only", "-z", "--no-ext-diff", "HEAD", "--")
    if staged:
        first = staged.split(b"\0")[0].decode("utf-8", "replace")
        raise StallingError(
            "MH-GIT-027",
            f"{printable(first)} is staged, and would be committed along",
            fix="Commit or unstage it first, or say --no-commit",
        )
    for name in names:
        committed = reading.run("cat-file", "blob", f"HEAD:{name}") if _is_committed(reading, name) else None
        if committed != (path / name).read_bytes():
            raise StallingError(
                "MH-GIT-027",
                f"{name} has uncommitted changes, which would be committed along",
                fix="Commit or undo them first, or say --no-commit",
            )


def _is_committed(reading: Git, name: str) -> bool:
    return bool(reading.run("ls-tree", "-z", "--name-only", "HEAD", "--", f":(literal,top){name}"))


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
