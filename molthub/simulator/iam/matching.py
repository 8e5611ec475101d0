"""How policies name things: `*` and `?`, ARNs part by part, `${variables}`. After the IAM user guide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""Condition keys of a request, in lower case (IAM compares them without case) → values."""

ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_SPECIAL = {"*": "*", "?": "?", "$": "$"}
_MARKS = {"*": "\ue000", "?": "\ue001"}
"""What `${*}` and `${?}` become while wildcards are still to be read."""


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": ".", _MARKS["*"]: r"\*", _MARKS["?"]: r"\?"}
    return re.compile("".join(parts.get(char, re.escape(char)) for char in text), re.DOTALL)


def is_like(text: str, pattern: str) -> bool:
    """`*` is any number of characters, `?` is one; nothing else is special. Case counts."""
    return _pattern(pattern).fullmatch(text) is not None


def is_action(action: str, pattern: str) -> bool:
    """Actions are compared without case."""
    return is_like(action.lower(), pattern.lower())


def is_arn_like(arn: str, pattern: str) -> bool:
    """Each of the six parts by itself, so that a `*` in one part never reaches into the next; `*` alone is any."""
    if pattern == "*":
        return True
    mine, wanted = arn.split(":", ARN_PARTS - 1), pattern.split(":", ARN_PARTS - 1)
    return len(mine) == len(wanted) == ARN_PARTS and all(
        is_like(part, other) for part, other in zip(mine, wanted, strict=True)
    )


def filled(text: str, context: Context) -> str | None:
    """The text with its policy variables, or None when one has no single value and no default: nothing matches."""
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = (part.strip() for part in found[1].partition(","))
        if name in _SPECIAL:
            return _MARKS.get(name, name)
        values = context.get(name.lower(), ())
        if len(values) == 1:
            return values[0].replace("*", _MARKS["*"]).replace("?", _MARKS["?"])
        missing = missing or not default
        return default.strip("'")

    result = _VARIABLE.sub(value, text)
    return None if missing else result


def plain(text: str) -> str:
    """A filled text where wildcards mean nothing."""
    for char, mark in _MARKS.items():
        text = text.replace(mark, char)
    return text
