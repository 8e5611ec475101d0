"""Manifests as they lie on the disk, for `validate`.

In a Git repository molthub.source reads the working tree, so ignored files are left out and links refused; a
folder outside of one is walked. GitPython is imported by neither.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from molthub.errors import Diagnostic, Location, StallingError
from molthub.manifest.reading import FLEET_PATH
from molthub.manifest.yaml_text import MAX_BYTES
from molthub.source.repository import open_repository
from molthub.source.types import FileEntry, Snapshot

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked to validate, sorted out.

    roots   fleet root → the paths below it that were named, relative to it ("" for all of it)
    loose   files and folders in no fleet
    """

    roots: dict[Path, frozenset[str]]
    loose: tuple[Path, ...]


def sort_out(paths: Iterable[Path]) -> Request:
    """Each path under the fleet root it belongs to, or loose. Raises MH-CLI-006 for one that does not exist."""
    roots: dict[Path, set[str]] = {}
    loose: list[Path] = []
    for path in paths:
        if not path.exists():
            raise StallingError("MH-CLI-006", f"there is no file or folder {path}", fix="Check the path")
        root = fleet_root(path)
        if root is None:
            loose.append(path)
            continue
        inside = os.path.relpath(_real(path), root)
        roots.setdefault(root, set()).add("" if inside == "." else inside)
    return Request({root: frozenset(names) for root, names in roots.items()}, tuple(loose))


def fleet_root(path: Path) -> Path | None:
    """The nearest folder, from the path upwards, that holds `molthub.yaml`."""
    start = _real(path)
    for folder in (start, *start.parents) if start.is_dir() else start.parents:
        if (folder / FLEET_PATH).is_file():
            return folder
    return None


def _real(path: Path) -> Path:
    """Absolute, with the folders' links followed and the name itself left alone."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def read_tree(folder: Path) -> Snapshot:
    """The YAML files below a folder, by their path from it; untracked ones included and ignored ones not."""
    top = repository_top(folder)
    if top is None:
        return _snapshot((name, folder / name) for name in sorted(_walk(folder)))
    whole = open_repository(str(top), ref=None, cache_dir=top).working_tree()
    inside = os.path.relpath(folder.resolve(), top)
    if inside == ".":
        return whole
    prefix = f"{inside}/"
    files = {path.removeprefix(prefix): entry for path, entry in whole.files.items() if path.startswith(prefix)}
    refused = [item for item in whole.refused if item.location and item.location.path.startswith(prefix)]
    return replace(whole, files=files, refused=tuple(_below(item, prefix) for item in refused))


def repository_top(folder: Path) -> Path | None:
    """The top of the working tree that holds the folder, None outside of any."""
    here = folder.resolve()
    return next((parent for parent in (here, *here.parents) if (parent / ".git").exists()), None)


def read_loose(paths: Iterable[Path]) -> tuple[Snapshot, frozenset[str]]:
    """The YAML files of these files and folders, and the names among them that were named themselves."""
    files: dict[str, FileEntry] = {}
    refused: list[Diagnostic] = []
    named = frozenset(str(path) for path in paths if not path.is_dir())
    for path in paths:
        if path.is_dir():
            found = read_tree(path)
            files.update({str(path / name): entry for name, entry in found.files.items()})
            refused += [_below(item, "", str(path)) for item in found.refused]
    direct = _snapshot((name, Path(name)) for name in sorted(named))
    return replace(direct, files={**files, **direct.files}, refused=(*refused, *direct.refused)), named


def _below(item: Diagnostic, prefix: str, start: str = "") -> Diagnostic:
    """The diagnostic with its place told from another folder: without a prefix, or from a start."""
    if item.location is None:
        return item
    path = os.path.join(start, item.location.path.removeprefix(prefix))  # noqa: PTH118 - text for people
    return replace(item, location=replace(item.location, path=path))


def _walk(folder: Path) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (os.path.relpath(Path(here) / name, folder) for name in names if name.endswith(SUFFIXES))


def _snapshot(files: Iterable[tuple[str, Path]]) -> Snapshot:
    entries: dict[str, FileEntry] = {}
    refused: list[Diagnostic] = []
    for name, path in files:
        try:
            content = _read(path)
        except OSError as error:
            refused.append(_refused(name, (error.strerror or "it cannot be read").lower()))
            continue
        if content is None:
            refused.append(_refused(name, "it is not a regular file"))
        else:
            entries[name] = FileEntry(path=name, oid="", content=content)
    return Snapshot(commit=None, files=entries, refused=tuple(refused), dirty=True)


def _read(path: Path) -> bytes | None:
    """At most what the loader looks at plus one byte, so that it says "too large" itself; None for a link."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _refused(name: str, why: str) -> Diagnostic:
    return Diagnostic(
        "MH-CLI-002", f"{name} is not read: {why}", Location(name), "Put the manifest itself there, not a link to it"
    )
