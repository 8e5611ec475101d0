"""`molthub explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.options import NoColorOption, Output, OutputOption
from molthub.cli.terminal import Terminal, terminal

PAGE_FORMAT = "molthub.dev/page/v1"


def explain(
    what: Annotated[str, typer.Argument(metavar="REFERENCE|INSTANCE", help="MH-…-NNN, or an instance's name")],
    output: OutputOption = Output.HUMAN,
    no_color: NoColorOption = False,
) -> None:
    """Explain a reference, or why an instance is as it is

    For a reference it prints its page. For an instance it says what is blocking, since when, who did what, and
    the next step, from Git and AWS.
    """
    from molthub.cli.pages import is_reference

    term = terminal(no_color=no_color)
    if is_reference(what):
        _page(what, output, term)


def _page(ref: str, output: Output, term: Terminal) -> None:
    from molthub.cli.pages import find_page

    page = find_page(ref)
    if output is Output.JSON:
        term.json({"format": PAGE_FORMAT, "ref": page.ref, "title": page.title, "text": page.text})
    else:
        term.data(page.text)
