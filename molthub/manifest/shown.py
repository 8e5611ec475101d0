"""What of a manifest may be repeated in a message: field names that look like one, and never a value."""

from __future__ import annotations

import re

_LOOKS_LIKE_A_FIELD = re.compile(r"[A-Za-z_$][A-Za-z_-]{0,39}", re.ASCII)


def shown_key(key: str) -> str:
    """The key in backticks when it looks like a field's name; a token pasted as a key is not repeated."""
    return f"`{key}`" if _LOOKS_LIKE_A_FIELD.fullmatch(key) else "a key"


def shown_path(path: tuple[str | int, ...]) -> str:
    """`spec.secrets[0].key`; keys that may be anything (labels, env) are shown as `shown_key` allows."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _LOOKS_LIKE_A_FIELD.fullmatch(part) else "…")
    return text
