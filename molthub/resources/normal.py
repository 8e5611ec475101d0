"""The one normal form of a resource, its leaves, and its fingerprint.

Desired and observed both pass through `normalise`, so that two sides that mean the same are equal, and a
difference is a difference in meaning. Unset is not null; an explicit 0 counts.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any, TypeVar

from molthub.resources.types import Container, FileSystem, Resource, Role, TaskDefinition

R = TypeVar("R", bound=Resource)

ORDERED = frozenset({"command", "entry_point", "containers"})
"""Tuples whose order means something; every other tuple is sorted."""


def normalise(resource: R) -> R:
    """The same resource with everything unordered sorted and duplicates removed."""
    return _normalise(resource)  # type: ignore[no-any-return]


def _normalise(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_normalise(item) for item in value)
    changes: dict[str, Any] = {}
    for name in _field_names(type(value)):
        item = _normalise(getattr(value, name))
        if isinstance(item, tuple) and item and name not in ORDERED:
            item = tuple(sorted(set(item), key=_order)) if len(item) > 1 else item
        changes[name] = item
    if not changes:
        return value
    if isinstance(value, Role):
        changes["trust"] = canonical_json(value.trust)
        changes["inline_policies"] = tuple((n, canonical_json(text)) for n, text in changes["inline_policies"])
    if isinstance(value, FileSystem):
        changes["policy"] = canonical_json(value.policy)
    return dataclasses.replace(value, **changes)


_FIELDS: dict[type, tuple[str, ...]] = {}
"""Looked up for every leaf of every resource of a sweep; `dataclasses.fields` builds its answer anew each time."""


def _field_names(kind: type) -> tuple[str, ...]:
    """The fields of a resource's type; none for a scalar."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(item.name for item in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()
    return _FIELDS[kind]


def _order(item: Any) -> str:
    """A total order that None and numbers can stand in together."""
    return json.dumps(to_json(item))


def canonical_json(text: str) -> str:
    """JSON text with sorted keys and no spaces; text that is no JSON comes back as it is."""
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:
        return text


def canonical_policy(document: dict[str, Any]) -> str:
    """An IAM policy document as canonical text: single strings become lists, lists sorted, keys sorted.

    IAM gives no meaning to the order of actions, resources or principals; that of statements is kept.
    """
    return json.dumps(_sort_policy(document), sort_keys=True, separators=(",", ":"))


def _sort_policy(value: Any, key: str = "") -> Any:
    listed = {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "Statement"}
    if key == "Statement":
        return [_sort_policy(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(value, dict):
        return {name: _sort_policy(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(value)
    return [value] if key in listed else value


def leaves(resource: Resource) -> dict[str, Any]:
    """Every leaf of a resource: path → scalar. Pairs become `field[key]`, other tuples `field[index]`.

    An empty tuple is a leaf itself (`ingress` → ()), so that a thing added to it is a difference.
    """
    return dict(_leaves(resource, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _leaves(getattr(value, field.name), f"{path}.{field.name}" if path else field.name)
    elif isinstance(value, tuple) and value:
        for index, item in enumerate(value):
            yield from _item_leaves(item, index, path)
    else:
        yield path, value


def _item_leaves(item: Any, index: int, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(item, tuple) and len(item) == 2:  # noqa: PLR2004 - a pair
        yield f"{path}[{item[0]}]", item[1]
    elif isinstance(item, Container):
        yield from _leaves(item, f"{path}[{item.name}]")
    elif dataclasses.is_dataclass(item) and not isinstance(item, type):
        yield from _leaves(item, f"{path}[{index}]")
    else:
        yield f"{path}[{index}]", item


def fingerprint(value: Any) -> str:
    """A short stable digest of any value made of these types, for comparing and for plans."""
    text = json.dumps(to_json(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def task_fingerprint(definition: TaskDefinition) -> str:
    """What `Service.task_definition` holds: the family and a digest of the whole normalised content."""
    return f"{definition.family}@{fingerprint(normalise(definition))}"


def to_json(value: Any) -> Any:
    """Plain JSON data of these types: dataclasses become objects, tuples lists."""
    names = _field_names(type(value))
    if names:
        return {name: to_json(getattr(value, name)) for name in names}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    return value
