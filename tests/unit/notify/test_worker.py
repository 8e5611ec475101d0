"""Delivering: gathered, tried again, given up at last, and never waited for by anybody else."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import structlog

from molthub.errors import TransientError
from molthub.events.notices import Notice, NoticeKind
from molthub.notify import worker
from molthub.notify.post import Answer
from molthub.notify.worker import Notifier
from molthub.resources.identity import Identity

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DOWN = Answer(arrived=False, why="HTTP 500", again=True)
GONE = Answer(arrived=False, why="HTTP 404")
ARRIVED = Answer(arrived=True)


def a_notice(name: str) -> Notice:
    return Notice(NOW, Identity("acme-bots", "acme", "prod", name), f"acme/prod/{name}", NoticeKind.FAILED, "crashed")


class Box:
    """An outbox in memory."""

    def __init__(self, *names: str) -> None:
        self.rows = {number: a_notice(name) for number, name in enumerate(names)}
        self.failing = 0

    def pending(self, limit: int) -> Sequence[tuple[int, Notice]]:
        if self.failing:
            self.failing -= 1
            raise TransientError("MH-STATE-004", "busy")
        return sorted(self.rows.items())[:limit]

    def settle(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self.rows[number]


class Wire:
    """Answers as told, and remembers what was posted; the last answer stays."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.posted: list[list[str]] = []
        self.arrived = threading.Event()

    def __call__(self, body: bytes) -> Answer:
        self.posted.append([item["id"] for item in json.loads(body)["molthub"]["notices"]])
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.arrived:
            self.arrived.set()
        return answer


def notifier(box: Box, wire: Wire, lost: list[str]) -> Notifier:
    return Notifier(
        outbox=box,
        post=wire,
        label="https://hooks.example.com",
        now=lambda: NOW,
        jitter=lambda: 0.0,
        lost=lambda notice, why: lost.append(f"{notice.name}: {why}"),
        log=structlog.wrap_logger(logging.getLogger("test")),
        gather=0.0,
        spacing=0.0,
    )


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_WAIT", 0.001)


def test_what_came_together_is_one_message() -> None:
    box, wire = Box("a", "b"), Wire(ARRIVED)
    notifier(box, wire, []).deliver()
    assert (wire.posted, box.rows) == ([["a", "b"]], {})


def test_it_is_tried_again_with_what_came_meanwhile() -> None:
    box, wire = Box("a"), Wire(DOWN, DOWN, ARRIVED)
    made = notifier(box, wire, [])
    made.deliver()
    assert (wire.posted, box.rows) == ([["a"]] * 3, {})


def test_it_is_given_up_at_last_and_the_next_goes_out() -> None:
    lost: list[str] = []
    box, wire = Box("a"), Wire(*[DOWN] * worker.TRIES, ARRIVED)
    made = notifier(box, wire, lost)
    made.deliver()
    assert len(wire.posted) == worker.TRIES
    assert (lost, box.rows) == (["acme/prod/a: HTTP 500"], {})
    box.rows[9] = a_notice("b")
    made.deliver()
    assert wire.posted[-1] == ["b"]


def test_a_receiver_that_will_never_take_it_is_not_asked_again() -> None:
    lost: list[str] = []
    box, wire = Box("a"), Wire(GONE)
    notifier(box, wire, lost).deliver()
    assert (wire.posted, lost, box.rows) == ([["a"]], ["acme/prod/a: HTTP 404"], {})


def test_the_waits_grow_and_the_receivers_own_wish_counts() -> None:
    made = notifier(Box(), Wire(ARRIVED), [])
    found = [made._wait_before(failed, DOWN) / 0.001 for failed in (1, 2, 3)]
    assert found == pytest.approx([0.5, 1.0, 2.0])
    assert made._wait_before(30, DOWN) == worker.LONGEST_WAIT / 2
    assert made._wait_before(1, Answer(arrived=False, again=True, retry_after=90.0)) == 90.0


def test_the_thread_delivers_what_wakes_it_and_survives_the_database() -> None:
    box, wire = Box("left"), Wire(ARRIVED)
    box.failing = 1
    made = notifier(box, wire, [])
    made.start()
    made.wake()
    assert wire.arrived.wait(5) or made.wake() or wire.arrived.wait(5)
    made.close()
    assert wire.posted == [["left"]]


def test_closing_tries_once_more_and_leaves_the_rest() -> None:
    box, wire = Box("a"), Wire(DOWN)
    made = notifier(box, wire, [])
    made.gather = 60.0
    made.start()
    made.close()
    assert (len(wire.posted), list(box.rows)) == (1, [0]), "one try, at once, and it stays in the outbox"
