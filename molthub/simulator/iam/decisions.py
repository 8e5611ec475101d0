"""What IAM was asked and how it answered, for tests to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molthub.simulator.iam.evaluator import Ask


@dataclass(frozen=True, slots=True)
class Judged:
    """One question that an operation of a session asked IAM, and the answer."""

    operation: str
    ask: Ask
    allowed: bool

    def as_json(self) -> dict[str, Any]:
        context = {key: list(values) for key, values in sorted(self.ask.context.items())}
        return {
            "operation": self.operation,
            "action": self.ask.action,
            "resource": self.ask.resource,
            "context": context,
            "allowed": self.allowed,
        }
