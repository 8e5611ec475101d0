"""Values as YAML text: plain where every reader of YAML reads the same, quoted otherwise.

Plain means: this project's own parser (whose scalars are JSON's) and a YAML 1.1 parser (whose `no` is false and whose
`1_000` is a number) both take it for exactly this text, in a block and between brackets alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from molthub.manifest.yaml_events import Value, parse
from molthub.manifest.yaml_text import YamlRefusedError

_CANDIDATE = re.compile(r"[^\W][^\n,\[\]{}]*")
"""Begins with a letter, a digit or `_`; nothing that means something between brackets."""

_LONGEST_PLAIN = 120
_RESOLVER: Any = yaml.resolver.Resolver()
_TEXT_TAG = "tag:yaml.org,2002:str"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def scalar(value: Any, *, quote: str = "", like: str = "") -> str:
    """A scalar on one line.

    quote  the quotes that the value before it had, which are kept where they can be
    like   that value, where it had none
    """
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and is_plain(value, hashes="#" in like):
        return value
    return json.dumps(value, ensure_ascii=False)


def is_plain(text: str, *, hashes: bool = False) -> bool:
    """Whether the text may stand without quotes. hashes: also with a `#` in it, which is text to YAML (`a#b`) and looks
    like a comment to people.
    """
    if len(text) > _LONGEST_PLAIN or not _CANDIDATE.fullmatch(text) or not text.isprintable() or text[-1] in ": ":
        return False
    if ": " in text or " #" in text or ("#" in text and not hashes):
        return False
    if _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT_TAG and not _INSTANT.fullmatch(text):
        return False
    try:
        return parse(f"{{k: [{text}]}}".encode()) == {"k": [text]}
    except YamlRefusedError:
        return False


def flow(value: Any) -> str:
    """Any value on one line: `{a: 1, b: [x, y]}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def entry(key: str, value: Any, *, step: int, dash: int) -> list[str]:
    """`key: value` as the lines of a block, without the block's own indentation.

    step  columns that a mapping is indented below its key
    dash  the same for the dashes of a list
    """
    name = scalar(key)
    if isinstance(value, Mapping) and value:
        inner = [line for name_, item in value.items() for line in entry(name_, item, step=step, dash=dash)]
        return [f"{name}:", *(" " * step + line for line in inner)]
    if isinstance(value, list) and value:
        inner = [line for item in value for line in listed(item, step=step, dash=dash)]
        return [f"{name}:", *(" " * dash + line for line in inner)]
    return [f"{name}: {flow(value)}"]


def listed(value: Any, *, step: int, dash: int) -> list[str]:
    """`- value` as the lines of a block list."""
    if isinstance(value, Mapping) and value:
        inner = [line for key, item in value.items() for line in entry(key, item, step=step, dash=dash)]
        return [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
    return [f"- {flow(value)}"]


def same(one: Value, other: Value) -> bool:
    """Equal, and of the same types: `1`, `1.0` and `true` are three values."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    return type(one) is type(other) and one == other
