"""What CloudWatch Logs refuses of a FilterLogEvents, for tests/unit/simulator/test_refusals.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.simulator import TestSimulator

Attempt = Callable[[TestSimulator], object]


def _filter(simulator: TestSimulator, **changes: Any) -> None:
    logs = simulator.client("logs")
    logs.create_log_group(logGroupName="/bot")
    logs.filter_log_events(logGroupName="/bot", **changes)


MALFORMED: dict[str, tuple[Attempt, str]] = {
    "streams-and-prefix": (
        lambda s: _filter(s, logStreamNames=["a"], logStreamNamePrefix="a"),
        "InvalidParameterException",
    ),
    "newest-first": (lambda s: _filter(s, startFromHead=False), "InvalidParameterException"),
}

REFUSED: dict[str, tuple[Attempt, str]] = {
    "missing-stream": (lambda s: _filter(s, logStreamNames=["a"]), "ResourceNotFoundException"),
    "filter-pattern": (lambda s: _filter(s, filterPattern='error "open'), "InvalidParameterException"),
}
