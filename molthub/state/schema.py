"""What `molthub db` asks: which schema a database has, and to be brought to the newest."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.state import migrate
from molthub.state.engine import new_engine
from molthub.state.failures import absent, explained
from molthub.state.places import Place, SqliteFile, parse_place


@dataclass(frozen=True, slots=True)
class DatabaseSchema:
    """label: the place, without a password; found: the schema it has, None when it is empty; newest: this release's."""

    label: str
    found: str | None
    newest: str

    @property
    def is_newest(self) -> bool:
        return self.found == self.newest


def schema_at(url: str) -> DatabaseSchema:
    """Look at a database, and change nothing. Raises as open_store does."""
    place = parse_place(url)
    if isinstance(place, SqliteFile) and not place.path.exists():
        raise absent(place.label)
    return _with_engine(place, owner=None)


def upgrade(url: str, *, owner: str) -> DatabaseSchema:
    """Bring a database to the newest schema, or make it; gives what it had. Raises as open_store does."""
    return _with_engine(parse_place(url), owner=owner)


def _with_engine(place: Place, *, owner: str | None) -> DatabaseSchema:
    with explained(place):
        engine = new_engine(place)
        try:
            found = migrate.bring_up(engine, place, owner=owner) if owner else migrate.schema_of(engine, place)
        finally:
            engine.dispose()
    return DatabaseSchema(place.label, found.revision, migrate.newest())
