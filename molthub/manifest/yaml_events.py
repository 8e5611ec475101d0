"""One YAML document from bytes, read from the parser's events by a builder of our own.

YAML offers far more than a manifest needs, and the rest is how people get hurt: anchors and merges that blow up,
tags that make objects, keys that silently win over each other, `NO` that becomes false, nesting that crashes the
C loader. So nothing is composed or constructed by PyYAML: only its event stream is read (libyaml's where PyYAML
was built with it; events do not recurse), it is left at the first thing a manifest may not hold, and plain
scalars mean what JSON says they mean:

    null ~ (nothing)     None
    true false           booleans
    12 -3                whole numbers, at most 18 digits
    1.5 2e3              floats; no field takes one, so `1.10` for a version is an error and not "1.1"
    everything else      the text as written: NO, 017, 0x1F, 12:30:45, 2026-01-31, .inf

Keys are always text. `parse` makes no marks; `read_places` reads the same bytes again and makes them, since they
are needed only where something is wrong.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from molthub.manifest.shown import shown_key
from molthub.manifest.yaml_text import Mark, YamlRefusedError, decode, unreadable, unwanted_character

MAX_DEPTH = 32
MAX_INT_DIGITS = 18

Scalar = str | int | float | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]
Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)\Z", re.ASCII)
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z", re.ASCII)
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
_STARTS_LIKE_NUMBER = frozenset("-0123456789")


@dataclass(slots=True)
class Places:
    """Where things were written. keys: a mapping's entries at their keys, a list's items at their values."""

    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)


def parse(content: bytes, *, loader: Any = _LOADER) -> Value:
    """The document as plain Python values. Raises YamlRefusedError, and nothing else, whatever the bytes."""
    return _read(content, places=None, loader=loader)


def read_places(content: bytes) -> Places:
    """The place of every key and value; what could be read of them when the document is refused half way."""
    places = Places()
    with contextlib.suppress(YamlRefusedError):
        _read(content, places=places, loader=_LOADER)
    return places


def _read(content: bytes, *, places: Places | None, loader: Any) -> Value:
    text = decode(content)
    builder = _Builder(places)
    try:
        for event in _events(text, loader):
            builder.take(event)
    except YamlRefusedError as refusal:
        refusal.partial = builder.finished_entries()
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: pure PyYAML's chr() of an escape
        raise unreadable(error, text, partial=builder.finished_entries(), run_on=builder.run_on_quote()) from None
    if not builder.complete:
        raise YamlRefusedError(
            "MH-YAML-014",
            "the file is empty, or holds only comments",
            fix="Write a manifest, or remove the file",
            mark=Mark(1, 1),
            unreadable=True,
        )
    return builder.result


def _events(text: str, loader: Any) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=loader))


_NO_KEY: Any = object()


@dataclass(slots=True)
class _Frame:
    """A collection under construction; it joins its parent when it ends, so what has joined is complete."""

    value: list[Value] | dict[str, Value]
    path: Path
    key: Any = _NO_KEY


class _Builder:
    """Takes events one by one. Depth is bounded here, so whoever walks the result may recurse."""

    def __init__(self, places: Places | None) -> None:
        self.result: Value = None
        self.complete = False
        self._places = places
        self._stack: list[_Frame] = []
        self._last: Any = None

    def take(self, event: Any) -> None:
        kind = type(event)
        self._last = event
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self._start(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            frame = self._stack.pop()
            self._add(frame.value)
        elif kind is yaml.AliasEvent:
            _refuse(event, "MH-YAML-007", "an alias (`*name`) is not allowed", "Write the value out")
        elif kind is yaml.DocumentStartEvent and self.complete:
            _refuse(
                event,
                "MH-YAML-012",
                "the file holds a second document",
                "Write one document a file; put the part after `---` into a file of its own",
            )

    def finished_entries(self) -> dict[str, Value]:
        """The root's entries that were read whole before something was refused."""
        root = self._stack[0].value if self._stack else self.result
        return dict(root) if isinstance(root, dict) else {}

    def run_on_quote(self) -> Mark | None:
        """Where the last thing read is quoted text over several lines: most likely a quote that was never closed."""
        last = self._last
        quoted = type(last) is yaml.ScalarEvent and last.style in ("'", '"')
        if quoted and last.end_mark.line > last.start_mark.line:
            return _mark_of(last)
        return None

    def _scalar(self, event: Any) -> None:
        _refuse_properties(event)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is _NO_KEY:
            self._key(top, event)
            return
        self._mark(event)
        plain = not event.style
        if event.style == '"':
            _refuse_escaped(event)
        self._add(_resolve(event) if plain else event.value)

    def _start(self, event: Any, value: list[Value] | dict[str, Value]) -> None:
        _refuse_properties(event)
        if len(self._stack) >= MAX_DEPTH:
            fix = "Flatten it; a manifest never needs that"
            _refuse(event, "MH-YAML-006", f"nested more than {MAX_DEPTH} levels deep", fix)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.value, dict) and top.key is _NO_KEY:
            _refuse(event, "MH-YAML-011", "a key must be plain text, not a list or a mapping", "Write a text key")
        self._mark(event)
        self._stack.append(_Frame(value, self._path()))

    def _key(self, frame: _Frame, event: Any) -> None:
        key: str = event.value
        if event.style == '"':
            _refuse_escaped(event)
        if key == "<<":
            _refuse(event, "MH-YAML-008", "a merge key (`<<`) is not allowed", "Write the merged fields out")
        assert isinstance(frame.value, dict)
        if key in frame.value:
            if len(self._stack) == 1:
                del frame.value[key]  # which of the two was meant is unknown, so neither may be salvaged
            message = f"{shown_key(key)} is written twice in the same mapping"
            _refuse(event, "MH-YAML-010", message, "Remove one of the two")
        frame.key = key
        if self._places is not None:
            self._places.keys[(*frame.path, key)] = _mark_of(event)

    def _add(self, value: Value) -> None:
        if not self._stack:
            self.result = value
            self.complete = True
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        else:
            frame.value[frame.key] = value
            frame.key = _NO_KEY

    def _path(self) -> Path:
        """The path of the value about to be read."""
        if not self._stack:
            return ()
        frame = self._stack[-1]
        last = len(frame.value) if isinstance(frame.value, list) else frame.key
        return (*frame.path, last)

    def _mark(self, event: Any) -> None:
        if self._places is None:
            return
        path, mark = self._path(), _mark_of(event)
        self._places.values[path] = mark
        self._places.keys.setdefault(path, mark)


def _resolve(event: Any) -> Scalar:
    text: str = event.value
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _STARTS_LIKE_NUMBER:
        return text
    if _INT.match(text):
        if len(text) > MAX_INT_DIGITS:
            _refuse(event, "MH-YAML-013", f"a number of more than {MAX_INT_DIGITS} digits", "Quote it if it is text")
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def _refuse_properties(event: Any) -> None:
    if event.anchor is not None:
        _refuse(event, "MH-YAML-007", "an anchor (`&name`) is not allowed", "Write the value out where it is used")
    if event.tag is not None:
        _refuse(event, "MH-YAML-009", "an explicit tag (`!name`) is not allowed", "Remove the tag; quote text values")


def _refuse_escaped(event: Any) -> None:
    if unwanted_character(event.value) is not None:
        message = "a control or direction-changing character, written as an escape"
        _refuse(event, "MH-YAML-004", message, "Remove the escape")


def _refuse(event: Any, ref: str, message: str, fix: str) -> NoReturn:
    raise YamlRefusedError(ref, message, fix=fix, mark=_mark_of(event))


def _mark_of(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
