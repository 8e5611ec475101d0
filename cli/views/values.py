"""Attribute values as a plan shows them: quoted, escaped, short; documents inside them taken apart.

A policy is JSON in a string and the Moltbot's config travels as gzip + base64: shown whole, one changed word
would be two unreadable lines. Such a value is taken apart and only the leaves that differ are shown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from molthub.cli.views.text import safe

LONGEST = 80
LARGEST_DOCUMENT = 1 << 20
GZIP_WINDOW = zlib.MAX_WBITS | 16


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
    """The JSON object or list inside a text, packed or not; None when it holds none."""
    if not isinstance(value, str):
        return None
    text = value if value[:1] in ("{", "[") else _unpack(value)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


def _unpack(value: str) -> str | None:
    """gzip + base64, as the Moltbot's config travels; never more than LARGEST_DOCUMENT bytes of it."""
    if not value.startswith("H4sI"):  # the base64 of gzip's magic bytes
        return None
    try:
        return zlib.decompressobj(GZIP_WINDOW).decompress(base64.b64decode(value), LARGEST_DOCUMENT).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return None


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
