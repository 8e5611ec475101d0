"""Opens a fleet repository: a local one is read where it lies, every other through a mirror."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from molthub.errors import StallingError
from molthub.source import changes
from molthub.source.history import FORMAT, parse_log
from molthub.source.locations import Location, check_ref, parse_location, split_revision
from molthub.source.mirror import Mirror
from molthub.source.network import empty_repository, foreign_owner
from molthub.source.objects import CorruptRepositoryError, ObjectReader, UnknownRefError
from molthub.source.process import Git, GitFailedError, require_git
from molthub.source.protocol import FleetSource
from molthub.source.types import CommitChanges, CommitInfo, PathChange, Snapshot
from molthub.source.walking import walk
from molthub.source.worktree import WorkingTree

Answer = TypeVar("Answer")


def open_repository(
    location: str, *, ref: str | None, cache_dir: Path, mirror: bool = False, allow_local: bool = False
) -> FleetSource:
    """The fleet repository at a path or URL. Reads nothing from the network yet.

    location     path of a working repository or a bare one, or an https, ssh or `user@host:path` URL
    ref          branch, tag or full hash to follow, of a local one also steps back (`HEAD~2`)
                 None: HEAD of a local one, the default branch of a remote one
    cache_dir    where mirrors lie
    mirror       read a local path through a mirror too, as the controller does
    allow_local  take `file://` URLs
    Raises MH-GIT-001, -002, -005, -010 or -012.
    """
    place = parse_location(location, allow_local=allow_local)
    if ref is not None:
        split_revision(ref)
    require_git()
    if place.path is None or mirror:
        if ref is not None:
            check_ref(ref)
        if place.path is not None:
            discover(place.path, trusted=True)
        return MirroredRepository(mirror=Mirror(location=place, cache_dir=cache_dir), ref=ref)
    return _local(place, ref)


def origin_of(path: Path) -> str | None:
    """The URL (or path) of the remote `origin` of the repository at the path; None when it has none."""
    git_dir, _ = discover(path, trusted=False)
    try:
        url = Git(git_dir=git_dir).run("config", "--get", "remote.origin.url")
    except GitFailedError:  # it is not set
        return None
    return url.decode("utf-8", "surrogateescape").strip() or None


@dataclass(frozen=True, slots=True)
class _Questions:
    """The reading half of FleetSource over one ObjectReader."""

    reader: ObjectReader
    shallow: Callable[[], bool]

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        for commit in (old, new):
            self.reader.require(commit)
        options = ("-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv")
        answer = self.reader.read("diff-tree", *options, "--end-of-options", old, new)
        return frozenset(path.decode("utf-8", "backslashreplace") for path in answer.split(b"\0") if path)

    def is_ancestor(self, old: str, new: str) -> bool:
        if self.reader.lookup((old,)) == (None,):
            return self._not_found(old)
        self.reader.require(new)
        try:
            self.reader.git.run("merge-base", "--is-ancestor", "--end-of-options", old, new)
        except GitFailedError as error:
            if error.code != 1:
                raise CorruptRepositoryError(self.reader.label) from error
            return self._not_found(old)
        return True

    def merge_base(self, one: str, other: str) -> str | None:
        """Of several best ones (criss-cross merges) the first that Git names: it takes it for three-way diffs, too."""
        for commit in (one, other):
            self.reader.require(commit)
        if self.shallow():
            raise _shallow(self.reader.label)
        try:
            answer = self.reader.git.run("merge-base", "--end-of-options", one, other)
        except GitFailedError as error:
            if error.code != 1:
                raise CorruptRepositoryError(self.reader.label) from error
            return None
        return answer.decode("ascii").split()[0]

    def commit(self, sha: str) -> CommitInfo:
        self.reader.require(sha)
        return parse_log(self.reader.read("log", "--no-walk", "-z", FORMAT, "--end-of-options", sha))[0]

    def commits_between(self, old: str | None, new: str) -> tuple[CommitInfo, ...]:
        self.reader.require(new)
        if old is not None:
            self.reader.require(old)
        if self.shallow() and (old is None or not self.is_ancestor(old, new)):
            raise _shallow(self.reader.label)
        bounds = (new,) if old is None else (new, f"^{old}")
        return parse_log(self.reader.read("log", "--topo-order", "-z", FORMAT, "--end-of-options", *bounds))

    def walk(self, head: str, known: Collection[str]) -> tuple[CommitChanges, ...]:
        self.reader.require(head)
        if self.shallow():
            raise _shallow(self.reader.label)
        wanted = tuple(known)
        here = self.reader.lookup(wanted) if wanted else ()
        return walk(self.reader, head, tuple(sha for sha, found in zip(wanted, here, strict=True) if found == sha))

    def contents(self, oids: Collection[str]) -> Mapping[str, bytes | None]:
        return {oid: content for oid, (content, _) in self.reader.blobs(tuple(oids)).items()}

    def ancestry(self, head: str) -> Mapping[str, tuple[str, ...]]:
        if self.shallow():
            raise _shallow(self.reader.label)
        return changes.ancestry(self.reader, head)

    def yaml_ids(self, commit: str) -> Mapping[str, str]:
        found = self.reader.yaml_oids(self.reader.require(commit))
        return {path.decode("utf-8", "backslashreplace"): oid for path, oid in found.items()}

    def _not_found(self, commit: str) -> bool:
        """No: unless the history that would hold it was cut off."""
        if self.shallow():
            raise _shallow(self.reader.label, commit)
        return False


@dataclass(frozen=True, slots=True)
class LocalRepository:
    """A repository on this machine, read where it lies; nothing in it is written. A FleetSource."""

    label: str
    ref: str | None
    reader: ObjectReader
    root: Path | None

    def poll(self) -> str:
        if self.ref is not None:
            return self.reader.resolve(self.ref)
        commit = self._head()
        if commit is None:
            raise self._unborn()
        return commit

    def fetch(self) -> str:
        return self.poll()

    def resolve(self, ref: str) -> str:
        return self.reader.resolve(ref)

    def snapshot(self, commit: str) -> Snapshot:
        return self.reader.snapshot(commit)

    def working_tree(self) -> Snapshot:
        if self.root is None:
            raise _no_working_tree(self.label)
        return WorkingTree(root=self.root, reader=self.reader, head=self._head()).read()

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        return self._questions.changed_paths(old, new)

    def contains(self, commit: str) -> bool:
        return self._questions.is_ancestor(commit, self.poll())

    def is_ancestor(self, old: str, new: str) -> bool:
        return self._questions.is_ancestor(old, new)

    def merge_base(self, one: str, other: str) -> str | None:
        return self._questions.merge_base(one, other)

    def commit(self, sha: str) -> CommitInfo:
        return self._questions.commit(sha)

    def commits_between(self, old: str | None, new: str) -> tuple[CommitInfo, ...]:
        return self._questions.commits_between(old, new)

    def commit_objects(self, shas: Iterable[str]) -> Mapping[str, bytes | None]:
        return self.reader.commit_objects(shas)

    def walk(self, head: str, known: Collection[str]) -> tuple[CommitChanges, ...]:
        return self._questions.walk(head, known)

    def contents(self, oids: Collection[str]) -> Mapping[str, bytes | None]:
        return self._questions.contents(oids)

    def ancestry(self, head: str) -> Mapping[str, tuple[str, ...]]:
        return self._questions.ancestry(head)

    def touching(self, path: str, head: str) -> tuple[str, ...]:
        return changes.touching(self.reader, path, head)

    def commit_infos(self, shas: Sequence[str]) -> tuple[CommitInfo, ...]:
        return changes.commit_infos(self.reader, shas)

    def path_changes(self, commits: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[PathChange, ...]]:
        return changes.path_changes(self.reader, commits)

    def yaml_ids(self, commit: str) -> Mapping[str, str]:
        return self._questions.yaml_ids(commit)

    def file_at(self, commit: str, path: str) -> bytes | None:
        return self.reader.file_at(commit, path)

    def _head(self) -> str | None:
        return self.reader.lookup(("HEAD",))[0]

    def _unborn(self) -> StallingError:
        if not self.reader.read("for-each-ref", "--count=1"):
            return empty_repository(self.label)
        return StallingError(
            "MH-GIT-007", f"the branch checked out in {self.label} has no commit", fix="Commit, or name one with --ref"
        )

    @property
    def _questions(self) -> _Questions:
        return _Questions(reader=self.reader, shallow=lambda: _is_shallow(self.reader))


@dataclass(slots=True)
class MirroredRepository:
    """A repository read through a bare mirror, which is cloned when first needed and heals itself. A FleetSource."""

    mirror: Mirror
    ref: str | None
    _followed: str | None = field(default=None, init=False)

    @property
    def label(self) -> str:
        return self.mirror.location.label

    def poll(self) -> str:
        self._followed, commit = self.mirror.remote.poll(self.ref)
        return commit

    def fetch(self) -> str:
        """Bring the mirror up to date; the hash is what the mirror holds, which may be newer than the last poll's."""
        self.poll()
        self.mirror.update()
        return self._tip()

    def resolve(self, ref: str) -> str:
        if ref == "HEAD":
            return self._tip()
        return self._reading(lambda reader: reader.resolve(ref))

    def snapshot(self, commit: str) -> Snapshot:
        return self._reading(lambda reader: reader.snapshot(commit))

    def working_tree(self) -> Snapshot:
        raise _no_working_tree(self.label)

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        return self._asking(lambda questions: questions.changed_paths(old, new))

    def contains(self, commit: str) -> bool:
        tip = self._tip()
        return self._asking(lambda questions: questions.is_ancestor(commit, tip))

    def is_ancestor(self, old: str, new: str) -> bool:
        return self._asking(lambda questions: questions.is_ancestor(old, new))

    def merge_base(self, one: str, other: str) -> str | None:
        return self._asking(lambda questions: questions.merge_base(one, other))

    def commit(self, sha: str) -> CommitInfo:
        return self._asking(lambda questions: questions.commit(sha))

    def commits_between(self, old: str | None, new: str) -> tuple[CommitInfo, ...]:
        return self._asking(lambda questions: questions.commits_between(old, new))

    def commit_objects(self, shas: Iterable[str]) -> Mapping[str, bytes | None]:
        wanted = tuple(shas)
        return self._reading(lambda reader: reader.commit_objects(wanted))

    def walk(self, head: str, known: Collection[str]) -> tuple[CommitChanges, ...]:
        return self._asking(lambda questions: questions.walk(head, known))

    def contents(self, oids: Collection[str]) -> Mapping[str, bytes | None]:
        return self._asking(lambda questions: questions.contents(oids))

    def ancestry(self, head: str) -> Mapping[str, tuple[str, ...]]:
        return self._asking(lambda questions: questions.ancestry(head))

    def touching(self, path: str, head: str) -> tuple[str, ...]:
        return self._reading(lambda reader: changes.touching(reader, path, head))

    def commit_infos(self, shas: Sequence[str]) -> tuple[CommitInfo, ...]:
        return self._reading(lambda reader: changes.commit_infos(reader, shas))

    def path_changes(self, commits: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[PathChange, ...]]:
        wanted = tuple(commits)
        return self._reading(lambda reader: changes.path_changes(reader, wanted))

    def yaml_ids(self, commit: str) -> Mapping[str, str]:
        return self._asking(lambda questions: questions.yaml_ids(commit))

    def file_at(self, commit: str, path: str) -> bytes | None:
        return self._reading(lambda reader: reader.file_at(commit, path))

    def _tip(self) -> str:
        """What the mirror holds for the followed ref; cloned again when the remote has it and the mirror lost it."""
        if self._followed is None:
            self.poll()
        followed = self._followed or "HEAD"
        found = self._reading(lambda reader: reader.lookup((followed,)))[0]
        if found is None:
            self.mirror.replace()
            found = self.mirror.reader.lookup((followed,))[0]
        if found is None:
            raise UnknownRefError(self.ref or followed, self.label)
        return found

    def _asking(self, question: Callable[[_Questions], Answer]) -> Answer:
        return self._reading(lambda reader: question(_Questions(reader=reader, shallow=lambda: _is_shallow(reader))))

    def _reading(self, question: Callable[[ObjectReader], Answer]) -> Answer:
        """Ask the mirror; when it turns out damaged, make it anew and ask once more."""
        self.mirror.ensure()
        try:
            return question(self.mirror.reader)
        except CorruptRepositoryError:
            self.mirror.replace()
        except UnknownRefError:
            if self._followed is None or self.mirror.reader.lookup((self._followed,)) != (None,):
                raise
            self.mirror.replace()  # it held the followed ref once: objects are lost
        return question(self.mirror.reader)


def _local(place: Location, ref: str | None) -> LocalRepository:
    assert place.path is not None
    git_dir, root = discover(place.path, trusted=False)
    reader = ObjectReader(git=Git(git_dir=git_dir, work_tree=root), label=place.label)
    return LocalRepository(label=place.label, ref=ref, reader=reader, root=root)


def discover(path: Path, *, trusted: bool) -> tuple[Path, Path | None]:
    """The git directory and the top of the working tree (None when bare) of the repository that holds the path."""
    if not path.is_dir():
        raise StallingError("MH-GIT-002", f"there is no directory {path}", fix="Name a repository's directory")
    config = (("safe.directory", "*"),) if trusted else ()
    try:
        answer = Git(start=path, config=config).run(
            "rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--absolute-git-dir"
        )
        bare, inside, git_dir = answer.decode("utf-8", "surrogateescape").splitlines()[:3]
        if bare == "true" or inside != "true":
            return Path(git_dir), None
        top = Git(start=path, config=config).run("rev-parse", "--show-toplevel")
    except GitFailedError as error:
        if "dubious ownership" in error.stderr:
            raise foreign_owner(str(path)) from error
        raise StallingError(
            "MH-GIT-002",
            f"{path} is not a Git repository",
            fix="Name one with --repo, or start a fleet repository there with `molthub init`",
        ) from error
    return Path(git_dir), Path(top.decode("utf-8", "surrogateescape").removesuffix("\n"))


def _is_shallow(reader: ObjectReader) -> bool:
    return reader.read("rev-parse", "--is-shallow-repository").strip() == b"true"


def _shallow(label: str, commit: str | None = None) -> StallingError:
    why = f"cannot be told whether it holds {commit[:12]}" if commit else "its history is needed"
    return StallingError(
        "MH-GIT-008", f"{label} is a shallow clone, and {why}", fix="Run 'git fetch --unshallow' there"
    )


def _no_working_tree(label: str) -> StallingError:
    return StallingError(
        "MH-GIT-011", f"{label} has no working tree to read", fix="Name a commit with --ref, or a path with --repo"
    )
