"""What the database's failures mean to a person. No exception of SQLAlchemy or a driver leaves this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.state.places import Place, PostgresDatabase

_AGAIN = "Molthub tries again; look for another program that holds it"

_REFUSED = ("authentication failed", "no pg_hba.conf entry", "does not exist", "not permitted", "is not available")
"""In libpq's words for a connection that a person must mend; the SQLSTATE is not given then."""

_SURROUNDINGS = ("08", "53", "57P", "58")  # connection, resources, shutdown, system: postgresql.org, appendix A
_BUSY = frozenset({"55P03", "40001", "40P01", "57014"})
_DENIED = ("28", "3D", "42501", "25006")
_OLDER = frozenset({"42P01", "42703"})


@contextlib.contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turns every failure of the database into an `MH-STATE-NNN`."""
    try:
        yield
    except PoolTimeoutError as error:
        raise busy(place.label) from error
    except SQLAlchemyError as error:
        raise meaning(place, getattr(error, "orig", None) or error) from error
    except OSError as error:
        raise unusable(place.label, (error.strerror or "unknown reason").lower()) from error
    except ValueError as error:  # a word that no enumeration of ours has
        raise damaged(place) from error


def meaning(place: Place, error: BaseException) -> MolthubError:
    """The driver's own words to an error."""
    if isinstance(place, PostgresDatabase):
        return _of_postgres(place, error)
    return _of_sqlite(place, str(error) or type(error).__name__)


def _of_sqlite(place: Place, said: str) -> MolthubError:
    """The words are those of sqlite3ErrStr (sqlite.org/rescode.html)."""
    label = place.label
    if "locked" in said or "busy" in said:
        return busy(label)
    if "not a database" in said or "malformed" in said:
        return damaged(place)
    if "disk" in said:
        return TransientError("MH-STATE-006", f"the database {label} cannot be written: {said}", fix="Check the disk")
    if "readonly" in said or "unable to open" in said:
        return unusable(label, said)
    if "no such table" in said or "no such column" in said:
        return older(label)
    return StallingError("MH-STATE-009", f"the database {label} refused a call: {said}")


def _of_postgres(place: PostgresDatabase, error: BaseException) -> MolthubError:
    label, code = place.label, str(getattr(error, "sqlstate", None) or "")
    said = place.without_secrets(_first_line(error))
    if code in _BUSY:
        return busy(label)
    if code in _OLDER:
        return older(label)
    if code.startswith(_DENIED) or (not code and any(words in said for words in _REFUSED)):
        return StallingError(
            "MH-STATE-012",
            f"the database {label} does not let us in: {said}",
            fix="Check user, password and database of MOLTHUB_DATABASE_URL, and what the user may do there",
        )
    if not code or code.startswith(_SURROUNDINGS):
        return TransientError(
            "MH-STATE-011",
            f"the database {label} cannot be reached: {said}",
            fix="Check that the server runs and lets connections in; Molthub tries again",
        )
    return StallingError("MH-STATE-009", f"the database {label} refused a call: {said}")


def _first_line(error: BaseException) -> str:
    """A server's error has its detail on further lines, and the values of a row may be in there."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def busy(label: str) -> TransientError:
    return TransientError("MH-STATE-004", f"the database {label} is held by another program", fix=_AGAIN)


def unusable(label: str, why: str) -> StallingError:
    return StallingError(
        "MH-STATE-002",
        f"the database {label} cannot be opened for writing: {why}",
        fix="Give another place with MOLTHUB_DATABASE_URL, or make this one writable",
    )


def damaged(place: Place) -> StallingError:
    new = "Give Molthub an empty database" if isinstance(place, PostgresDatabase) else "Move it away"
    return StallingError(
        "MH-STATE-003",
        f"{place.label} is damaged, or no database of Molthub",
        fix=f"{new}: Molthub makes a new one, and only history is lost",
    )


def absent(label: str) -> StallingError:
    return StallingError(
        "MH-STATE-008",
        f"there is no database at {label}",
        fix="Set MOLTHUB_DATABASE_URL to the controller's database",
    )


def older(label: str) -> StallingError:
    return StallingError(
        "MH-STATE-010",
        f"the database {label} was written by an older Molthub, and what is asked for is not in it yet",
        fix="Run `molthub db upgrade`, or start the controller of this release on it",
    )
