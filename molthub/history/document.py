"""A document as plain data, and as a tree in which items of lists have names instead of positions.

Two versions that mean the same are equal here: a default that is written out, another order of `spec.secrets`, another
time zone for the same moment, comments and quotes make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

Document = dict[str, Any]
"""JSON: mappings, lists, texts, numbers, booleans."""

Path = tuple[str, ...]
"""From the root to a field; an item of a list is `[its name]`."""

ITEM_NAMES = ("name", "id", "rule", "sid", "key")
"""What names an item of a list of mappings, the first that every item has."""

UNORDERED = frozenset({"allowlist", "paths", "actions", "resources", "subnetIds", "allowFrom"})
"""Lists of texts whose order means nothing."""


def written(model: BaseModel) -> Document:
    """The document as short as it can be written: without what is a default. An instance's id is always said."""
    return _with_id(_plain(model.model_dump(exclude_defaults=True)))


def whole(model: BaseModel) -> Document:
    """The document with every default filled in, and without what is null or empty."""
    found: Document = _without_nothing(_with_id(_plain(model.model_dump())))
    return found


@dataclass(frozen=True, slots=True)
class Form:
    """A document worked out once, to be compared with several others. fields: of the whole one."""

    written: Document
    tree: Any
    fields: dict[Path, Any]


def form_of(model: BaseModel) -> Form:
    """A model of manifest/ as it is compared."""
    told = tree(whole(model))
    return Form(written=written(model), tree=told, fields=dict(leaves(told)))


def tree(value: Any, *, name: str = "") -> Any:
    """The same data with every list whose items have names, or no order, as a mapping from `[name]` to the item."""
    if isinstance(value, dict):
        return {key: tree(item, name=key) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, dict) for item in value):
        items = zip(_names(value), value, strict=True)
        return {f"[{key}]": tree(item) for key, item in _distinct(items)}
    if name in UNORDERED and all(isinstance(item, str) for item in value):
        return {f"[{item}]": item for item in value}
    return value


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field of a tree with its value; a list that has an order is one field."""
    if isinstance(node, dict) and node:
        for key, item in node.items():
            yield from leaves(item, (*path, key))
    else:
        yield path, node


def spelled(path: Path) -> str:
    """`spec.secrets[SLACK_BOT_TOKEN].key`."""
    text = ""
    for part in path:
        text += part if part.startswith("[") or not text else f".{part}"
    return text


def _names(items: list[dict[str, Any]]) -> list[str]:
    for key in ITEM_NAMES:
        if all(isinstance(item.get(key), str) for item in items):
            return [item[key] for item in items]
    return [str(index) for index in range(len(items))]


def _distinct(items: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """A name that comes twice gets a number: such a document is wrong, and has a history all the same."""
    seen: dict[str, int] = {}
    for key, item in items:
        seen[key] = seen.get(key, 0) + 1
        yield (key if seen[key] == 1 else f"{key} {seen[key]}"), item


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _with_id(document: Document) -> Document:
    meta = document.get("metadata")
    if document.get("kind") == "MoltbotInstance" and isinstance(meta, dict):
        document["metadata"] = {
            "id": meta.get("id") or meta.get("name"),
            **{k: v for k, v in meta.items() if k != "id"},
        }
    return document


def _without_nothing(value: Any) -> Any:
    if not isinstance(value, dict):
        return [_without_nothing(item) for item in value] if isinstance(value, list) else value
    kept = {key: _without_nothing(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item is not None and item not in ({}, [])}
