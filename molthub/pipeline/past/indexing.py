"""Brings an index up to a head: reads the commits it does not hold, and only the files that they changed.

One `git log` says which files each commit changed; their blobs come in batches and each is parsed once as long as it is
remembered. Commits are kept in chunks, parents first, so a process that dies half way has lost one chunk.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from molthub.history.entries import UNREADABLE, CommitRecord, FilePair, Parsed, entries_of, parse
from molthub.history.hiding import shown
from molthub.history.index import CommitIndex, IndexedCommit
from molthub.manifest.reading import FLEET_PATH
from molthub.source.protocol import FleetSource
from molthub.source.types import CommitChanges, CommitInfo, FileAt

CHUNK = 500
REMEMBERED = 5_000
"""Parsed files kept in memory; a commit's file before is mostly another's file after."""

Tell = Callable[[int, int], None]
"""How many commits are done, and of how many."""


def bring_up(
    source: FleetSource,
    index: CommitIndex,
    head: str,
    *,
    tell: Tell | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Index everything up to head that is not; how many commits were read. Raises MH-GIT-NNN and the index's errors.

    stopping: asked between two chunks; what was read by then is kept, and the head is reached another time.
    """
    known = index.heads()
    if head in known:
        return 0
    walked = source.walk(head, known)
    files, checkpoints = _Files(source), []
    for start in range(0, len(walked), CHUNK):
        if stopping():
            return start
        chunk = walked[start : start + CHUNK]
        held = index.commits([one.info.sha for one in chunk])
        fresh = [one for one in chunk if one.info.sha not in held]
        files.remember(fresh)
        checkpoints.append(chunk[-1].info.sha)
        index.add([_indexed(one, files) for one in fresh], head=checkpoints[-1])
        if tell is not None:
            tell(start + len(chunk), len(walked))
    above = {parent for one in walked for parent in one.info.parents}
    index.add((), head=head, replaces=({*checkpoints} | (above & {*known})) - {head})
    return len(walked)


def _indexed(one: CommitChanges, files: _Files) -> IndexedCommit:
    pairs = [
        FilePair(
            change.path,
            files.parsed(change.path, change.before),
            files.parsed(change.path, change.after),
            own=one.own is None or change.path in one.own,
        )
        for change in one.paths
    ]
    return IndexedCommit(record_of(one.info), entries_of(one.info.sha, pairs))


def record_of(info: CommitInfo) -> CommitRecord:
    """A commit as the index keeps it: nothing in what it says of itself looks like a secret."""
    trailers = {key: tuple(shown(value, ()) for value in values) for key, values in info.trailers.items()}
    subject: str = shown(info.subject, ())
    return CommitRecord(info.sha, info.parents, info.author, info.email, info.at, subject, trailers)


@dataclass(slots=True)
class _Files:
    """Parsed files by blob: the same content is the same document, except that molthub.yaml must be the Fleet."""

    source: FleetSource
    _known: OrderedDict[tuple[str, bool], Parsed | None] = field(default_factory=OrderedDict)

    def remember(self, commits: Sequence[CommitChanges]) -> None:
        """Read and parse what these commits touched, in one batch."""
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        touched = {key: path for path, key in _touched(commits)}
        for key in touched.keys() & self._known.keys():
            self._known.move_to_end(key)
        wanted = {key: path for key, path in touched.items() if key not in self._known}
        contents = self.source.contents(tuple({oid for oid, _ in wanted})) if wanted else {}
        for key, path in wanted.items():
            content = contents[key[0]]
            self._known[key] = UNREADABLE if content is None else parse(path, content)

    def parsed(self, path: str, file: FileAt | None) -> Parsed | None:
        """A file that `remember` was told of."""
        if file is None:
            return None
        return self._known[_key(path, file)] if file.regular else UNREADABLE


def _touched(commits: Iterable[CommitChanges]) -> Iterator[tuple[str, tuple[str, bool]]]:
    for one in commits:
        for change in one.paths:
            for file in (change.before, change.after):
                if file is not None and file.regular:
                    yield change.path, _key(change.path, file)


def _key(path: str, file: FileAt) -> tuple[str, bool]:
    return (file.oid, path == FLEET_PATH)
