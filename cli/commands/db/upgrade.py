"""`molthub db upgrade`."""

from __future__ import annotations

import os
import socket

from molthub.cli.options import DatabaseOption
from molthub.cli.terminal import terminal


def upgrade(database_url: DatabaseOption = None) -> None:
    """Bring the database to the schema of this release

    The controller does the same when it starts, so this is for who wants it done before, or by another user of the
    database. All of it happens or none. Makes the database where there is none. Refuses while a controller runs on
    an older one.
    """
    from molthub.cli.records import required_url
    from molthub.cli.views import database as view
    from molthub.state.schema import upgrade as bring_up

    before = bring_up(required_url(database_url), owner=f"molthub db upgrade on {socket.gethostname()}:{os.getpid()}")
    terminal().say(view.upgraded(before))
