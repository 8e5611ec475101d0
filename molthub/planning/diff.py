"""The difference of two resources of one kind, leaf by leaf, without noise.

Unordered lists (rules, subnets, mounts, …) are matched by content, not by position, so that one rule added in
front does not show as a change of every rule behind it.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from molthub.planning.types import AttributeChange
from molthub.resources.normal import leaves
from molthub.resources.types import Kind, Resource

IMMUTABLE: dict[Kind, frozenset[str]] = {
    Kind.LOG_GROUP: frozenset({"name"}),
    Kind.SECRET: frozenset({"name"}),
    Kind.SECURITY_GROUP: frozenset({"name", "description", "vpc_id"}),
    Kind.FILE_SYSTEM: frozenset({"name", "kms_key", "encrypted", "performance"}),
    Kind.TASK_ROLE: frozenset({"name", "path"}),
    Kind.EXECUTION_ROLE: frozenset({"name", "path"}),
    Kind.TARGET_GROUP: frozenset({"name", "vpc_id", "protocol", "protocol_version", "port", "target_type"}),
    Kind.LISTENER_RULE: frozenset({"listener"}),
    Kind.DNS_RECORD: frozenset({"name", "zone", "type"}),
    Kind.TASK_DEFINITION: frozenset(),  # a change is a new revision, the old one stays
    Kind.SERVICE: frozenset({"name", "cluster", "launch_type", "scheduling"}),
}
"""Fields that AWS cannot change in place (docstrings of resources/types.py)."""

UNORDERED_LISTS = frozenset(
    {
        "ingress",
        "egress",
        "attached_policies",
        "mounts",
        "ports",
        "tmpfs",
        "options",
        "capabilities_add",
        "capabilities_drop",
        "volumes",
        "file_volumes",
        "access_points",
        "compatibilities",
        "subnets",
        "security_groups",
        "capacity_providers",
        "load_balancers",
        "hosts",
        "methods",
        "paths",
        "target_groups",
    }
)
"""Tuples without an order that hold no pairs; `leaves` numbers their items."""

_ITEM = re.compile(rf"(?P<list>(?:.*\.)?(?:{'|'.join(sorted(UNORDERED_LISTS))}))\[(?P<index>\d+)\](?P<rest>.*)")

Leaves = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """attributes in the order of the type's fields; unchanged: number of leaves that are the same on both sides."""

    attributes: tuple[AttributeChange, ...]
    unchanged: int


def diff(kind: Kind, before: Resource | None, after: Resource | None) -> Difference:
    """What differs between two normalised resources of one kind; None is "there is none".

    A resource that is whole on one side only gives every leaf it sets.
    """
    old = leaves(before) if before is not None else {}
    new = leaves(after) if after is not None else {}
    pairs, unchanged = _without_equal_items(old, new)
    attributes = [_attribute(kind, path, pair) for path, pair in pairs.items() if not _is_noise(*pair)]
    if before is not None and after is not None and before != after and not attributes:
        attributes = _whole_fields(kind, before, after)
    return Difference(tuple(attributes), unchanged)


class _Missing:
    """A leaf that one side does not have at all."""


MISSING = _Missing()


def _is_noise(before: Any, after: Any) -> bool:
    """An empty leaf on one side only: the other side shows its parts, or the whole parent is absent there."""
    return (before is MISSING and after in (None, ())) or (after is MISSING and before in (None, ()))


def _attribute(kind: Kind, path: str, pair: tuple[Any, Any]) -> AttributeChange:
    before, after = (None if value is MISSING else value for value in pair)
    both = MISSING not in pair
    return AttributeChange(path, before, after, forces_replacement=both and path in IMMUTABLE[kind])


def _without_equal_items(old: Leaves, new: Leaves) -> tuple[dict[str, tuple[Any, Any]], int]:
    """Differing leaves by path as (before, after), and the number of equal ones."""
    plain_old, items_old = _split(old)
    plain_new, items_new = _split(new)
    pairs = {path: (plain_old.get(path, MISSING), plain_new.get(path, MISSING)) for path in {**plain_old, **plain_new}}
    unchanged = sum(1 for before, after in pairs.values() if before == after)
    differing = {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}
    for name in {**items_old, **items_new}:
        equal, rest = _match(name, items_old.get(name, {}), items_new.get(name, {}))
        unchanged += equal
        differing.update(rest)
    return differing, unchanged


def _split(flat: Leaves) -> tuple[Leaves, dict[str, dict[int, Leaves]]]:
    """Leaves of unordered lists, as list → index → leaves of the item; and all the others."""
    plain: Leaves = {}
    lists: dict[str, dict[int, Leaves]] = {}
    for path, value in flat.items():
        found = _ITEM.fullmatch(path)
        if found is None:
            plain[path] = value
        else:
            item = lists.setdefault(found["list"], {}).setdefault(int(found["index"]), {})
            item[found["rest"]] = value
    return plain, lists


def _match(name: str, old: dict[int, Leaves], new: dict[int, Leaves]) -> tuple[int, dict[str, tuple[Any, Any]]]:
    """Pair the items of one unordered list: equal ones first, the rest in order. Numbers are those of the new side."""
    left_old = _unmatched(old, new)
    left_new = _unmatched(new, old)
    equal = sum(len(item) for index, item in new.items() if index not in left_new)
    differing: dict[str, tuple[Any, Any]] = {}
    for place in range(max(len(left_old), len(left_new))):
        before = old[left_old[place]] if place < len(left_old) else {}
        after = new[left_new[place]] if place < len(left_new) else {}
        index = left_new[place] if place < len(left_new) else left_old[place]
        for rest in {**before, **after}:
            pair = (before.get(rest, MISSING), after.get(rest, MISSING))
            if pair[0] == pair[1]:
                equal += 1
            else:
                differing[_free_path(differing, name, index, rest)] = pair
    return equal, differing


def _free_path(taken: dict[str, tuple[Any, Any]], name: str, index: int, rest: str) -> str:
    """The item's path; removed and added items may share a number, and then the next free one is used."""
    path = f"{name}[{index}]{rest}"
    while path in taken:
        index += 1
        path = f"{name}[{index}]{rest}"
    return path


def _unmatched(mine: dict[int, Leaves], others: dict[int, Leaves]) -> list[int]:
    """Indexes of my items that have no equal among the others."""
    supply = Counter(tuple(item.items()) for item in others.values())
    left = []
    for index, item in mine.items():
        key = tuple(item.items())
        if supply[key]:
            supply[key] -= 1
        else:
            left.append(index)
    return left


def _whole_fields(kind: Kind, before: Resource, after: Resource) -> list[AttributeChange]:
    """The fields that differ, whole, where no leaf tells it: the order of the containers."""
    changed = []
    for field in dataclasses.fields(before):
        pair = (_brief(getattr(before, field.name)), _brief(getattr(after, field.name)))
        if getattr(before, field.name) != getattr(after, field.name):
            changed.append(_attribute(kind, field.name, pair))
    return changed


def _brief(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(getattr(item, "name", item) for item in value)
    return value
