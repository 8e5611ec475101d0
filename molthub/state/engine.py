"""Opens a database, whichever kind it is, at the schema of this release."""

from __future__ import annotations

from sqlalchemy import Engine

from molthub.state import migrate
from molthub.state.failures import explained
from molthub.state.places import Place, SqliteFile
from molthub.state.postgres import postgres_engine
from molthub.state.sqlite import sqlite_engine


def new_engine(place: Place) -> Engine:
    """An engine, without a look at the schema."""
    return sqlite_engine(place.path) if isinstance(place, SqliteFile) else postgres_engine(place)


def open_engine(place: Place, *, create: bool, owner: str) -> Engine:
    """The engine of the database. create: made where there is none, brought to our schema where it is older."""
    with explained(place):
        engine = new_engine(place)
        try:
            if create:
                migrate.bring_up(engine, place, owner=owner)
            else:
                migrate.require_readable(engine, place)
        except BaseException:
            engine.dispose()
            raise
        return engine
