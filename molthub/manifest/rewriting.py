"""A document made to say something else, with as few lines changed as can be.

    wanted = plain(content); wanted["spec"]["runtime"]["cpu"] = 2048
    content = rewrite(content, wanted)

The difference between what the document says and what it shall say is made of single splices (`splices.py`): the
diff is what people review, so comments, quotes, order, indentation, line breaks and every other line stay to the byte.
"""

from __future__ import annotations

import codecs
import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from molthub.errors import StallingError
from molthub.manifest import splices
from molthub.manifest.ordering import field_order
from molthub.manifest.splices import CannotSpliceError, Node, Style
from molthub.manifest.writing import same
from molthub.manifest.yaml_events import Path, Value, parse
from molthub.manifest.yaml_text import YamlRefusedError, decode

MOST_STEPS = 2000
"""Splices of one rewrite; a manifest has a few hundred values at most."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Order = Callable[[Path], Sequence[str]]


def plain(content: bytes) -> dict[str, Any]:
    """What a manifest says, as plain values to change. The caller has one that loaded."""
    found = parse(content)
    assert isinstance(found, dict), "a manifest is a mapping"
    return found


def rewrite(content: bytes, wanted: Mapping[str, Any], *, order: Order | None = None) -> bytes:
    """The document, saying what is wanted: plain JSON values, whole.

    order  path of a mapping → its keys in the order people expect, for where a new key goes; by default the model's
    Raises MH-ACT-003 for a document that is written in a way that cannot be changed piece by piece, MH-ACT-005 for a
    value that no manifest can hold.
    """
    bom = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    text = decode(content)
    goal: Value = json.loads(json.dumps(wanted))  # plain, and nobody else's
    known = order or field_order(str(goal["kind"]) if isinstance(goal, dict) and "kind" in goal else "")
    try:
        for _ in range(MOST_STEPS):
            now = parse(text.encode())
            if same(now, goal):
                return bom + text.encode() if text != decode(content) else content
            changed = _Step(text, known).towards(now, goal)
            if changed == text:
                raise CannotSpliceError
            text = changed
    except (CannotSpliceError, YamlRefusedError, yaml.YAMLError, UnicodeEncodeError):
        _check_values(goal)
    raise StallingError(
        "MH-ACT-003",
        "the manifest is written in a way that cannot be changed piece by piece",
        fix="Change it by hand with `molthub edit`",
    )


def _check_values(goal: Value) -> None:
    """Raise MH-ACT-005 for what could not be written in any way: control characters, half a character, too much."""
    try:
        parse(json.dumps(goal, ensure_ascii=False).encode())
    except (YamlRefusedError, UnicodeEncodeError) as refusal:
        why = refusal.message if isinstance(refusal, YamlRefusedError) else "it is not UTF-8"
        fix = "Look over what was given"
        raise StallingError("MH-ACT-005", f"no manifest can hold the value: {why}", fix=fix) from None


class _Step:
    """One splice: the first difference that is found, done away with."""

    def __init__(self, text: str, order: Order) -> None:
        self.text = text
        self.order = order
        self.root: Any = yaml.compose(text, Loader=_LOADER)
        self.style: Style = splices.style_of(self.root)

    def towards(self, now: Value, goal: Value) -> str:
        return self._value(None, self.root, now, goal, ())

    def _value(self, key: Node | None, node: Any, now: Value, goal: Value, path: Path) -> str:
        if isinstance(now, dict) and isinstance(goal, dict) and (goal or not now) and (now or node.flow_style):
            return self._mapping(node, now, goal, path)
        if isinstance(now, list) and isinstance(goal, list) and (goal or not now):
            return self._list(node, now, goal, path)
        return splices.replace(self.text, key, node, goal)

    def _mapping(self, node: Any, now: dict[str, Value], goal: dict[str, Value], path: Path) -> str:
        for key, held in now.items():
            if key in goal and not same(held, goal[key]):
                name, value = next(pair for pair in node.value if pair[0].value == key)
                return self._value(name, value, held, goal[key], (*path, key))
        for key, new in goal.items():
            if key not in now:
                return splices.add_entry(self.text, node, key, new, order=self.order(path), style=self.style)
        gone = next(index for index, pair in enumerate(node.value) if pair[0].value not in goal)
        return splices.remove(self.text, node, gone)

    def _list(self, node: Any, now: list[Value], goal: list[Value], path: Path) -> str:
        matcher = difflib.SequenceMatcher(a=_names(now), b=_names(goal), autojunk=False)
        for kind, first, last, start, end in matcher.get_opcodes():
            if kind in ("equal", "replace"):
                for index, wanted in zip(range(first, last), range(start, end), strict=False):
                    if not same(now[index], goal[wanted]):
                        return self._value(None, node.value[index], now[index], goal[wanted], (*path, index))
            if end - start > last - first:
                return splices.add_item(self.text, node, last, goal[start + last - first], style=self.style)
            if end - start < last - first:
                return splices.remove(self.text, node, first + end - start)
        raise CannotSpliceError


def _names(items: Sequence[Value]) -> list[str]:
    """What an item is recognised by when others come and go: its name where it has one."""
    return [
        json.dumps(item["name"]) if isinstance(item, dict) and isinstance(item.get("name"), str) else json.dumps(item)
        for item in items
    ]
