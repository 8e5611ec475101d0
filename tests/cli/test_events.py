"""`molthub events`: filters, and following what is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from molthub.apply.settings import Cancel
from molthub.events.types import Event, EventType
from molthub.state.store import open_store
from tests.fakes.cli import Cli
from tests.fakes.clock import START, FakeClock
from tests.fakes.fleet import identity


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> str:
    found = f"sqlite:///{tmp_path}/molthub.db"
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", found)
    store = open_store(found)
    hour = timedelta(hours=1)
    stopped = "task 1 stopped: \x1b[31mexit 1"
    for event in (
        Event(START - 3 * hour, identity(), EventType.SYNCED, "old", "controller"),
        Event(START - 2 * hour, identity(), EventType.TASK_STOPPED, stopped, "aws", resource="1"),
        Event(START - 2 * hour, identity("dev-bot", "dev"), EventType.SYNCED, "dev", "controller"),
        Event(START - hour, identity(), EventType.RECOVERED, "well again", "controller"),
    ):
        store.add_event(event)
    store.close()
    return found


def messages(cli: Cli, *arguments: str) -> list[str]:
    return [item["message"] for item in json.loads(cli.run("events", "-o", "json", *arguments).out)["events"]]


def test_filters(cli: Cli, url: str) -> None:
    stopped = "task 1 stopped: \x1b[31mexit 1"
    assert messages(cli) == ["old", stopped, "dev", "well again"]
    assert messages(cli, "--type", "task-stopped", "--type", "recovered") == [stopped, "well again"]
    assert messages(cli, "--since", "150m", "--until", "90m") == [stopped, "dev"]
    assert messages(cli, "--environment", "acme/dev") == ["dev"]
    assert messages(cli, "--workspace", "other") == []
    assert messages(cli, "--workspace", "acme", "support-bot", "--limit", "1") == ["well again"]
    assert "\\e[31mexit 1" in cli.run("events").out
    wrong = cli.run("events", "--type", "explosion")
    assert wrong.code == 2
    assert "'explosion' is none of planned, change-started" in wrong.err
    assert cli.run("events", "--environment", "acme").code == 2
    assert cli.run("events", "--follow", "--until", "1h").code == 2


class Following(FakeClock):
    """While it is waited, somebody writes the next event down; then Ctrl-C."""

    def __init__(self, url: str, *events: Event) -> None:
        super().__init__()
        self.url, self.left = url, list(events)

    def sleep(self, _seconds: float, _cancel: Cancel) -> None:
        if not self.left:
            raise KeyboardInterrupt
        store = open_store(self.url)
        store.add_event(self.left.pop(0))
        store.close()


def test_following_shows_each_event_once_in_the_order_it_was_written(cli: Cli, url: str) -> None:
    late = Event(START - timedelta(hours=2), identity(), EventType.TASK_STOPPED, "told late", "aws", resource="2")
    new = Event(START, identity(), EventType.SYNCED, "new", "controller")
    cli.roots = replace(cli.roots, clock=lambda: Following(url, late, new))
    ended = cli.run("events", "support-bot", "--follow", "--limit", "1")
    assert ended.code == 130
    assert [line.split("  ")[-1].strip() for line in ended.out.splitlines()] == ["well again", "told late", "new"]
    cli.roots = replace(cli.roots, clock=lambda: Following(url, new))
    lines = cli.run("events", "--follow", "-o", "json", "--limit", "1").out.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["new", "new"]


def test_the_help_names_every_type(cli: Cli) -> None:
    told = " ".join(cli.run("events", "--help").out.split()).replace("- ", "-")
    assert [type_ for type_ in EventType if type_ not in told] == []
