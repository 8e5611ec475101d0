"""The leaves of a manifest as it was parsed: every string in it, keys of mappings included, with its path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from molthub.manifest.models import MoltbotInstance

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One string. name: the nearest key above it (`token` in `labels.token`); is_key: it is itself a key."""

    path: Path
    name: str
    text: str
    is_key: bool = False


def leaves(manifest: MoltbotInstance) -> tuple[Leaf, ...]:
    """Every string of the manifest; keys only where people choose them (labels and env)."""
    data = manifest.model_dump(mode="json", exclude_defaults=True)
    return tuple(_walk(data, (), ""))


def _walk(value: Any, path: Path, name: str) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, item in value.items():
            if path in FREE_KEYS:
                yield Leaf((*path, key), name, key, is_key=True)
            yield from _walk(item, (*path, key), key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index), name)
    elif isinstance(value, str):
        yield Leaf(path, name, value)


FREE_KEYS: frozenset[Path] = frozenset({("metadata", "labels"), ("spec", "runtime", "env")})
"""The mappings whose keys are people's own words; every other key is the schema's."""
