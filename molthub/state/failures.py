"""What the database's failures mean to a person. No exception of SQLAlchemy or sqlite3 leaves this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from molthub.errors import MolthubError, StallingError, TransientError

_AGAIN = "Molthub tries again; look for another program that holds the file."


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns every failure of the database at the path into an `MH-STATE-NNN`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise meaning(path, str(getattr(error, "orig", None) or type(error).__name__)) from error
    except OSError as error:
        raise unusable(path, (error.strerror or "unknown reason").lower()) from error
    except ValueError as error:  # a word that no enumeration of ours has
        raise damaged(path) from error


def meaning(path: Path, said: str) -> MolthubError:
    """SQLite's own words to an error; the words are those of sqlite3ErrStr (sqlite.org/rescode.html)."""
    if "locked" in said or "busy" in said:
        return TransientError("MH-STATE-004", f"the database {path} is held by another program", fix=_AGAIN)
    if "not a database" in said or "malformed" in said:
        return damaged(path)
    if "disk" in said:
        return TransientError("MH-STATE-006", f"the database {path} cannot be written: {said}", fix="Check the disk")
    if "readonly" in said or "unable to open" in said:
        return unusable(path, said)
    return StallingError("MH-STATE-009", f"the database {path} refused a call: {said}")


def unusable(path: Path, why: str) -> StallingError:
    return StallingError(
        "MH-STATE-002",
        f"the database {path} cannot be opened for writing: {why}",
        fix="Give another place with MOLTHUB_DATABASE_URL, or make this one writable",
    )


def damaged(path: Path) -> StallingError:
    return StallingError(
        "MH-STATE-003",
        f"{path} is damaged, or no database of Molthub",
        fix="Move it away: Molthub makes a new one, and only history is lost",
    )
