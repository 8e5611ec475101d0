"""Reads Git's objects: names to hashes, trees to YAML files, commits to values. One repository, any number of threads.

Each call runs its own short `cat-file --batch` over exactly the objects it wants; nothing is shared between calls.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from molthub.errors import Diagnostic, MolthubError, StallingError
from molthub.source import trees
from molthub.source.locations import check_hash, is_full_hash, is_short_hash, split_revision
from molthub.source.process import Git, GitFailedError
from molthub.source.types import FileEntry, Snapshot

_CHUNK = 1024 * 1024

_SIGNS_OF_DAMAGE = (
    *("corrupt", "bad object", "packfile", "unable to read", "loose object", "is empty", "missing", "broken"),
    "not a git repository",  # it was one when it was opened
)

CORRUPT_FIX = "Run 'git fsck' there; clone it again if it reports damage"


class CorruptRepositoryError(StallingError):
    """MH-GIT-009: objects are missing or damaged. A mirror heals itself from it; anything else needs a person."""

    def __init__(self, label: str) -> None:
        super().__init__("MH-GIT-009", f"the repository {label} is damaged", fix=CORRUPT_FIX)


class UnknownRefError(StallingError):
    """MH-GIT-006: no branch, tag or commit of that name."""

    def __init__(self, ref: str, label: str) -> None:
        super().__init__(
            "MH-GIT-006",
            f"{label} holds no branch, tag or commit '{ref}'",
            fix="Check the name; push the branch, or give another with --ref",
        )


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """git: the repository; label: its name in errors."""

    git: Git
    label: str

    def lookup(self, names: Sequence[str]) -> tuple[str | None, ...]:
        """Each name's commit hash, or None where there is none. One process, names never read as options."""
        wanted = "".join(f"{name}^{{commit}}\n" for name in names)
        with self._batch("--batch-check", wanted) as output:
            lines = output.read().decode("utf-8", "replace").splitlines()
        parts = [line.split(" ") for line in lines]
        return tuple(part[0] if part[1:2] == ["commit"] and is_full_hash(part[0]) else None for part in parts)

    def resolve(self, ref: str) -> str:
        """A branch, tag, `refs/…` or hash, and steps back from it (`HEAD~2`), to a full hash; a branch wins over a tag
        of its name. Raises MH-GIT-005, -006."""
        ref, steps = split_revision(ref)
        named = (ref,) if ref == "HEAD" or ref.startswith("refs/") else (f"refs/heads/{ref}", f"refs/tags/{ref}")
        remote = () if ref.startswith("refs/") else (f"refs/remotes/{ref}",)
        hashes = (ref,) if is_short_hash(ref) else ()
        order = hashes if is_full_hash(ref) else (*named, *remote, *hashes)
        for found in self.lookup(order):
            if found is not None:
                return self._back(found, steps) if steps else found
        raise UnknownRefError(ref, self.label)

    def _back(self, commit: str, steps: str) -> str:
        earlier = self.lookup((f"{commit}{steps}",))[0]
        if earlier is None:
            raise UnknownRefError(f"{commit[:12]}{steps}", self.label)
        return earlier

    def require(self, commit: str) -> str:
        """The hash itself when the repository holds that commit. Raises MH-GIT-005 or MH-GIT-006."""
        check_hash(commit)
        if self.lookup((commit,)) == (None,):
            raise UnknownRefError(commit, self.label)
        return commit

    def snapshot(self, commit: str) -> Snapshot:
        """The YAML files of a commit: one `ls-tree`, one `cat-file --batch`."""
        check_hash(commit)
        listing = self._tree(commit)
        refused: list[Diagnostic] = []
        wanted = self._judge_entries(listing, refused)
        contents = self.blobs(tuple({entry.oid for entry in wanted}))
        files: dict[str, FileEntry] = {}
        for entry in wanted:
            content, size = contents[entry.oid]
            if content is None:
                refused.append(trees.refuse_large(entry.path, size))
            elif trees.is_lfs_pointer(content):
                refused.append(trees.refuse_lfs(entry.path))
            else:
                path = entry.path.decode("utf-8")
                files[path] = FileEntry(path=path, oid=entry.oid, content=content)
        return Snapshot(commit=commit, files=files, refused=sorted_refusals(refused))

    def yaml_oids(self, commit: str) -> dict[bytes, str]:
        """Path → blob id of the regular YAML files of a commit."""
        wanted = (entry for entry in self._tree(commit) if entry.is_yaml and entry.mode.startswith("100"))
        return {entry.path: entry.oid for entry in wanted}

    def blobs(self, oids: Sequence[str]) -> Mapping[str, tuple[bytes | None, int]]:
        """Each blob's content and size in bytes; content None where it is larger than MAX_FILE."""
        found: dict[str, tuple[bytes | None, int]] = {}
        if not oids:
            return found
        with self._batch("--batch", "".join(f"{oid}\n" for oid in oids)) as output:
            for oid in oids:
                found[oid] = self._object(output, oid, b"blob")
        return found

    def commit_objects(self, shas: Iterable[str]) -> dict[str, bytes | None]:
        """Each commit's own bytes, in one process; None where there are more than MAX_FILE."""
        wanted = [check_hash(sha) for sha in shas]
        found: dict[str, bytes | None] = {}
        if wanted:
            with self._batch("--batch", "".join(f"{sha}\n" for sha in wanted)) as output:
                for sha in wanted:
                    found[sha] = self._object(output, sha, b"commit")[0]
        return found

    def file_at(self, commit: str, path: str) -> bytes | None:
        """One file of a commit; None where there is none, or it is too large. path: one of ours, not from outside."""
        check_hash(commit)
        with self._batch("--batch-check", f"{commit}:{path}\n") as output:
            found = output.readline().split()
        if len(found) != 3 or found[1] != b"blob":  # noqa: PLR2004
            return None
        oid = found[0].decode()
        return self.blobs((oid,))[oid][0]

    def read(self, *args: str) -> bytes:
        """Output of a reading command; a damaged repository is told from every other failure."""
        with self._damage():
            return self.git.run(*args)

    def _tree(self, commit: str) -> tuple[trees.Entry, ...]:
        try:
            return trees.parse_tree(self.git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit))
        except GitFailedError as error:
            self.require(commit)
            raise CorruptRepositoryError(self.label) from error

    def _judge_entries(self, entries: Sequence[trees.Entry], refused: list[Diagnostic]) -> list[trees.Entry]:
        """The entries to read; what is refused without reading it goes to `refused`."""
        links = [entry for entry in entries if entry.mode == trees.MODE_SYMLINK]
        targets = self.blobs(tuple({link.oid for link in links}))
        directories = trees.parents_of(entry.path for entry in entries) if links else frozenset()
        wanted = []
        for entry in entries:
            if entry.mode == trees.MODE_SUBMODULE:
                refused.append(trees.refuse_submodule(entry.path))
            elif entry.mode == trees.MODE_SYMLINK:
                target = targets[entry.oid][0] or b"/"
                refused.extend(filter(None, [trees.refuse_symlink(entry.path, target, directories)]))
            elif entry.is_yaml:
                if odd := trees.odd_name(entry.path):
                    refused.append(odd)
                else:
                    wanted.append(entry)
        return wanted

    def _object(self, output: IO[bytes], oid: str, kind: bytes) -> tuple[bytes | None, int]:
        header = output.readline().split()
        if len(header) != 3 or header[0] != oid.encode() or header[1] != kind:  # noqa: PLR2004
            raise CorruptRepositoryError(self.label)
        size = int(header[2])
        content = None
        if size <= trees.MAX_FILE:
            content = output.read(size)
        else:
            _skip(output, size)
        if output.read(1) != b"\n":
            raise CorruptRepositoryError(self.label)
        return content, size

    @contextlib.contextmanager
    def _batch(self, mode: str, requests: str) -> Iterator[IO[bytes]]:
        """A `cat-file` that answers the requests; from a file, so that neither side can wait for the other."""
        with tempfile.TemporaryFile() as stdin, self._damage():
            stdin.write(requests.encode("utf-8", "surrogateescape"))
            stdin.seek(0)
            with self.git.stream("cat-file", mode, "--buffer", stdin=stdin) as output:
                yield output

    @contextlib.contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except GitFailedError as error:
            raise explained_read(error, self.label) from error


def explained_read(error: GitFailedError, label: str) -> MolthubError:
    """What a failed read means: damage, when git speaks of objects or packs; else the failure as it is."""
    return CorruptRepositoryError(label) if any(sign in error.stderr for sign in _SIGNS_OF_DAMAGE) else error


def sorted_refusals(refused: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(refused, key=lambda item: str(item.location)))


def _skip(output: IO[bytes], size: int) -> None:
    """Read past a blob without holding it."""
    while size and (read := len(output.read(min(size, _CHUNK)))):
        size -= read
