"""Where a secret's value comes from: a hidden prompt, a pipe, a file or chance. Never an argument: `ps` shows those."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from secrets import token_urlsafe

from molthub.cli.terminal import Terminal
from molthub.errors import StallingError
from molthub.provider.secrets import SecretText

RANDOM_BYTES = 32
MOST_BYTES = 65_536
"""Of a value (Secrets Manager, quotas); one byte more is read, to tell that there is more."""


def generated() -> SecretText:
    """32 random bytes, URL-safe."""
    return SecretText(token_urlsafe(RANDOM_BYTES))


def read_value(term: Terminal, *, what: str, from_file: Path | None) -> SecretText:
    """The value from a file, from what is piped in, or asked for twice without an echo.

    One line end at the end is left off, and a byte order mark at the start: editors and `echo` add them, and no token
    has one.
    Raises MH-SCRT-011 for a value that cannot be one, -012 when the two typed ones differ.
    """
    if from_file is not None:
        return _checked(_read_file(from_file))
    if sys.stdin is None:  # closed by whoever started this
        raise _no_value("there is nothing to read it from")
    if not sys.stdin.isatty():
        return _checked(sys.stdin.buffer.read(MOST_BYTES + 1))
    return _checked(_typed(term, f"Value of {what} (not shown): "))


def ask_value(term: Terminal, *, what: str) -> SecretText | None:
    """The value, asked of a person at a terminal twice without an echo, until it is one; None for just Enter."""
    while True:
        try:
            typed = _typed(term, f"{what} (not shown; Enter to set it later): ", may_be_empty=True)
            return _checked(typed) if typed else None
        except StallingError as error:
            term.say(f"  {error.diagnostic.message}; once more")


def _typed(term: Terminal, prompt: str, *, may_be_empty: bool = False) -> bytes:
    """What is typed, without an echo wherever the other streams go; None as a stream is the terminal."""
    stream = term.err if term.err.isatty() else None
    first = getpass.getpass(prompt, stream=stream)
    if not first and may_be_empty:
        return b""
    if getpass.getpass("The same again: ", stream=stream) != first:
        raise StallingError("MH-SCRT-012", "the two values differ, so nothing was changed", fix="Try again")
    return first.encode("utf-8", "surrogateescape")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise StallingError(
            "MH-SCRT-011", f"the value cannot be read from {path}: {error.strerror}", fix="Check the path"
        ) from error


def _checked(content: bytes) -> SecretText:
    if len(content) > MOST_BYTES:
        raise _no_value(f"it is longer than {MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise _no_value("it is not text")
    for end in ("\r\n", "\n"):
        if text.endswith(end):
            text = text.removesuffix(end)
            break
    if not text.strip():
        raise _no_value("it is empty")
    return SecretText(text)


def _no_value(why: str) -> StallingError:
    return StallingError(
        "MH-SCRT-011",
        f"the value is not taken: {why}",
        fix="Type it, pipe it in, or name a file with --from-file",
    )
