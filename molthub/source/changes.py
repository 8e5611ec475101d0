"""Whole histories at once: who descends from whom, and what each commit changed. One git for any number of commits.

Only plumbing, which no setting of the person's changes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence

from molthub.source.history import FORMAT, parse_log
from molthub.source.locations import check_hash
from molthub.source.objects import ObjectReader, explained_read
from molthub.source.process import GitFailedError
from molthub.source.types import CommitInfo, FileAt, PathChange

_FILES = ("--", "*.yaml", "*.yml")
_REGULAR = "100"


def ancestry(reader: ObjectReader, head: str) -> dict[str, tuple[str, ...]]:
    """Every commit that the head holds, and its parents."""
    listing = reader.read("rev-list", "--parents", "--end-of-options", reader.require(head)).decode("ascii")
    rows = (line.split() for line in listing.splitlines())
    return {sha: tuple(parents) for sha, *parents in rows}


def touching(reader: ObjectReader, path: str, head: str) -> tuple[str, ...]:
    """The commits in which a file differs from that of a parent, merges among them."""
    options = ("--full-history", "--end-of-options", reader.require(head), "--", f":(literal,top){path}")
    return tuple(reader.read("rev-list", *options).decode("ascii").split())


def commit_infos(reader: ObjectReader, shas: Sequence[str]) -> tuple[CommitInfo, ...]:
    """Commits by their hashes, in the order asked for."""
    if not shas:
        return ()
    answer = _fed(reader, shas, "log", "--no-walk=unsorted", "-z", FORMAT, "--stdin")
    return parse_log(answer)


def path_changes(
    reader: ObjectReader, commits: Iterable[tuple[str, tuple[str, ...]]]
) -> Mapping[str, tuple[PathChange, ...]]:
    """What each commit changed of the YAML files, against its first parent; a commit without parents brings all."""
    wanted = [" ".join([check_hash(sha), *map(check_hash, parents[:1])]) for sha, parents in commits]
    if not wanted:
        return {}
    options = ("-r", "--root", "--always", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff")
    answer = _fed(reader, wanted, "diff-tree", "--stdin", *options, *_FILES)
    return {sha: tuple(changes) for sha, changes in _parsed(answer)}


def _fed(reader: ObjectReader, lines: Iterable[str], *command: str) -> bytes:
    with tempfile.TemporaryFile() as stdin:
        stdin.write("".join(f"{line}\n" for line in lines).encode("ascii"))
        stdin.seek(0)
        try:
            with reader.git.stream(*command, stdin=stdin) as output:
                return output.read()
        except GitFailedError as error:
            raise explained_read(error, reader.label) from error


def _parsed(answer: bytes) -> Iterator[tuple[str, list[PathChange]]]:
    """`SHA NUL`, then `:MODE MODE OID OID STATUS NUL PATH NUL` for each file."""
    sha, changes = "", list[PathChange]()
    fields = iter(answer.split(b"\0"))
    for field in fields:
        if field.startswith(b":"):
            old_mode, new_mode, old, new, _ = field[1:].decode("ascii").split()
            path = next(fields)
            before, after = _file(old_mode, old), _file(new_mode, new)
            changes.append(PathChange(path.decode("utf-8", "backslashreplace"), before, after))
            continue
        if sha:
            yield sha, changes
        sha, changes = field.decode("ascii").strip(), []
    if sha:
        yield sha, changes


def _file(mode: str, oid: str) -> FileAt | None:
    return FileAt(oid, regular=mode.startswith(_REGULAR)) if mode != "000000" else None
