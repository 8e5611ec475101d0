"""What `molthub logs` asks of a cloud's log store: the lines that an instance's containers wrote.

Reading them is a person's right, not the reconciler's: a `LogReader` works with the credentials of the person at the
keyboard. Contract for every method: it raises only MolthubErrors; a line's text is whatever the Moltbot, or whoever
talks to it, made it write, so nobody prints it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from molthub.provider.protocols import Location
from molthub.resources.identity import Identity


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line.

    at         when it was written, by the machine that wrote it
    id         the store's own: the same line read twice has it twice
    container  `gateway`, `init` or `gate`; "" where the stream's name does not tell
    task       id of the task; "" where the stream's name does not tell
    stream     what the store keeps it in
    """

    at: datetime
    id: str
    container: str
    task: str
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines are meant.

    since, until  bounds of `at`, both included; until None: up to the newest
    pattern       in the store's own language (CloudWatch: filter pattern syntax); "" for all
    container     its name; "" for all
    task          the beginning of the task's id; "" for all
    """

    since: datetime
    until: datetime | None = None
    pattern: str = ""
    container: str = ""
    task: str = ""


class LogReader(Protocol):
    """The logs of the instances of one environment. Thread-safe.

    Every method raises WaitingError MH-LOG-001 while the instance has no log at all, and StallingError MH-LOG-002 for
    a pattern that the store does not understand.
    """

    def newest(self, identity: Identity, query: LogQuery, *, count: int) -> tuple[LogLine, ...]:
        """The newest lines of those meant, at most so many, oldest first."""
        ...

    def read(self, identity: Identity, query: LogQuery) -> Iterator[LogLine]:
        """All lines meant, oldest first, as they arrive: what was given stays given when a later part fails."""
        ...


LogReaderFactory = Callable[[Location], LogReader]
"""Chosen by the composition roots. One reader for each environment's place."""
