"""What a signed request is made of: the key, which is never an argument, and the body, byte for byte."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from molthub.cli.terminal import Terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.gate.signature import Mode

MAX_BODY = 256 * 1024
STDIN = "-"
_MOST = 64 * 1024

KeyFileOption = Annotated[
    str | None,
    typer.Option(
        "--key-file", metavar="FILE|-", help="Read the key from a file or stdin; by default from a pipe, or asked for"
    ),
]
KeyFdOption = Annotated[
    int | None, typer.Option("--key-fd", metavar="N", min=0, help="Read the key from an open file descriptor")
]
BodyOption = Annotated[
    str | None, typer.Option("--body", metavar="FILE|-", help="Read the body from a file or stdin, byte for byte")
]


def read_key(term: Terminal, *, file: str | None, descriptor: int | None, stdin_taken: bool) -> bytes:
    """The key: from the file, the descriptor, a pipe, or a hidden prompt on the terminal. Raises MH-GATE-010."""
    if file is not None and descriptor is not None:
        raise typer.BadParameter("give the key once", param_hint="--key-file and --key-fd")
    if (file == STDIN or descriptor == 0) and stdin_taken:
        raise typer.BadParameter("stdin is the body already", param_hint="--key-file or --key-fd")
    if file is not None or descriptor is not None:
        return _checked(_piped(file, descriptor))
    if not stdin_taken and sys.stdin is not None and not sys.stdin.isatty():
        piped = _piped(STDIN, None)
        if piped:
            return _checked(piped)
    return _checked(_asked(term))


def _piped(file: str | None, descriptor: int | None) -> str:
    try:
        if descriptor is not None:
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                raw = stream.read(_MOST)
        elif file == STDIN:
            raw = _stdin().read(_MOST)
        else:
            with Path(file or "").open("rb") as stream:
                raw = stream.read(_MOST)
    except OSError as error:
        where = file if descriptor is None else f"file descriptor {descriptor}"
        raise _no_key(f"the key cannot be read from {where}: {error.strerror}") from error
    return raw.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r")


def _stdin() -> BinaryIO:
    """Raises OSError when whoever started this closed it."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdin.buffer


def _asked(term: Terminal) -> str:
    """From the terminal itself, so that stdin may carry the body."""
    if not term.err.isatty() or not Path("/dev/tty").exists():
        raise _no_key("nobody can be asked for the key without a terminal")
    import getpass

    return getpass.getpass("Key: ")


def _no_key(message: str) -> StallingError:
    return StallingError("MH-GATE-010", message, fix="Name it with --key-file FILE, --key-file - or --key-fd N")


def _checked(text: str) -> bytes:
    from molthub.gate.settings import SHORTEST_KEY, usable_key

    if not usable_key(text):
        raise StallingError(
            "MH-GATE-010",
            f"that cannot be a key: it is shorter than {SHORTEST_KEY} characters, or holds a space or a line's end",
            fix="Give the value of the secret that the manifest names (webhook.token, or Slack's signingSecret)",
        )
    return text.encode()


def read_body(term: Terminal, path: str) -> bytes:
    """The body's bytes. Raises MH-GATE-011."""
    try:
        if path == STDIN:
            stdin = _stdin()
            if stdin.isatty():
                term.say("The body, ended by Ctrl-D on a line of its own:")
            body = stdin.read(MAX_BODY + 1)
        else:
            with Path(path).open("rb") as stream:
                body = stream.read(MAX_BODY + 1)
    except OSError as error:
        message = f"the body cannot be read from {path}: {error.strerror}"
        raise StallingError("MH-GATE-011", message, fix="Name a readable file, or - for stdin") from error
    if len(body) > MAX_BODY:
        raise StallingError("MH-GATE-011", f"the body has more than {MAX_BODY // 1024} KiB", fix="Send less of it")
    return body


def mode_of_path(path: str) -> Mode:
    """How requests to a path are signed. Raises MH-GATE-012 for a path that the gate can never let through."""
    from molthub.gate.settings import mode_of

    mode = mode_of(path)
    if mode is None:
        raise StallingError(
            "MH-GATE-012",
            f"{path!r} is no path of a webhook",
            fix="Say one of the manifest's spec.channels.webhook.paths, such as /hooks/agent, without query or final /",
        )
    return mode
