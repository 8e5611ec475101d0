"""Reads the YAML files of a working tree as they lie there: tracked, and untracked but not ignored.

Whether it is dirty is judged by our own hashes of what was read, against HEAD: `git status` would run the clean filters
that the repository's attributes name.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from molthub.errors import Diagnostic
from molthub.source import trees
from molthub.source.objects import ObjectReader, sorted_refusals
from molthub.source.types import FileEntry, Snapshot

_SHA1_LENGTH = 40


@dataclass(slots=True)
class WorkingTree:
    """One reading of one working tree. root: its top directory; head: HEAD's commit, None while there is none."""

    root: Path
    reader: ObjectReader
    head: str | None
    refused: list[Diagnostic] = field(default_factory=list)
    files: dict[str, FileEntry] = field(default_factory=dict)

    def read(self) -> Snapshot:
        staged = trees.parse_index(self.reader.read("ls-files", "--stage", "-z"))
        others = self.reader.read("ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
        index = {entry.path: entry for entry in staged}
        names = sorted({*index, *filter(None, others)})
        directories = trees.parents_of(names)
        for path in names:
            if (entry := index.get(path)) is not None and entry.mode == trees.MODE_SUBMODULE:
                self.refused.append(trees.refuse_submodule(path))
            else:
                self._take(path, directories)
        self._refuse_pointers(index)
        return Snapshot(
            commit=None, files=self.files, refused=sorted_refusals(self.refused), dirty=self._differs_from_head()
        )

    def _take(self, path: bytes, directories: frozenset[bytes]) -> None:
        place = os.path.join(os.fsencode(self.root), path)  # noqa: PTH118 (bytes: the name may not be UTF-8)
        if path.endswith(b"/"):  # an untracked repository inside this one
            self.refused.append(trees.refuse_submodule(path.rstrip(b"/")))
        elif self._below_a_link(path):
            if path.endswith((b".yaml", b".yml")):
                self._refuse(trees.refuse_symlink(path, b"/", directories))
        elif os.path.islink(place):  # noqa: PTH114
            target = os.readlink(place)  # noqa: PTH115
            self._refuse(trees.refuse_symlink(path, target, directories))
        elif path.endswith((b".yaml", b".yml")):
            self._read_file(path, place)

    def _below_a_link(self, path: bytes) -> bool:
        root = os.fsencode(self.root)
        parents = sorted(trees.parents_of([path]))
        return any(os.path.islink(os.path.join(root, parent)) for parent in parents)  # noqa: PTH114, PTH118

    def _read_file(self, path: bytes, place: bytes) -> None:
        if odd := trees.odd_name(path):
            self.refused.append(odd)
            return
        try:
            content, size = _read_regular(place)
        except FileNotFoundError:
            return  # tracked and removed from disk: absent, and HEAD says so
        except OSError as error:
            self._refuse(unreadable(path, error))
            return
        if size is None:
            self._refuse(trees.refuse_special(path))
        elif content is None:
            self._refuse(trees.refuse_large(path, size))
        elif trees.is_lfs_pointer(content):
            self._refuse(trees.refuse_lfs(path))
        else:
            name = path.decode("utf-8")
            self.files[name] = FileEntry(path=name, oid="", content=content)

    def _refuse(self, diagnostic: Diagnostic | None) -> None:
        if diagnostic is not None:
            self.refused.append(diagnostic)

    def _refuse_pointers(self, index: dict[bytes, trees.Entry]) -> None:
        """Refuse what lies here in full but is staged as an LFS pointer, as the commit will be refused."""
        changed = {
            name: index[name.encode()].oid
            for name, file in self.files.items()
            if name.encode() in index and blob_id(file.content, index[name.encode()].oid) != index[name.encode()].oid
        }
        staged = self.reader.blobs(tuple(set(changed.values())))
        for name, oid in changed.items():
            content = staged[oid][0]
            if content is not None and trees.is_lfs_pointer(content):
                del self.files[name]
                self.refused.append(trees.refuse_lfs(name.encode()))

    def _differs_from_head(self) -> bool:
        committed = self.reader.yaml_oids(self.head) if self.head is not None else {}
        present = {name.encode(): file.content for name, file in self.files.items()}
        if committed.keys() != present.keys():
            return True
        return any(blob_id(present[path], oid) != oid for path, oid in committed.items())


def unreadable(path: bytes, error: OSError) -> Diagnostic:
    """MH-GIT-025 for a file that cannot be opened; one whose parent turned into a link meanwhile counts too."""
    refusal = trees.refuse_special(path)
    return Diagnostic(
        ref=refusal.ref,
        message=f"the file cannot be read: {(error.strerror or 'unknown reason').lower()}",
        location=refusal.location,
        fix="Make it readable, or remove it",
    )


def blob_id(content: bytes, like: str) -> str:
    """Git's id of the content as a blob, in the hash that `like` is written in (SHA-1 or SHA-256)."""
    name = "sha1" if len(like) == _SHA1_LENGTH else "sha256"
    return hashlib.new(name, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _read_regular(place: bytes) -> tuple[bytes | None, int | None]:
    """Content and size; content None when over MAX_FILE, both None when it is no regular file. Never follows a link."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return None, None
        raise
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return None, None
        content = file.read(trees.MAX_FILE + 1)
        return (content, len(content)) if len(content) <= trees.MAX_FILE else (None, max(state.st_size, len(content)))
