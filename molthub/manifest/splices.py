"""Single changes to the text of a document, made by cutting and joining at the marks of its parsed nodes.

Each takes the text and gives it back with one thing changed; every other line stays as it is, to the byte. A comment
belongs to what stands below it (whole lines, at its indentation) or beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from molthub.manifest.writing import entry, flow, listed, scalar

Node = Any
"""A node that PyYAML composed: its stubs know too little of them."""
BLOCK_STYLES = ("|", ">")


class CannotSpliceError(Exception):
    """This text is written in a way that a single cut cannot change."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a document indents. step: a mapping below its key; dash: a list's dashes below their key."""

    step: int = 2
    dash: int = 2


def style_of(root: Node) -> Style:
    """What most of a document does; two columns where it shows nothing."""
    steps: list[int] = []
    dashes: list[int] = []
    _measure(root, steps, dashes)
    return Style(_most(steps, 2, least=1), _most(dashes, 2, least=0))


def _measure(node: Node, steps: list[int], dashes: list[int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.CollectionNode) and not value.flow_style and value.value:
                found = value.start_mark.column - key.start_mark.column
                (steps if isinstance(value, yaml.MappingNode) else dashes).append(found)
            _measure(value, steps, dashes)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _measure(item, steps, dashes)


def _most(found: list[int], default: int, *, least: int) -> int:
    good = [width for width in found if least <= width <= 8]  # noqa: PLR2004 - nobody indents by more
    return max(set(good), key=good.count) if good else default


# -- replacing --------------------------------------------------------------------------------------------


def replace(text: str, key: Node | None, node: Node, value: Any) -> str:
    """Another value in a node's place, on one line. key: its key in a mapping, None for a list's item."""
    start, end = node.start_mark.index, end_of(text, node)
    written = flow(value)
    if isinstance(node, yaml.ScalarNode):
        if not isinstance(value, (dict, list)):
            kept = node.style if node.style in ("'", '"') and isinstance(value, str) else ""
            written = scalar(value, quote=kept or "", like="" if node.style else node.value)
        if _is_unwritten(node):  # nothing is written: the null after a key or a dash
            at = _colon(text, key) if key is not None else start
            return f"{text[:at]} {written}{text[at:]}"
    elif key is not None and not node.flow_style and key.end_mark.line != node.start_mark.line:
        at = _colon(text, key)
        line = text[at : _line_end(text, at)].rstrip("\r\n")
        return f"{text[:at]} {written}{line.rstrip()}{text[end:]}"
    return text[:start] + written + text[end:]


def _colon(text: str, key: Node) -> int:
    """The place after a key's colon."""
    found = re.compile(r"[ \t]*:").match(text, key.end_mark.index)
    if found is None:
        raise CannotSpliceError
    return found.end()


# -- adding -----------------------------------------------------------------------------------------------


def add_entry(text: str, mapping: yaml.MappingNode, key: str, value: Any, *, order: Sequence[str], style: Style) -> str:
    """A new entry of a mapping: behind the last one that comes before it in the order, else at the end."""
    before = _predecessor(mapping, key, order)
    if mapping.flow_style:
        return _into_brackets(text, mapping, before + 1, f"{scalar(key)}: {flow(value)}")
    lines = entry(key, value, step=style.step, dash=style.dash)
    column = mapping.start_mark.column
    first = mapping.value[0][0]
    if before < 0 and not _begins_line(text, first):
        before = 0
    if before < 0:
        return _lines_at(text, _above(text, first.start_mark.index, column), column, lines)
    return _lines_at(text, _below(text, mapping.value[before], column), column, lines)


def _predecessor(mapping: yaml.MappingNode, key: str, order: Sequence[str]) -> int:
    """The index of the entry to stand behind; -1 for the beginning."""
    last = len(mapping.value) - 1
    if key not in order:
        return last
    earlier = set(order[: order.index(key)])
    known = [index for index, (name, _) in enumerate(mapping.value) if name.value in order]
    found = [index for index in known if mapping.value[index][0].value in earlier]
    return max(found) if found else -1 if known else last


def add_item(text: str, items: yaml.SequenceNode, index: int, value: Any, *, style: Style) -> str:
    """A new item of a list, to stand at the index."""
    if items.flow_style:
        return _into_brackets(text, items, index, flow(value))
    column = items.start_mark.column
    neighbour = items.value[max(index - 1, 0)]
    compact = isinstance(neighbour, yaml.CollectionNode) and neighbour.flow_style
    lines = [f"- {flow(value)}"] if compact else listed(value, step=style.step, dash=style.dash)
    if _begins_with_dash(text, neighbour):
        lines = _with_gap(lines, neighbour.start_mark.column - column - 1)
    if index > 0:
        return _lines_at(text, _below(text, neighbour, column), column, lines)
    at = items.start_mark.index
    if text[_line_start(text, at) : at].strip(" "):
        raise CannotSpliceError
    return _lines_at(text, _above(text, at, column), column, lines)


def _begins_with_dash(text: str, item: Node) -> bool:
    """Whether the item stands on the line of its dash."""
    at = item.start_mark.index
    return text[_line_start(text, at) : at].strip(" ") == "-"


def _with_gap(lines: list[str], gap: int) -> list[str]:
    """An item's lines with so many spaces behind the dash."""
    return [f"-{' ' * gap}{lines[0][2:]}", *(" " * (gap - 1) + line for line in lines[1:])]


def _into_brackets(text: str, node: Node, index: int, item: str) -> str:
    """An item of a flow collection, to stand at the index; all of its parts have exact marks."""
    if not node.value:
        at = node.end_mark.index - 1
        return text[:at] + item + text[at:]
    if index == 0:
        at = _parts(node.value[0])[0].start_mark.index
        return f"{text[:at]}{item}, {text[at:]}"
    at = end_of(text, _parts(node.value[index - 1])[-1])
    comma = re.compile(r"\s*,").match(text, at)
    if comma and index == len(node.value):
        return f"{text[: comma.end()]} {item}{text[comma.end() :]}"
    return f"{text[:at]}, {item}{text[at:]}"


# -- removing ---------------------------------------------------------------------------------------------


def remove(text: str, parent: Node, index: int) -> str:
    """Without one entry of a mapping, or one item of a list; not the only one."""
    part = parent.value[index]
    if parent.flow_style:
        return _out_of_brackets(text, parent, index)
    column = parent.start_mark.column
    start = _parts(part)[0].start_mark.index
    if isinstance(parent, yaml.SequenceNode):
        start = text.rindex("-", 0, start)
    end = _below(text, part, column)
    if text[_line_start(text, start) : start].strip(" "):  # behind a dash: the next one moves there
        if index + 1 >= len(parent.value):
            raise CannotSpliceError
        following = _parts(parent.value[index + 1])[0].start_mark.index
        if isinstance(parent, yaml.SequenceNode):
            following = text.rindex("-", 0, following)
        return text[:start] + text[following:]
    return text[: _above(text, start, column)] + text[end:]


def _out_of_brackets(text: str, parent: Node, index: int) -> str:
    parts = _parts(parent.value[index])
    start, end = parts[0].start_mark.index, end_of(text, parts[-1])
    comma = re.compile(r"\s*,[ \t]*").match(text, end)
    if comma:
        return text[:start] + text[comma.end() :]
    before = re.compile(r"[ \t]*,[ \t]*\Z").search(text[:start])
    return text[: before.start() if before else start] + text[end:]


# -- places -----------------------------------------------------------------------------------------------


def end_of(text: str, node: Node) -> int:
    """The end of what is written of a node."""
    last = _last_leaf(node)
    end: int = last.end_mark.index
    if _is_block(last):
        return len(text[:end].rstrip())  # a block text's mark is at the beginning of a next line
    return _colon(text, last) if last is not node and _is_bare_key(node, last) else end


def _is_bare_key(node: Node, last: Node) -> bool:
    """Whether the last thing written inside a node is a key that nothing follows."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        parts = _parts(node.value[-1])
        if parts[0] is last and len(parts) > 1:
            return True
        node = parts[-1]
    return False


def _parts(part: Any) -> tuple[Node, ...]:
    return part if isinstance(part, tuple) else (part,)


def _last_leaf(node: Node) -> Node:
    """The last thing written inside a node: a block collection's own mark is only at the next token."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        parts = _parts(node.value[-1])
        value = parts[-1]
        if len(parts) > 1 and _is_unwritten(value):
            return parts[0]
        return _last_leaf(value)
    return node


def _is_unwritten(node: Node) -> bool:
    """Whether it is the null after a key or a dash, of which nothing is written."""
    return isinstance(node, yaml.ScalarNode) and not node.value and not node.style


def _below(text: str, part: Any, column: int) -> int:
    """The beginning of the line below an entry or item; comments that are indented more belong to it."""
    parts = _parts(part)
    value = parts[-1]
    leaf = _last_leaf(parts[0] if len(parts) > 1 and _is_unwritten(value) else value)
    at = _line_end(text, max(end_of(text, leaf) - 1, 0) if _is_block(leaf) else end_of(text, leaf))
    if _is_block(leaf):
        at = max(at, leaf.end_mark.index)
    while (found := re.compile(r"( *)#[^\n]*(?:\n|\Z)").match(text, at)) and len(found[1]) > column:
        at = found.end()
    return at


def _is_block(leaf: Node) -> bool:
    return isinstance(leaf, yaml.ScalarNode) and leaf.style in BLOCK_STYLES


def _above(text: str, at: int, column: int) -> int:
    """The beginning of the line of a place, or of the comments right above it at its indentation."""
    start = _line_start(text, at)
    while start > 0:
        line_start = _line_start(text, start - 1)
        line = text[line_start : start - 1]
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) != column:
            break
        start = line_start
    return start


def _begins_line(text: str, node: Node) -> bool:
    at = node.start_mark.index
    return not text[_line_start(text, at) : at].strip(" ")


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """The beginning of the next line."""
    return text.find("\n", at) + 1 or len(text)


def _lines_at(text: str, at: int, column: int, lines: Sequence[str]) -> str:
    """Whole lines at the beginning of a line, with the line breaks that the text has there."""
    newline = "\r\n" if text[:at].endswith("\r\n") or (at == 0 and "\r\n" in text) else "\n"
    if at > 0 and text[at - 1] != "\n":
        newline = "\r\n" if "\r\n" in text else "\n"
        joined = newline.join(" " * column + line for line in lines)
        return text[:at] + newline + joined + text[at:]
    return text[:at] + "".join(" " * column + line + newline for line in lines) + text[at:]
