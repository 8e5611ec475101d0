"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import typer

from molthub.cli.times import future, past, span

NOW = datetime(2027, 1, 4, 9, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
    ],
)
def test_a_span_is_an_age_or_a_time_to_come(text: str, expected: timedelta) -> None:
    assert span(text, "--timeout") == expected
    assert past(text, NOW, "--since") == NOW - expected
    assert future(text, NOW, "--until") == (NOW + expected).replace(microsecond=0)


def test_a_time_without_a_zone_is_utc() -> None:
    assert past("2027-01-01T08:00", NOW, "--since") == datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert future("2027-01-07T08:00:00+01:00", NOW, "--until") == datetime(2027, 1, 7, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "10", "-5m", "1y", "2027-13-01", "9999999d"])
def test_anything_else_is_refused_with_its_option(text: str) -> None:
    for parse in (past, future):
        with pytest.raises(typer.BadParameter, match="neither a span like 12h nor a time"):
            parse(text, NOW, "--since")
    with pytest.raises(typer.BadParameter, match="no time span like"):
        span(text, "--timeout")


def test_what_is_over_cannot_be_waited_for_and_nothing_is_beyond_the_calendar() -> None:
    with pytest.raises(typer.BadParameter, match="over already"):
        future("2027-01-04T08:59Z", NOW, "--until")
    with pytest.raises(typer.BadParameter, match="too far away"):
        future("999999w", NOW, "--until")
    with pytest.raises(typer.BadParameter, match="too long ago"):
        past("999999w", NOW, "--since")
