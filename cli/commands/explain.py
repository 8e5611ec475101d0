"""`molthub explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import Terminal, terminal

PAGE_FORMAT = "molthub.dev/page/v1"


def explain(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(metavar="REFERENCE|INSTANCE", help="MH-…-NNN, or an instance's name")],
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
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
        return
    from molthub.cli import context
    from molthub.cli.explaining import explain_instance
    from molthub.cli.views import explanation

    found = explain_instance(context.roots_of(ctx), what, repo=repo, ref=ref)
    if output is Output.JSON:
        term.json(explanation.data(found))
    else:
        term.data(explanation.human(found, colour=term.colour_out))


def _page(ref: str, output: Output, term: Terminal) -> None:
    from molthub.cli.pages import find_page

    page = find_page(ref)
    if output is Output.JSON:
        term.json({"format": PAGE_FORMAT, "ref": page.ref, "title": page.title, "text": page.text})
    else:
        term.data(page.text)
