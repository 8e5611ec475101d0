"""Each request once: within the window, over a restart, with a clock that goes back, with a full memory."""

from __future__ import annotations

import random

import pytest

from molthub.gate.refusals import Refusal
from molthub.gate.replay import SKEW, WINDOW, ReplayMemory

START = 1_000_000


def memory(capacity: int = 100, started: float = START) -> ReplayMemory:
    return ReplayMemory(started=started, capacity=capacity)


def take(seen: ReplayMemory, timestamp: int, name: bytes = b"a", *, now: float | None = None) -> Refusal | None:
    refusal = seen.judge(timestamp, name, now=timestamp if now is None else now)
    if refusal is None:
        seen.remember(timestamp, name)
    return refusal


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (WINDOW + 1, Refusal.TIMESTAMP_OLD),
        (WINDOW, None),
        (0, None),
        (-SKEW, None),
        (-SKEW - 1, Refusal.TIMESTAMP_FUTURE),
    ],
)
def test_the_window(age: int, expected: Refusal | None) -> None:
    now = START + 1000
    assert memory().judge_timestamp(now - age, now=now) is expected
    assert take(memory(), now - age, now=now) is expected


def test_once() -> None:
    seen = memory()
    assert take(seen, START + 10) is None
    assert take(seen, START + 10) is Refusal.REPLAY
    assert take(seen, START + 10, b"b") is None
    assert take(seen, START + 11) is None, "the same name at another time is another message; signatures differ anyhow"


def test_a_restart_refuses_whatever_the_one_before_could_have_taken() -> None:
    """Whatever an instance before took until its end at START - d is refused for ever by the one started at START."""
    chance = random.Random(7)
    for _ in range(200):
        taken_at = START - chance.random()
        timestamp = int(taken_at + chance.uniform(-WINDOW, SKEW))
        before = memory(started=START - 1000)
        assert take(before, timestamp, now=taken_at) is None
        after = memory(started=START + chance.random())
        for now in (START, timestamp, START + SKEW, START + WINDOW):
            assert take(after, timestamp, now=now) is not None


def test_the_first_seconds_are_said() -> None:
    seen = memory()
    assert not seen.accepts_since(START)
    assert not seen.accepts_since(START + SKEW + 0.9)
    assert seen.accepts_since(START + SKEW + 1)
    assert take(seen, START + SKEW + 1) is None


def test_what_was_forgotten_is_refused_when_the_clock_goes_back() -> None:
    seen = memory()
    assert take(seen, START + 10) is None
    assert take(seen, START + 400) is None
    assert seen.count == 1, "the first is out of its window and forgotten"
    assert take(seen, START + 10, now=START + 20) is Refusal.TIMESTAMP_BEFORE_START
    assert take(seen, START + 400, now=START + 400) is Refusal.REPLAY


def test_a_full_memory_refuses_until_something_is_out_of_the_window() -> None:
    seen = memory(capacity=2)
    assert [take(seen, START + 10, name) for name in (b"a", b"b", b"c")] == [None, None, Refusal.REPLAY_MEMORY]
    assert take(seen, START + 10, b"a") is Refusal.REPLAY
    assert take(seen, START + 10 + WINDOW) is Refusal.REPLAY_MEMORY
    assert take(seen, START + 11 + WINDOW) is None
    assert seen.count == 1
