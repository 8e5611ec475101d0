"""Keeps what looks like a secret out of whatever is told of a document."""

from __future__ import annotations

from typing import Any

from molthub.manifest.secret_shapes import secret_kind

NOT_SHOWN = "(not shown)"

_FREE_KEYS = frozenset({("metadata", "labels"), ("spec", "runtime", "env")})
"""The mappings whose keys are people's own words, and may say that a secret is behind them."""


def shown(value: Any, path: tuple[str, ...]) -> Any:
    """The value with every text in it that looks like a secret replaced. path: keys from the root to it."""
    if isinstance(value, dict):
        return {shown_key(key): shown(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, path) for item in value]
    if not isinstance(value, str):
        return value
    name = path[-1] if path[:-1] in _FREE_KEYS else ""
    return NOT_SHOWN if secret_kind(value, name=name) else value


def shown_key(key: str) -> str:
    """A key, unless somebody pasted a secret in its place."""
    inner = key.removeprefix("[").removesuffix("]")
    return key.replace(inner, NOT_SHOWN) if inner and secret_kind(inner) else key


def shown_path(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shown_key(part) for part in path)
