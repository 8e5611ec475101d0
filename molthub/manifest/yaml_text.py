"""From bytes to text that is fit to parse, and the words for what is not."""

from __future__ import annotations

import codecs
import re
from typing import Any, NamedTuple

MAX_BYTES = 256 * 1024

# Control characters but tab, line feed and carriage return; the ones that end a line only for YAML (they would
# shift every line number); the ones that reorder text on a screen ("Trojan Source", CVE-2021-42574); a BOM inside;
# half a surrogate pair, which the pure parser lets an escape make.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

Words = tuple[str, str, str]
"""Reference, message, fix."""

_QUOTE = ("MH-YAML-003", "a quote is opened and never closed", "Close it")
_FOLLOWS = ("MH-YAML-003", "something follows the end of the document", "Remove it, or indent it like the rest")
_COLON = ("MH-YAML-003", "a `: ` where no key can be", "Quote the text that holds it, or mend the indentation")
_LIST = ("MH-YAML-003", "a `[` is opened and not closed properly", "Close it, with commas between items")
_BRACE = ("MH-YAML-003", "a `{` is opened and not closed properly", "Close it, with commas between entries")
_BEGIN = ("MH-YAML-003", "a character that cannot begin a value here", "Quote the value")
_ENTRY = ("MH-YAML-003", "the line does not fit the mapping around it", "Write `key: value`, indented alike")
_ITEM = ("MH-YAML-003", "the line does not fit the list around it", "Begin each item with `- `, indented alike")
_ESCAPE = ("MH-YAML-003", "an escape that stands for no character", "Mend it, or use single quotes")
_TAG = ("MH-YAML-009", "an explicit tag (`!name`) is not allowed", "Remove the tag; quote text values")

# In the parser's problem, in its context → our words; the first that fits.
_SENTENCES: tuple[tuple[str, str, Words], ...] = (
    ("end of stream", "quoted scalar", _QUOTE),
    ("document separator", "quoted scalar", _QUOTE),
    ("document indicator", "quoted scalar", _QUOTE),
    ("escape", "", _ESCAPE),
    ("<document start>", "", _FOLLOWS),
    ("mapping values are not allowed", "", _COLON),
    ("", "flow sequence", _LIST),
    ("", "flow mapping", _BRACE),
    ("", "flow node", _LIST),
    ("cannot start any token", "", _BEGIN),
    ("expected ':'", "", _ENTRY),
    ("", "block mapping", _ENTRY),
    ("", "simple key", _ENTRY),
    ("", "block collection", _ITEM),
    ("", "block sequence", _ITEM),
    ("tag handle", "", _TAG),
    ("", "a tag", _TAG),
)


class Mark(NamedTuple):
    """Line and column, both from 1; a column counts characters."""

    line: int
    column: int


class YamlRefusedError(Exception):
    """Why a document is not read.

    unreadable  nothing can be said about whose it is: not UTF-8, not YAML, or nothing
    partial     the root's entries that were complete before the refusal
    """

    def __init__(self, ref: str, message: str, *, fix: str, mark: Mark, unreadable: bool = False) -> None:
        super().__init__(message)
        self.ref = ref
        self.message = message
        self.fix = fix
        self.mark = mark
        self.unreadable = unreadable
        self.partial: dict[str, Any] = {}


def unwanted_character(text: str) -> int | None:
    """The index of the first character that no manifest may hold, or None."""
    found = _UNWANTED.search(text)
    return found.start() if found else None


def decode(content: bytes) -> str:
    """UTF-8 text without its BOM, at most MAX_BYTES, free of control characters. Raises YamlRefusedError."""
    if len(content) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise YamlRefusedError("MH-YAML-001", message, fix="Split it; a manifest is a few KiB", mark=Mark(1, 1))
    for bom, name in _OTHER_ENCODINGS:
        if content.startswith(bom):
            raise _broken("MH-YAML-002", f"the file is {name}, not UTF-8", "Save it as UTF-8", Mark(1, 1))
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        mark = _mark_at(content[: error.start].decode())
        raise _broken("MH-YAML-002", "the file is not UTF-8", "Save it as UTF-8", mark) from None
    index = unwanted_character(text)
    if index is not None:
        raise _unwanted(text, index)
    return text


def unreadable(error: Exception, text: str, *, partial: dict[str, Any], run_on: Mark | None = None) -> YamlRefusedError:
    """The parser's complaint in our words; never a piece of the text, which may hold a secret.

    run_on: where a quoted text of several lines began, when it was the last thing that could be read.
    """
    mark = getattr(error, "problem_mark", None)
    if run_on is not None:
        refusal = _broken(*_QUOTE, run_on)
    elif mark is None:  # a character or an escape that YAML does not allow
        refusal = _broken("MH-YAML-003", "a character that YAML does not allow", "Remove it", Mark(1, 1))
    else:
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        problem, context = str(getattr(error, "problem", "")), str(getattr(error, "context", ""))
        ref, message, fix = _words(problem, context, line)
        refusal = _broken(ref, message, fix, _place(error, lines))
    refusal.partial = partial
    return refusal


def _place(error: Exception, lines: list[str]) -> Mark:
    """Where a person should look: at the opening quote or bracket, and never after the last line."""
    mark, context = getattr(error, "problem_mark", None), str(getattr(error, "context", ""))
    opened = getattr(error, "context_mark", None)
    if opened is not None and ("quoted scalar" in context or "flow " in context):
        mark = opened
    assert mark is not None
    if mark.line >= len(lines):
        return Mark(max(len(lines), 1), 1)
    return Mark(mark.line + 1, mark.column + 1)


def _words(problem: str, context: str, line: str) -> Words:
    """Reference, message and fix for libyaml's and PyYAML's own sentences, which are alike enough."""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "MH-YAML-005", "the line is indented with a tab", "Indent with spaces"
    for in_problem, in_context, words in _SENTENCES:
        if in_problem in problem and in_context in context:
            return words
    return "MH-YAML-003", "the file is not valid YAML here", "Mend the syntax; an editor with YAML support shows it"


def _unwanted(text: str, index: int) -> YamlRefusedError:
    mark = _mark_at(text[:index])
    code = ord(text[index])
    what = "a NUL character" if code == 0 else f"a control or direction-changing character (U+{code:04X})"
    return YamlRefusedError("MH-YAML-004", what, fix="Remove it", mark=mark)


def _mark_at(before: str) -> Mark:
    lines = re.split(r"\r\n|\r|\n", before)
    return Mark(len(lines), len(lines[-1]) + 1)


def _broken(ref: str, message: str, fix: str, mark: Mark) -> YamlRefusedError:
    return YamlRefusedError(ref, message, fix=fix, mark=mark, unreadable=True)
