"""The terminal: who gets colours, who may be asked, and which stream gets what.

Data goes to stdout, progress and marks to stderr. Without a terminal there is no prompt, no spinner and no
colour. NO_COLOR (https://no-color.org), `TERM=dumb` and `--no-color` switch colours off.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command writes. interactive: a person sits at both ends and may be asked."""

    out: TextIO
    err: TextIO
    colour_out: bool
    colour_err: bool
    interactive: bool

    def data(self, text: str) -> None:
        """What the command was asked for."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def say(self, text: str = "") -> None:
        """Progress, marks, hints: never part of the data."""
        self.err.write(text + "\n")
        self.err.flush()

    def json(self, value: Any) -> None:
        """Data for machines: pure ASCII, so that no escape or bidi character reaches a terminal."""
        self.data(json.dumps(value, indent=2, ensure_ascii=True))


def terminal(*, no_color: bool = False, environ: Mapping[str, str] = os.environ) -> Terminal:
    """The process's own streams, looked at now."""
    plain = no_color or bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    return Terminal(
        out=sys.stdout,
        err=sys.stderr,
        colour_out=not plain and sys.stdout.isatty(),
        colour_err=not plain and sys.stderr.isatty(),
        interactive=sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty(),
    )


def prepare_streams() -> None:
    """A stream that cannot say a character says its escape instead of failing (LANG=C)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
