"""What the controller wrote down, read from MOLTHUB_DATABASE_URL where it is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from molthub.cli.context import database_url
from molthub.errors import Diagnostic, MolthubError, Severity, StallingError
from molthub.health.types import StatusRecord
from molthub.resources.identity import Identity

if TYPE_CHECKING:
    from molthub.state.store import Store

SCANNED_EVENTS = 10_000
"""How far back an instance that has no status any more is looked for."""


def required_url(url: str | None) -> str:
    """The URL of the database, which must be said. Raises MH-CLI-010."""
    if not url:
        raise StallingError(
            "MH-CLI-010",
            "there is no database to read: MOLTHUB_DATABASE_URL is not set",
            fix="Set it to the database that the controller writes to; without the variable that is "
            "sqlite:///molthub.db in the folder it was started in",
        )
    return url


@contextmanager
def store() -> Iterator[Store]:
    """The database, which must be there. Raises MH-CLI-010 when it is not said, MH-STATE-NNN when it is not usable."""
    url = required_url(database_url())
    from molthub.state.store import open_store

    opened = open_store(url, create=False)
    try:
        yield opened
    finally:
        opened.close()


def controller_statuses(fleet: str, *, warn: Callable[[Diagnostic], None]) -> Mapping[Identity, StatusRecord]:
    """The controller's records of a fleet; empty when MOLTHUB_DATABASE_URL is not set, or of no use (then it warns)."""
    if database_url() is None:
        return {}
    try:
        with store() as opened:
            return {record.identity: record for record in opened.statuses() if record.identity.fleet == fleet}
    except MolthubError as error:
        warn(replace(error.diagnostic, severity=Severity.WARNING))
        return {}


def find_identity(opened: Store, text: str) -> Identity:
    """Whom a person means, by what the database knows: names of now, and ids of ever.

    Raises MH-CLI-011 for a name that is unknown or not unique.
    """
    found = {
        identity
        for identity, name in opened.names().items()
        if text in (name, name.rsplit("/", 1)[-1], str(identity), identity.id)
    }
    if not found:
        past = {event.identity for event in opened.events(limit=SCANNED_EVENTS)}
        found = {identity for identity in past if text in (str(identity), identity.id)}
    if len(found) == 1:
        return found.pop()
    if found:
        names = ", ".join(sorted(str(identity) for identity in found))
        raise StallingError("MH-CLI-011", f"{text} is not unique: {names}", fix="Say workspace/environment/name")
    raise StallingError("MH-CLI-011", f"the database knows no instance {text}", fix="See `molthub events` for all")
