"""What an SQLite file has of its own: permissions, and its journal on a network file system."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.events.types import Event, EventType
from molthub.resources.identity import Identity
from molthub.state import sqlite
from molthub.state.sqlite import is_on_a_network
from molthub.state.store import open_store

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
BOT = Identity("acme-bots", "acme", "prod", "support-bot")


def an_event(message: str) -> Event:
    return Event(NOW, BOT, EventType.SYNCED, message, "controller")


def test_the_file_and_its_parents_are_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    store = open_store(f"sqlite:///{folder}/molthub.db")
    store.add_event(an_event("one"))
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "molthub.db": 0o600,
        "molthub.db-wal": 0o600,
        "molthub.db-shm": 0o600,
    }
    store.close()


MOUNTS = """\
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
40 22 0:36 / /var/lib/molthub rw,relatime shared:9 - nfs4 127.0.0.1:/ rw,vers=4.1
41 40 0:37 / /var/lib/molthub/cache rw - tmpfs tmpfs rw
42 22 0:38 / /mnt/with\\040space rw - nfs server:/x rw
43 22 259:3 / /over rw - nfs server:/y rw
44 22 259:4 / /over rw - xfs /dev/b rw
not a mount
"""


@pytest.mark.parametrize(
    ("path", "networked"),
    [
        ("/home/ana/molthub.db", False),
        ("/var/lib/molthub/molthub.db", True),
        ("/var/lib/molthub/cache/molthub.db", False),
        ("/var/lib/molthub2/molthub.db", False),
        ("/mnt/with space/molthub.db", True),
        ("/over/molthub.db", False),
    ],
)
def test_a_network_file_system_is_known_by_its_mount(path: str, networked: bool) -> None:
    assert is_on_a_network(Path(path), MOUNTS) is networked
    assert not is_on_a_network(Path(path), "")


def test_on_a_network_there_is_no_shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAL needs memory shared by all users of the file; EFS has none. A file that was in WAL mode is converted."""
    url = f"sqlite:///{tmp_path / 'molthub.db'}"
    local = open_store(url)
    local.add_event(an_event("one"))
    local.close()
    monkeypatch.setattr(sqlite, "_mounts", lambda: f"1 0 0:1 / {tmp_path} rw - nfs4 127.0.0.1:/ rw")
    store = open_store(url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.add_event(an_event(str(number))), range(20)))
    assert len(store.events()) == 21
    assert sorted(path.name for path in tmp_path.iterdir()) == ["molthub.db"]
    store.close()
