"""The real clock."""

from __future__ import annotations

import time

from molthub.apply.settings import SystemClock, never


def test_it_knows_its_zone() -> None:
    assert SystemClock().now().utcoffset() is not None


def test_it_sleeps_as_long_as_it_is_told() -> None:
    began = time.monotonic()
    SystemClock().sleep(0.05, never)
    assert time.monotonic() - began >= 0.05


def test_a_cancellation_wakes_it() -> None:
    asked = iter([False, True])
    began = time.monotonic()
    SystemClock().sleep(60, lambda: next(asked))
    assert time.monotonic() - began < 5
