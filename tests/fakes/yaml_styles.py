"""YAML as many hands would write it: one value in random styles, with comments, and whose each line is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from molthub.manifest.writing import is_plain

Path = tuple[str | int, ...]

COMMENTS = ("", "", "", "  # beside", " # it's: [odd} \"text\" 'here", "\t# after a tab")
ABOVE = ((), (), (), ("# above",), ("# first", "# - second: of {two"), ("",))
WORDS = (
    "a",
    "true",
    "no",
    "12",
    "1.50",
    "",
    " x ",
    "it's",
    'say "hi"',
    "a: b",
    "x # y",
    "#z",
    "é",
    "- q",
    "two\nlines",
)

texts = st.sampled_from(WORDS) | st.text(alphabet="ab:#-'\" {}[],é", max_size=8)
scalars = texts | st.integers(-999, 99999) | st.booleans() | st.none()
keys = st.text(alphabet="abcd", min_size=1, max_size=2) | st.sampled_from(("x-y", "a.b", "no", "1", "a b", "q:r"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
documents = st.dictionaries(keys, values, min_size=1, max_size=5)


@dataclass(slots=True)
class Written:
    """lines: each with the path it is about (None: nobody's) and whether a collection between brackets stands on it.

    unended: the last line has no line break
    """

    lines: list[tuple[str, Path | None, bool]] = field(default_factory=list)
    unended: bool = False

    @property
    def text(self) -> str:
        whole = "".join(line + "\n" for line, _, _ in self.lines)
        return whole[:-1] if self.unended else whole


@dataclass(slots=True)
class Hand:
    """One way to write. draw: of hypothesis."""

    draw: Any
    step: int
    dash: int
    out: Written = field(default_factory=Written)

    def mapping(self, value: dict[str, Any], path: Path, indent: int, first: str = "") -> None:
        """first: what stands before the first key on its line, instead of the indentation (`  - `)."""
        for number, (key, item) in enumerate(value.items()):
            here = (*path, key)
            lead = first if first and number == 0 else " " * indent
            if not (first and number == 0):
                self._above(here, indent)
            self._value(f"{lead}{self._text(key, flow=False, key=True)}:", item, here, indent)

    def _value(self, head: str, item: Any, path: Path, indent: int) -> None:
        block = isinstance(item, (dict, list)) and item and self.draw(st.integers(0, 3)) > 0
        if block and isinstance(item, dict):
            self._line(head + self._comment(), path)
            self.mapping(item, path, indent + self.step)
        elif block:
            self._line(head + self._comment(), path)
            self.items(item, path, indent + self.dash)
        elif isinstance(item, (dict, list)):
            self._flow(head, item, path)
        elif isinstance(item, str) and self._fits_block_text(item):
            self._line(f"{head} |-" + self._comment(), path)
            for line in item.split("\n"):
                self._line(" " * (indent + 3) + line, path)
        elif item is None and self.draw(st.booleans()):
            self._line(head + self._comment(), path)
        else:
            self._line(f"{head} {self._scalar(item)}" + self._comment(), path)

    def items(self, value: list[Any], path: Path, indent: int) -> None:
        for number, item in enumerate(value):
            here = (*path, number)
            self._above(here, indent)
            if isinstance(item, dict) and item and self.draw(st.booleans()):
                gap = self.draw(st.integers(1, 3))
                self.mapping(item, here, indent + 1 + gap, first=" " * indent + "-" + " " * gap)
            elif isinstance(item, (dict, list)):
                self._flow(" " * indent + "-", item, here)
            elif item is None:
                self._line(" " * indent + "- null" + self._comment(), here)
            else:
                self._line(" " * indent + f"- {self._scalar(item)}" + self._comment(), here)

    def _fits_block_text(self, item: str) -> bool:
        plain = item.strip() == item and all(line.strip() == line and line for line in item.split("\n"))
        return bool(item) and plain and self.draw(st.integers(0, 3)) == 0

    def _flow(self, head: str, item: Any, path: Path) -> None:
        if item and path and self.draw(st.integers(0, 2)) == 0:
            self._flow_lines(head, item, path)
        else:
            self._line(f"{head} {self._inline(item)}" + self._comment(), path, whole=True)

    def _flow_lines(self, head: str, item: Any, path: Path) -> None:
        """Each part on a line of its own, with comments behind the commas."""
        opened, closed = "{}" if isinstance(item, dict) else "[]"
        indent = " " * (len(head) - len(head.lstrip(" ")) + 5)
        self._line(f"{head} {opened}" + self._comment(), path, whole=True)
        parts = [self._part(item, key) for key in item] if isinstance(item, dict) else map(self._inline, item)
        for number, part in enumerate(parts, 1):
            comma = "," if number < len(item) or self.draw(st.booleans()) else ""
            self._line(f"{indent}{part}{comma}" + self._comment(), path, whole=True)
        self._line(f"{indent}{closed}" + self._comment(), path, whole=True)

    def _part(self, item: dict[str, Any], key: str) -> str:
        return f"{self._text(key, flow=True, key=True)}: {self._inline(item[key])}"

    def _inline(self, item: Any) -> str:
        comma = self.draw(st.sampled_from((", ", ",", " , ")))
        pad = self.draw(st.sampled_from(("", " ")))
        last = "," if item and self.draw(st.integers(0, 4)) == 0 else ""
        if isinstance(item, dict):
            parts = [self._part(item, key) for key in item]
            return "{" + pad + comma.join(parts) + last + pad + "}"
        if isinstance(item, list):
            return "[" + pad + comma.join(self._inline(inner) for inner in item) + last + pad + "]"
        return self._scalar(item, flow=True)

    def _scalar(self, item: Any, *, flow: bool = False) -> str:
        if isinstance(item, str):
            return self._text(item, flow=flow)
        return self.draw(st.sampled_from(("~", "null"))) if item is None else json.dumps(item)

    def _text(self, item: str, *, flow: bool, key: bool = False) -> str:
        styles = [json.dumps(item, ensure_ascii=False)]
        if "\n" not in item and not (key and flow):
            styles.append("'" + item.replace("'", "''") + "'")
        if is_plain(item):
            styles += [item, item]
        found: str = self.draw(st.sampled_from(styles))
        return found

    def _above(self, path: Path, indent: int) -> None:
        for line in self.draw(st.sampled_from(ABOVE)):
            self._line(" " * indent + line if line else "", path if line else None)

    def _comment(self) -> str:
        found: str = self.draw(st.sampled_from(COMMENTS))
        return found

    def _line(self, text: str, path: Path | None, *, whole: bool = False) -> None:
        self.out.lines.append((text, path, whole))


@st.composite
def written(draw: Any, value: dict[str, Any]) -> Written:
    """The value in some hand."""
    hand = Hand(draw, step=draw(st.sampled_from((2, 2, 4, 1))), dash=draw(st.sampled_from((0, 2, 2, 4))))
    if draw(st.integers(0, 3)) == 0:
        hand.out.lines.append(("---", None, False))
    if draw(st.booleans()):
        hand.out.lines.append(("# a heading", None, False))
        hand.out.lines.append(("", None, False))
    hand.mapping(value, (), 0)
    if draw(st.booleans()):
        hand.out.lines.append(("# the end", None, False))
    if draw(st.integers(0, 5)) == 0:
        hand.out.lines.append(("...", None, False))
    hand.out.unended = draw(st.integers(0, 4)) == 0
    return hand.out
