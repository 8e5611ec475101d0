"""Following a log: what is new, what was seen, and what passes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from molthub.cli.following import LONGEST_PAUSE, OVERLAP, Known, follow
from molthub.cli.views.logs import human
from molthub.errors import MolthubError, StallingError, TransientError, WaitingError
from molthub.manifest.token_formats import masked
from molthub.provider.logs import LogQuery
from tests.fakes.clock import START, FakeClock
from tests.fakes.fleet import identity
from tests.fakes.logs import FakeLogs, line


def watched(logs: FakeLogs, *, looks: int, known: Known | None = None) -> tuple[list[str], list[str], FakeClock]:
    """Texts shown, references of trouble told, and the clock, after so many looks."""
    shown: list[str] = []
    told: list[str] = []
    clock = FakeClock()

    def trouble(error: MolthubError) -> None:
        told.append(error.ref)

    follow(
        logs,
        identity(),
        LogQuery(since=START - timedelta(days=1)),
        known=known or Known(START),
        clock=clock,
        interval=2.0,
        show=lambda item: shown.append(item.text),
        trouble=trouble,
        over=lambda: len(logs.queries) >= looks,
    )
    return shown, told, clock


def test_a_line_is_shown_once_however_often_it_is_read() -> None:
    logs = FakeLogs([line(START, "a"), line(START, "a", number=1), line(START + timedelta(seconds=1), "b")])
    shown, told, _ = watched(logs, looks=4)
    assert (shown, told) == (["a", "a", "b"], [])
    assert [query.since for query in logs.queries[1:]] == [START + timedelta(seconds=1) - OVERLAP] * 3


def test_what_was_shown_before_is_passed_over_and_what_comes_late_is_not() -> None:
    logs = FakeLogs([line(START - timedelta(seconds=20), "late"), line(START, "known")])
    known = Known(START)
    assert [item.text for item in known.fresh([logs.lines[1]])] == ["known"]
    assert watched(logs, looks=1, known=known)[0] == ["late"]


def test_the_memory_of_lines_does_not_grow() -> None:
    known = Known(START)
    for minute in range(100):
        list(known.fresh([line(START + timedelta(minutes=minute), "x")]))
    assert len(known._seen) == 2, "as far back as a look may go, and as much again"


def test_what_passes_is_told_once_and_waited_for() -> None:
    throttled = TransientError("MH-AWS-016", "throttled", fix="")
    missing = WaitingError("MH-LOG-001", "no log", after=1.0, fix="")
    logs = FakeLogs([line(START, "a")], [missing, missing, throttled, *([throttled] * 3), None, throttled])
    shown, told, clock = watched(logs, looks=8)
    assert shown == ["a"]
    assert told == ["MH-LOG-001", "MH-AWS-016", "MH-AWS-016"]
    assert clock.slept == [4.0, 8.0, 16.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE, 2.0]


def test_what_does_not_pass_ends_it() -> None:
    with pytest.raises(StallingError):
        watched(FakeLogs([], [StallingError("MH-AWS-003", "denied", fix="")]), looks=2)


def test_a_line_for_people() -> None:
    shown = line(START, '{"a":1}\tb\x07\n')
    assert human(shown, colour=False, timestamps=True) == '2027-01-04T09:00:00.000Z gateway/01234567 {"a":1} b\\x07'
    painted = human(shown, colour=True, timestamps=False)
    assert painted.startswith("\x1b[32mgateway/01234567\x1b[0m ")


def test_tokens_in_a_line_are_masked() -> None:
    token, key = "xoxb" + "-123456789012-abc", "sk-ant-" + "a" * 20
    text = f'"{token}" and {key}, https://ana:hunter2@example.com/x'
    assert masked(text) == '"[a Slack token]" and [an Anthropic key], https[an address with a password]example.com/x'
    assert masked("nothing to hide: 4711") == "nothing to hide: 4711"
