"""What holds between the documents of one fleet. Whoever breaks it is named together with the other side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from molthub.errors import Diagnostic, Location
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.manifest.wording import nearest
from molthub.resources.identity import EnvironmentKey

MAX_OTHERS = 3

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")
_Loaded = LoadedEnvironment | LoadedInstance


@dataclass(frozen=True, slots=True)
class Clash:
    """An error that a valid file has because of others."""

    path: str
    diagnostic: Diagnostic


def duplicate_environments(environments: Iterable[LoadedEnvironment]) -> Iterator[Clash]:
    """MH-FLEET-006: two files for one workspace and name."""
    for key, group in _grouped((item.key, item) for item in environments):
        for item in group:
            others = _others(item, group)
            message = f"the environment {key} is also written in {others}"
            where = item.locate(("metadata", "name"))
            yield Clash(item.path, Diagnostic("MH-FLEET-006", message, where, "Keep one of the files"))


def duplicate_instances(instances: Iterable[LoadedInstance]) -> Iterator[Clash]:
    """MH-FLEET-004, -005 and -007: two files for one identity, or for one name."""
    loaded = list(instances)
    clashing: set[str] = set()
    for _, group in _grouped(((item.key, item.model.metadata.id or item.model.metadata.name), item) for item in loaded):
        for item in group:
            clashing.add(item.path)
            yield Clash(item.path, _same_identity(item, group))
    for _, group in _grouped(((item.key, item.model.metadata.name), item) for item in loaded):
        for item in group:
            if item.path not in clashing:
                message = f"the name {item.display_name} is also taken by {_others(item, group)}"
                fix = "Give one of them another name; its id may stay"
                yield Clash(item.path, _error("MH-FLEET-005", message, item, ("metadata", "name"), fix))


def missing_environments(
    instances: Iterable[LoadedInstance],
    usable: Iterable[EnvironmentKey],
    unusable: Mapping[EnvironmentKey, str],
) -> Iterator[Clash]:
    """MH-FLEET-003 and -008: no Environment, or one that cannot be used. unusable: key → its file."""
    known = {str(key) for key in usable}
    for item in instances:
        if str(item.key) in known:
            continue
        if item.key in unusable:
            message = f"its environment {item.key} cannot be used"
            fix = f"Mend {unusable[item.key]} first"
            yield Clash(item.path, _error("MH-FLEET-008", message, item, ("metadata", "environment"), fix))
            continue
        meant = nearest(str(item.key), sorted(known))
        fix = f"Did you mean {meant}?" if meant else "Add an Environment of that workspace and name"
        message = f"there is no environment {item.key}"
        yield Clash(item.path, _error("MH-FLEET-003", message, item, ("metadata", "environment"), fix))


def _same_identity(item: LoadedInstance, group: list[LoadedInstance]) -> Diagnostic:
    others, meta = _others(item, group), item.model.metadata
    one_name = all(other.model.metadata.name == meta.name for other in group)
    if not one_name and any(other.model.metadata.id is None for other in group):
        where = ("metadata", "name" if meta.id is None else "id")
        what = "its id, which defaults to its name," if meta.id is None else "its id"
        fix = "Give the newer one an id of its own; an id is for ever, so a renamed instance keeps the old one"
        return _error("MH-FLEET-007", f"{what} is also the id of {others}", item, where, fix)
    where = ("metadata", "name" if meta.id is None else "id")
    fix = "Remove one of the files, or give the copy a name and an id of its own"
    identity = f"{item.key}/{meta.id or meta.name}"
    return _error("MH-FLEET-004", f"the instance {identity} is also written in {others}", item, where, fix)


def _error(ref: str, message: str, item: LoadedInstance, where: tuple[str | int, ...], fix: str) -> Diagnostic:
    return Diagnostic(ref, message, item.locate(where), fix, subject=item.display_name)


def _others(item: _Loaded, group: Sequence[_Loaded]) -> str:
    places: list[Location] = sorted(other.locate(("metadata", "name")) for other in group if other.path != item.path)
    return " and ".join(str(place) for place in places[:MAX_OTHERS]) + (
        " and others" if len(places) > MAX_OTHERS else ""
    )


def _grouped(pairs: Iterable[tuple[_Key, _Item]]) -> list[tuple[_Key, list[_Item]]]:
    """The groups of more than one."""
    groups: defaultdict[_Key, list[_Item]] = defaultdict(list)
    for key, item in pairs:
        groups[key].append(item)
    return [(key, group) for key, group in groups.items() if len(group) > 1]
