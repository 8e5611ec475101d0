"""`molthub db`: which schema a database has, and the way to the newest."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from molthub.state.migrate import newest
from tests.fakes.cli import Cli

FIRST_RELEASE = Path(__file__).resolve().parents[1] / "fakes" / "first_release.sql"


def test_a_database_is_made_looked_at_and_brought_up(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "molthub.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST_RELEASE.read_text())
    connection.close()
    url = ("--database-url", f"sqlite:///{path}")
    old = cli.run("db", "current", *url)
    assert (old.code, old.out) == (
        1,
        f"{path} has schema 0000: `molthub db upgrade`, or a controller that starts, brings {newest()}.\n",
    )
    assert cli.run("db", "upgrade", *url).err == f"Brought {path} from schema 0000 to {newest()}.\n"
    assert cli.run("db", "upgrade", *url).err == f"{path} has schema {newest()} already, the newest.\n"
    now = cli.run("db", "current", *url)
    assert (now.code, now.out) == (0, f"{path} has schema {newest()}, the newest.\n")
    assert json.loads(cli.run("db", "current", *url, "-o", "json").out) == {
        "format": "molthub.dev/database/v1",
        "database": str(path),
        "schema": newest(),
        "newest": newest(),
        "isNewest": True,
    }


def test_looking_makes_none_and_upgrading_does(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MH-CLI-010" in cli.run("db", "current").err
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    assert "MH-STATE-008" in cli.run("db", "current").err
    assert not (tmp_path / "new.db").exists()
    assert cli.run("db", "upgrade").err == f"Made {tmp_path}/new.db with schema {newest()}.\n"
