"""Addresses in a cloud's own web console, for people. Nothing is asked of anybody to make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from molthub.provider.protocols import Location


@dataclass(frozen=True, slots=True)
class LogSpan:
    """What a link to logs opens. stream "": all of the group; start, end None: what the console shows by itself."""

    group: str
    stream: str = ""
    start: datetime | None = None
    end: datetime | None = None
    pattern: str = ""


class Console(Protocol):
    """The console of one account and region."""

    def service(self, *, cluster: str, name: str) -> str:
        """The page of an instance's service."""
        ...

    def logs(self, span: LogSpan) -> str:
        """The page of a log."""
        ...


ConsoleFactory = Callable[[Location], Console]
