"""What was asked of the simulator: every call in order, reads and writes counted, violations kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. caller: the access key; error: the code it was answered with; fault: the fault rule that met it."""

    number: int
    service: str
    operation: str
    write: bool
    account: str
    region: str
    caller: str = ""
    error: str | None = None
    fault: str | None = None

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that no AWS would accept, or that this simulator cannot answer: a fault of whoever sent it."""

    ref: str
    call: str
    message: str

    def __str__(self) -> str:
        return f"{self.ref} {self.call}: {self.message}"


class Ledger:
    """Counts what comes in, whatever becomes of it."""

    def __init__(self) -> None:
        self.calls: list[Entry] = []
        self.violations: list[Violation] = []

    def record(self, entry: Entry) -> None:
        self.calls.append(entry)

    def violate(self, violation: Violation) -> None:
        self.violations.append(violation)

    def reset(self) -> None:
        self.calls.clear()
        self.violations.clear()

    def counters(self) -> dict[str, Any]:
        """{"reads", "writes", "operations": {"ecs:CreateService": 1}}"""
        writes = sum(entry.write for entry in self.calls)
        operations = Counter(entry.name for entry in self.calls)
        return {"reads": len(self.calls) - writes, "writes": writes, "operations": dict(sorted(operations.items()))}

    def log(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.calls]
