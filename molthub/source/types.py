"""What Git tells the rest of Molthub, as values. No GitPython object leaves this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from molthub.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One YAML file of a tree. oid: Git's blob id ("" in a working tree), a cache key for its parse."""

    path: str
    oid: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The YAML files of one commit, or of a working tree (commit None).

    refused  entries that are never read: symlinks, submodules, LFS pointers, over-large files, each by name
    """

    commit: str | None
    files: Mapping[str, FileEntry]
    refused: tuple[Diagnostic, ...] = ()
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit, as claimed. trailers: key → values, keys in lower case."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    email: str
    at: datetime
    subject: str
    trailers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FileAt:
    """One side of a change. oid: the blob; regular: False for a link or a submodule, which is never read."""

    oid: str
    regular: bool = True


@dataclass(frozen=True, slots=True)
class PathChange:
    """A YAML file that differs between a commit and its first parent; None where it is not there."""

    path: str
    before: FileAt | None
    after: FileAt | None


@dataclass(frozen=True, slots=True)
class CommitChanges:
    """A commit and the YAML files it changed.

    own  of a merge, the paths that are as in none of its parents: what was made in the merge itself. None: all
    """

    info: CommitInfo
    paths: tuple[PathChange, ...]
    own: frozenset[str] | None = None
