"""Real Git repositories for tests, driven by the git on the PATH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from molthub.source.writing import Author, commit_files, init_repository

ANA = Author("Ana", "ana@example.com")
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ana"), ("EMAIL", "ana@example.com"))
}


def git(path: Path, *args: str, stdin: bytes = b"") -> str:
    """Standard output of git in the repository, without its last line break. Raises when git fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _IDENTITY
    command = ["git", "-c", "protocol.file.allow=always", "-C", str(path), *args]
    done = subprocess.run(command, input=stdin, env=environment, check=True, capture_output=True)
    return done.stdout.decode().rstrip("\n")


def a_repository(path: Path, files: Mapping[str, str | bytes | None] | None = None) -> Path:
    """A working repository with one commit on `main`."""
    init_repository(path)
    commit(path, files if files is not None else {"molthub.yaml": "kind: Fleet\n"})
    return path


def commit(path: Path, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
    """One more commit; its hash."""
    return commit_files(path, message, files, author=ANA)


def commit_entries(path: Path, *lines: tuple[str, str, bytes]) -> str:
    """A commit of exactly these (mode, object id, path) entries, as no checkout could hold them; its hash."""
    listing = b"".join(b"%s %s\t%s\0" % (mode.encode(), oid.encode(), name) for mode, oid, name in lines)
    git(path, "read-tree", "--empty")
    git(path, "update-index", "-z", "--index-info", stdin=listing)
    sha = git(path, "commit-tree", git(path, "write-tree"), "-m", "Entries")
    git(path, "update-ref", "refs/heads/entries", sha)
    git(path, "read-tree", "HEAD")
    return sha


def blob(path: Path, content: bytes) -> str:
    """Store a blob; its id."""
    return git(path, "hash-object", "-w", "--stdin", stdin=content)


def count_git_processes(folder: Path, patch_path: str) -> tuple[Path, str]:
    """A `git` that writes each call to a log and goes on to the real one: (the log, the PATH to use)."""
    log = folder / "calls.log"
    wrapper = folder / "bin" / "git"
    wrapper.parent.mkdir(parents=True)
    real = next(place for part in patch_path.split(os.pathsep) if (place := Path(part) / "git").exists())
    wrapper.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    return log, f"{wrapper.parent}{os.pathsep}{patch_path}"
