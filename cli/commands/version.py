"""`molthub version`."""

from __future__ import annotations

import sys

from molthub.cli.options import Output, OutputOption
from molthub.cli.terminal import terminal

VERSION_FORMAT = "molthub.dev/version/v1"


def version(output: OutputOption = Output.HUMAN) -> None:
    """Print the version of Molthub and of Python"""
    from molthub import __version__

    python = ".".join(str(part) for part in sys.version_info[:3])
    term = terminal()
    if output is Output.JSON:
        term.json({"format": VERSION_FORMAT, "version": __version__, "python": python})
    else:
        term.data(f"molthub {__version__} (Python {python})")
