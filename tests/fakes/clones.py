"""A bare repository and clones of it, as two people would have them. Few processes: a test pays for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from molthub.source.opening import open_target
from molthub.source.target import CommitTarget
from tests.fakes.git_repositories import git

FILES: Mapping[str, bytes] = {"a.yaml": b"a: 1\n", "b.yaml": b"b: 1\n", "dir/c.yaml": b"c: 1\n"}


class Origin:
    """A bare repository with one commit on `main`, and what it says."""

    def __init__(self, folder: Path, files: Mapping[str, bytes] = FILES) -> None:
        self.folder = folder
        self.path = folder / "origin.git"
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(self.path))
        stream = [b"commit refs/heads/main\ncommitter Ana <ana@example.com> 1767258000 +0000\ndata 5\nBegin\n"]
        stream += [b"M 100644 inline %s\ndata %d\n%s\n" % (n.encode(), len(c), c) for n, c in files.items()]
        git(self.path, "fast-import", "--quiet", stdin=b"".join(stream))

    def clone(self, name: str, *, person: str = "Ana") -> Path:
        """Somebody's clone, with `main` checked out and a name to commit with."""
        path = self.folder / name
        git(self.folder, "clone", "--quiet", "--template=", str(self.path), str(path))
        with (path / ".git" / "config").open("a") as config:
            config.write(f"[user]\n\tname = {person}\n\temail = {person.lower()}@example.com\n")
        return path

    def commit(self, files: Mapping[str, bytes], *, branch: str = "main", message: str = "Somebody else's") -> str:
        """Another commit on top, made by nobody's clone."""
        stream = [
            b"commit refs/heads/%s\ncommitter Bob <bob@example.com> 1767258000 +0000\ndata %d\n%s\n"
            % (branch.encode(), len(message), message.encode()),
            b"from refs/heads/%s^0\n" % branch.encode(),
        ]
        stream += [b"M 100644 inline %s\ndata %d\n%s\n" % (n.encode(), len(c), c) for n, c in files.items()]
        git(self.path, "fast-import", "--quiet", stdin=b"".join(stream))
        return self.tip(branch)

    def tip(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", f"refs/heads/{branch}")

    def subjects(self, branch: str = "main") -> list[str]:
        """Oldest first."""
        return git(self.path, "log", "--reverse", "--format=%s", branch).splitlines()

    def read(self, path: str, branch: str = "main") -> str:
        return git(self.path, "show", f"{branch}:{path}")


def target(clone: Path, *, branch: str | None = None, push: bool = True) -> CommitTarget:
    return open_target(str(clone), branch=branch, push=push, cache_dir=clone.parent / "cache")


def hook(repository: Path, name: str, script: str) -> None:
    """A hook of a bare repository, where a code host would have its rules."""
    place = repository / "hooks" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(place, 0o755)  # noqa: PTH101
