"""Where a database is: a URL, read once. What is shown of a place never holds a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from molthub.errors import StallingError

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SECRET_OPTIONS = ("password", "passfile", "sslkey")


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file on this machine, or on a network file system."""

    path: Path

    @property
    def label(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """A database of a PostgreSQL server; url may hold a password, the label never."""

    url: URL = field(repr=False)

    @property
    def label(self) -> str:
        """`postgresql://HOST:PORT/DATABASE`, without user, password and options."""
        shown = URL.create("postgresql", host=self.url.host, port=self.url.port, database=self.url.database)
        return shown.render_as_string()

    def without_secrets(self, text: str) -> str:
        """The text, with every value in the URL that may be secret taken out."""
        values = [str(self.url.password)] if self.url.password is not None else []
        for name, value in self.url.query.items():
            if any(part in name for part in _SECRET_OPTIONS):
                values += [value] if isinstance(value, str) else value
        for value in sorted(filter(None, values), key=len, reverse=True):
            text = text.replace(value, "***")
        return text


Place = SqliteFile | PostgresDatabase


def parse_place(url: str) -> Place:
    """The place a URL names: `sqlite:///FILE` (four slashes for an absolute path), `postgresql://USER@HOST/DATABASE`.

    Raises MH-STATE-001 for any other, and repeats nothing of it but the scheme: the rest may hold a password.
    """
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+]*(?=:)", url)
    if scheme is not None and scheme[0].lower() in _SCHEMES:
        return PostgresDatabase(_postgres_url(url))
    found = re.fullmatch(r"sqlite:///(?P<path>[^?#]+)", url)
    if found is None or found["path"] == ":memory:":
        raise _unsupported(f"'{scheme[0]}'" if scheme else "this")
    return SqliteFile(Path(unquote(found["path"])).expanduser().absolute())


def _postgres_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # a port that is no number, for one; its message may repeat the URL
        raise _unsupported("'postgresql'") from None
    if not url.database:
        raise _unsupported("'postgresql'")
    return url.set(drivername="postgresql+psycopg")


def _unsupported(shown: str) -> StallingError:
    return StallingError(
        "MH-STATE-001",
        f"no database can be kept at {shown}: it is kept in an SQLite file or in PostgreSQL",
        fix="Write it as sqlite:///molthub.db, sqlite:////var/lib/molthub/molthub.db for an absolute path, "
        "or postgresql://USER@HOST/DATABASE",
    )
