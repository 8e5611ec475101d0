"""A whole document as YAML that people like to read: block style, short things on one line, comments where wanted.

For files that Molthub writes from nothing. A file that is there is edited in place instead (editing.py).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.manifest.writing import flow, same, scalar
from molthub.manifest.yaml_events import parse

Path = tuple[str | int, ...]

WIDTH = 110
STEP = "  "


def composed(
    document: Mapping[str, Any],
    *,
    first: str | None = None,
    head: Iterable[str] = (),
    notes: Mapping[Path, str] | None = None,
) -> str:
    """The document as text that reads back as exactly this.

    first  what the first line's comment says, as it is: for an editor
    head   comment paragraphs above the document, each wrapped
    notes  path of a value → a comment beside it, above it where the line has no room
    """
    lines = [f"# {first}"] if first else []
    lines += [line for text in head for line in _comment(text, "")]
    lines += _mapping(document, (), "", notes or {})
    text = "\n".join(lines) + "\n"
    assert same(parse(text.encode()), dict(document)), "what is written reads back as it was meant"
    return text


def _mapping(value: Mapping[str, Any], path: Path, indent: str, notes: Mapping[Path, str]) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(key, item, (*path, key), indent, notes)


def _entry(key: str, value: Any, path: Path, indent: str, notes: Mapping[Path, str]) -> Iterator[str]:
    start = f"{indent}{scalar(key)}:"
    if not value or not isinstance(value, dict | list) or _is_short(value):
        yield from _noted(f"{start} {flow(value)}", notes.get(path), indent)
        return
    yield from _noted(start, notes.get(path), indent)
    if isinstance(value, dict):
        yield from _mapping(value, path, indent + STEP, notes)
    else:
        for index, item in enumerate(value):
            yield from _item(item, (*path, index), indent + STEP, notes)


def _item(value: Any, path: Path, indent: str, notes: Mapping[Path, str]) -> Iterator[str]:
    """One item of a list: on one line where it is flat and fits, else as a block."""
    one = f"{indent}- {flow(value)}"
    flat = not isinstance(value, dict | list) or (_is_flat(value) and len(one) <= WIDTH)
    if flat or not value or not isinstance(value, dict):
        below = [note for at, note in notes.items() if at[: len(path)] == path]
        yield from _noted(one, "; ".join(below) or None, indent)
        return
    first, *rest = _mapping(value, path, indent + STEP, {})
    yield f"{indent}- {first.removeprefix(indent + STEP)}"
    yield from rest


def _is_short(value: Any) -> bool:
    """`{secret: NAME}`, `[a, b]`: what people write on one line."""
    if isinstance(value, dict):
        return len(value) == 1 and "secret" in value and _is_flat(value)
    return _is_flat(value) and len(flow(value)) <= WIDTH // 2


def _is_flat(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return not any(isinstance(item, dict | list) for item in items)


def _noted(line: str, note: str | None, indent: str) -> Iterator[str]:
    if note is None:
        yield line
        return
    beside = f"{line}  # {_one_line(note)}"
    if len(beside) <= WIDTH:
        yield beside
    else:
        yield from _comment(note, indent)
        yield line


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        _one_line(text),
        width=WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
