"""Text that is safe to show, and how it is painted."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that can move a cursor, hide or reorder text: control, format (bidi and zero-width
included), surrogates, private use, unassigned, line and paragraph separators."""

CODES = {"green": "32", "yellow": "33", "red": "31", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}
STEP = 1024
NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def safe(text: str) -> str:
    """The text on one line, with whatever a terminal would obey written as an escape (CVE-2025-47933's class)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(char) if unicodedata.category(char) in UNSAFE else char for char in text)


def _escape(char: str) -> str:
    if char in NAMED:
        return NAMED[char]
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 - fits two digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - fits four


def paint(text: str, colour: str, *, on: bool) -> str:
    """The text in a colour or weight of CODES; as it is when colours are off or the name is none of them."""
    code = CODES.get(colour)
    return f"\x1b[{code}m{text}\x1b[0m" if on and code and text else text


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size(count: int | None) -> str:
    """Bytes for people: `512 B`, `6.0 KiB`, `1.3 GiB`; - when it is not known."""
    if count is None:
        return "-"
    amount, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < STEP:
            break
        amount, unit = amount / STEP, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def columns(rows: Sequence[tuple[str, ...]], *, gap: int = 2) -> list[str]:
    """Rows as aligned columns, the last one ragged. Widths count characters as a terminal shows them."""
    if not rows:
        return []
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["".join(_pad(cell, size + gap) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]


def _pad(cell: str, size: int) -> str:
    return cell + " " * (size - width(cell))


def width(text: str) -> int:
    """Cells a terminal needs: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
