"""Attribute values as a plan shows them: quoted, escaped, short; documents inside them taken apart.

A policy is JSON in a string, and so is the Moltbot's config: shown whole, one changed word would be two unreadable
lines. Such a value is taken apart and only the leaves that differ are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from molthub.cli.views.text import safe

LONGEST = 80


def show(value: Any) -> str:
    """One value for people: text in quotes, None as `(unset)`, a long text by its start, length and digest."""
    if value is None:
        return "(unset)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list | dict) and not value:
        return "[]"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    quoted = safe(text).replace('"', '\\"') if isinstance(value, str) else safe(text)
    if len(quoted) > LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f'"{quoted[: LONGEST // 2]}…" ({len(text):,} characters, sha256 {digest})'
    return f'"{quoted}"' if isinstance(value, str) else quoted


def differences(path: str, before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """What of an attribute differs: itself, or the leaves of the document that both sides hold."""
    old, new = document(before), document(after)
    if (old is None) != (before is None) or (new is None) != (after is None) or old is new:
        return [(path, before, after)]
    olds = {(leaf.path, leaf.item): leaf.value for leaf in _leaves(old, path)} if old is not None else {}
    news = {(leaf.path, leaf.item): leaf.value for leaf in _leaves(new, path)} if new is not None else {}
    changed = [
        (name, olds.get((name, item)), news.get((name, item)))
        for name, item in sorted({*olds, *news})
        if olds.get((name, item)) != news.get((name, item))
    ]
    return changed or [(path, before, after)]


def document(value: Any) -> Any | None:
    """The JSON object or list inside a text; None when it holds none."""
    if not isinstance(value, str):
        return None
    try:
        found = json.loads(value) if value[:1] in ("{", "[") else None
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


class _Leaf(NamedTuple):
    """item: what tells the leaves of one path apart: a list of texts is shown as what came and what went."""

    path: str
    item: str
    value: Any


def _leaves(value: Any, path: str) -> Iterator[_Leaf]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield from (_Leaf(path, item, item) for item in value)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    elif (inner := document(value)) is not None and inner:
        yield from _leaves(inner, path)
    else:
        yield _Leaf(path, "", value)
