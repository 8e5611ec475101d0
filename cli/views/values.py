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
from typing import Any

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
    if old is None or new is None:
        return [(path, before, after)]
    olds, news = dict(_leaves(old, path)), dict(_leaves(new, path))
    changed = [(name, olds.get(name), news.get(name)) for name in {**olds, **news} if olds.get(name) != news.get(name)]
    return sorted(changed, key=lambda item: item[0]) or [(path, before, after)]


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


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    elif (inner := document(value)) is not None and inner:
        yield from _leaves(inner, path)
    else:
        yield path, value
