"""Logs in memory: `molthub.provider.logs.LogReader`, with lines that arrive when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from molthub.errors import MolthubError
from molthub.provider.logs import LogLine, LogQuery
from molthub.provider.protocols import Location
from molthub.resources.identity import Identity

TASK = "0123456789abcdef0123456789abcdef"


def line(at: datetime, text: str, *, number: int = 0, container: str = "gateway", task: str = TASK) -> LogLine:
    return LogLine(at, f"{at.isoformat()}/{number}/{text}", container, task, f"moltbot/{container}/{task}", text)


@dataclass(slots=True)
class FakeLogs:
    """lines: what is there, in any order. errors: raised by the next calls, one each, None for a call that answers."""

    lines: list[LogLine] = field(default_factory=list)
    errors: list[MolthubError | None] = field(default_factory=list)
    queries: list[LogQuery] = field(default_factory=list)

    def __call__(self, _location: Location) -> FakeLogs:
        return self

    def newest(self, identity: Identity, query: LogQuery, *, count: int) -> tuple[LogLine, ...]:
        return tuple(self.read(identity, query))[-count:]

    def read(self, _identity: Identity, query: LogQuery) -> Iterator[LogLine]:
        self.queries.append(query)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return iter(sorted((item for item in self.lines if _is_meant(item, query)), key=lambda item: item.at))


def _is_meant(item: LogLine, query: LogQuery) -> bool:
    return (
        item.at >= query.since
        and (query.until is None or item.at <= query.until)
        and query.pattern in item.text
        and query.container in ("", item.container)
        and item.task.startswith(query.task)
    )
