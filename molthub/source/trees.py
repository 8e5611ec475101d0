"""Which entries of a tree are read and which are refused by name; the same judgement for a commit and on disk.

A fleet repository is somebody else's input: a symlink could lead anywhere on the controller's disk, a submodule is a
tree that this commit does not pin as content, an LFS pointer is not the manifest it stands for.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from molthub.errors import Diagnostic, Location

MAX_FILE = 256 * 1024
"""Bytes of one YAML file: the largest manifest known has 4 KiB, and parsers are attacked with large ones."""

MODE_SYMLINK = "120000"
MODE_SUBMODULE = "160000"

_SUFFIXES = (b".yaml", b".yml")
_LFS_PREFIX = b"version https://git-lfs.github.com/spec/"
_LFS_SIZE = 1024
_SHOWN_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `ls-tree` or `ls-files --stage`; the path is bytes, as Git has it."""

    mode: str
    oid: str
    path: bytes

    @property
    def is_yaml(self) -> bool:
        return self.path.endswith(_SUFFIXES)


def shown(path: bytes) -> str:
    """A path for people: what cannot be printed safely is escaped, and it is never longer than 200 characters."""
    text = path.decode("utf-8", "backslashreplace")
    safe = "".join(char if _is_plain(char) else char.encode("unicode_escape").decode() for char in text)
    return safe if len(safe) <= _SHOWN_LENGTH else f"{safe[:_SHOWN_LENGTH]}…"


def _is_plain(char: str) -> bool:
    # C*: control, format (bidi overrides, zero width), surrogate, private, unassigned; Zl, Zp: line breaks.
    category = unicodedata.category(char)
    return not category.startswith("C") and category not in ("Zl", "Zp")


def odd_name(path: bytes) -> Diagnostic | None:
    """MH-GIT-024 when the path is no plain UTF-8 path below the root; None when it is."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return _refusal("MH-GIT-024", path, "the file name is not UTF-8", "Rename the file.")
    if not all(_is_plain(char) for char in text):
        message = "the file name holds control or invisible characters"
        return _refusal("MH-GIT-024", path, message, "Rename the file.")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in text.split("/")):
        return _refusal("MH-GIT-024", path, "the file name leads out of the repository", "Rename the file.")
    return None


def is_lfs_pointer(content: bytes) -> bool:
    """Whether this is what Git LFS commits in place of a file (git-lfs, docs/spec.md: below 1024 bytes)."""
    return len(content) < _LFS_SIZE and content.startswith(_LFS_PREFIX)


def refuse_symlink(path: bytes, target: bytes, directories: frozenset[bytes]) -> Diagnostic | None:
    """MH-GIT-020 for a symlink that hides manifests: a YAML name, or a target that is or may be a directory.

    A link to a plain file of this repository under another name (`CLAUDE.md`) is nobody's manifest: None.
    directories  every directory of the tree
    """
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    leaves = target.startswith(b"/") or resolved == b".." or resolved.startswith(b"../")
    if not (path.endswith(_SUFFIXES) or leaves or resolved == b"." or resolved in directories):
        return None
    return _refusal(
        "MH-GIT-020", path, "a symbolic link is not followed", "Commit the file itself in place of the link."
    )


def refuse_submodule(path: bytes) -> Diagnostic:
    return _refusal(
        "MH-GIT-021", path, "a submodule is not read", "Commit the manifests here, and remove the submodule."
    )


def refuse_lfs(path: bytes) -> Diagnostic:
    return _refusal(
        "MH-GIT-022", path, "the file is a Git LFS pointer", "Take YAML files out of Git LFS, and commit them plainly."
    )


def refuse_large(path: bytes, size: int) -> Diagnostic:
    message = f"the file has {size} bytes, more than {MAX_FILE}"
    return _refusal("MH-GIT-023", path, message, "Split it: one document a file.")


def refuse_special(path: bytes) -> Diagnostic:
    return _refusal("MH-GIT-025", path, "this is no regular file", "Replace it by a regular file.")


def _refusal(ref: str, path: bytes, message: str, fix: str) -> Diagnostic:
    return Diagnostic(ref=ref, message=message, location=Location(shown(path)), fix=fix)


def parents_of(paths: Iterable[bytes]) -> frozenset[bytes]:
    """Every directory that holds one of the paths, at whatever depth."""
    found: set[bytes] = set()
    for path in paths:
        parent = posixpath.dirname(path)
        while parent and parent not in found:
            found.add(parent)
            parent = posixpath.dirname(parent)
    return frozenset(found)


def parse_tree(listing: bytes) -> tuple[Entry, ...]:
    """`ls-tree -r -z`: `MODE TYPE OID\\tPATH`, each ended by NUL."""
    return tuple(Entry(mode, oid, path) for (mode, _, oid), path in _records(listing))


def parse_index(listing: bytes) -> tuple[Entry, ...]:
    """`ls-files --stage -z`: `MODE OID STAGE\\tPATH`, each ended by NUL; a path in conflict comes up to three times."""
    return tuple(Entry(mode, oid, path) for (mode, oid, _), path in _records(listing))


def _records(listing: bytes) -> Iterator[tuple[list[str], bytes]]:
    for record in listing.split(b"\0"):
        if record:
            head, _, path = record.partition(b"\t")
            yield head.decode("ascii").split(), path
