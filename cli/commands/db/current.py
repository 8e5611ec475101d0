"""`molthub db current`."""

from __future__ import annotations

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import DatabaseOption, Output, OutputOption
from molthub.cli.terminal import terminal


def current(database_url: DatabaseOption = None, output: OutputOption = Output.HUMAN) -> int:
    """Show which schema the database has

    Changes nothing. Exits 1 when it is not the newest that this release knows.
    """
    from molthub.cli.records import required_url
    from molthub.cli.views import database as view
    from molthub.state.schema import schema_at

    found = schema_at(required_url(database_url))
    term = terminal()
    if output is Output.JSON:
        term.json(view.data(found))
    else:
        term.data(view.human(found))
    return ExitCode.OK if found.is_newest else ExitCode.FAILED
