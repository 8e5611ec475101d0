"""Which YAML files each commit changed: one `git log --raw` over as many commits as are asked for.

Each commit is compared with its first parent; what a merge changed by itself comes from a second pass over the merges
only. Whatever a person set for `git log` is overridden or given another meaning by the options here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from molthub.source.history import FORMAT, parse_commit
from molthub.source.objects import ObjectReader
from molthub.source.process import printable
from molthub.source.types import CommitChanges, FileAt, PathChange

_FIELDS = 8
_SUFFIXES = (".yaml", ".yml")
_CONFIG = (("log.showRoot", "true"), ("diff.relative", "false"), ("core.quotePath", "false"))
_OPTIONS = ("--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=none", "-O/dev/null", "-z")


def walk(reader: ObjectReader, head: str, known: Sequence[str]) -> tuple[CommitChanges, ...]:
    """The commits reachable from head and from none of the known, parents first. All hashes must be commits here."""
    bounds = ("--end-of-options", head, *(f"^{sha}" for sha in known))
    sealed = replace(reader, git=replace(reader.git, config=(*reader.git.config, *_CONFIG)))
    raw = ("--topo-order", "--reverse", "--raw", "--no-abbrev", "--diff-merges=first-parent", FORMAT)
    found = tuple(_parse(sealed.read("log", *raw, *_OPTIONS, *bounds)))
    if not any(len(one.info.parents) > 1 for one in found):
        return found
    merged = sealed.read(
        "log", "--merges", "--diff-merges=combined", "--raw", "--no-abbrev", "--format=%H", *_OPTIONS, *bounds
    )
    own = _own_paths(merged)
    return tuple(
        replace(one, own=own.get(one.info.sha, frozenset())) if len(one.info.parents) > 1 else one for one in found
    )


def _parse(answer: bytes) -> Iterator[CommitChanges]:
    """Eight fields a commit, then for each file `:MODE MODE OID OID STATUS` and its path, all ended by NUL."""
    tokens = answer.decode("utf-8", "backslashreplace").split("\0")
    place = 0
    while place + _FIELDS <= len(tokens):
        info = parse_commit(tokens[place : place + _FIELDS])
        place += _FIELDS
        paths = []
        while place < len(tokens) and (not tokens[place].strip() or tokens[place].lstrip("\n").startswith(":")):
            if tokens[place].strip():
                change = _change(tokens[place].lstrip("\n"), tokens[place + 1])
                if change.path.endswith(_SUFFIXES):
                    paths.append(change)
                place += 1
            place += 1
        yield CommitChanges(info, tuple(paths))


def _change(raw: str, path: str) -> PathChange:
    old_mode, mode, old_oid, oid = raw[1:].split(" ")[:4]
    return PathChange(printable(path), _file(old_mode, old_oid), _file(mode, oid))


def _file(mode: str, oid: str) -> FileAt | None:
    return FileAt(oid, regular=mode.startswith("100")) if mode != "000000" else None


def _own_paths(answer: bytes) -> dict[str, frozenset[str]]:
    """Merge → the paths that git shows for it: `::MODES OIDS STATUS` and the path, below the hash."""
    found: dict[str, set[str]] = {}
    current: set[str] = set()
    tokens = iter(answer.decode("utf-8", "backslashreplace").split("\0"))
    for token in tokens:
        if token.lstrip("\n").startswith(":"):
            current.add(printable(next(tokens)))
        elif token.strip():
            current = found.setdefault(token, set())
    return {sha: frozenset(paths) for sha, paths in found.items()}
