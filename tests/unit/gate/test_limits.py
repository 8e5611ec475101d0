"""The token bucket."""

from __future__ import annotations

from molthub.gate.limits import TokenBucket


def test_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(rate=2.0, burst=3)
    assert [bucket.take(now=100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(now=100.5) for _ in range(2)] == [True, False]
    assert sum(bucket.take(now=101.0 + step / 100) for step in range(1000)) == 20
    assert [bucket.take(now=1000.0) for _ in range(4)] == [True, True, True, False]


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(rate=1.0, burst=1)
    assert bucket.take(now=100.0)
    assert not bucket.take(now=100.0)
    assert not bucket.take(now=50.0)
    assert bucket.take(now=51.0)
