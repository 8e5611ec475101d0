"""The controller keeps the index of commits up to the head it follows, and nothing that goes wrong there stops it."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog

from molthub.controller.indexer import Indexer
from molthub.errors import TransientError
from molthub.history.index import MemoryIndex
from tests.builders import instance_dict
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet
from tests.fakes.source import FakeSource


def test_every_head_that_is_followed_is_indexed(tmp_path: Path) -> None:
    fleet = FakeFleet()
    first = fleet.commit(instance_dict())
    controller = FakeController(fleet, tmp_path / "molthub.db")
    assert controller.once()
    assert controller.index.heads() == (first,)
    assert [entry.action for entry in controller.index.entries_in([first])[first]] == ["create", "create", "create"]
    controller.close()
    again = FakeController(fleet, tmp_path / "molthub.db")
    again.index.add((), head=first)
    second = fleet.commit(instance_dict(metadata={"labels": {"team": "x"}}))
    assert again.once()
    again.close()
    assert again.index.heads() == (second,)
    assert again.index.parents() == {second: (first,)}  # only what is new was read


class Failing(MemoryIndex):
    """A database that cannot be reached."""

    def heads(self) -> tuple[str, ...]:
        raise TransientError("MH-STATE-011", "the database cannot be reached")


def test_an_index_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    source = FakeSource()
    head = source.commit_tree({})
    log = structlog.wrap_logger(logging.getLogger("test"))
    indexer = Indexer(source, Failing(), stopping=lambda: False, log=log)
    indexer.take(head)
    indexer.close()


def test_a_controller_that_is_to_stop_leaves_a_long_reading_off() -> None:
    source, index = FakeSource(), MemoryIndex()
    head = source.commit_tree({})
    indexer = Indexer(source, index, stopping=lambda: True, log=structlog.wrap_logger(logging.getLogger("test")))
    indexer.take(head)
    indexer.close()
    assert index.heads() == ()
