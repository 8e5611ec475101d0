"""An AWS that says what a test writes down for it: for answers that neither AWS nor the simulator gives on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Scripted:
    """Answers each operation with the next of its answers, and with the last for ever; an exception is raised."""

    answers: dict[str, list[Any]]
    asked: list[str] = field(default_factory=list)

    def client(self, _service: str) -> Scripted:
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**_params: Any) -> Any:
            self.asked.append(operation)
            there = self.answers[operation]
            found = there.pop(0) if len(there) > 1 else there[0]
            if isinstance(found, Exception):
                raise found
            return found

        return answer
