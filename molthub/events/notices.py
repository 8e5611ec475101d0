"""Changes of an instance's condition that somebody wants to know without looking: what notifications are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from molthub.resources.identity import Identity


class NoticeKind(StrEnum):
    """What an instance's condition became. The word is part of the documented JSON shape: add, never rename."""

    FAILED = "failed"
    BLOCKED = "blocked"
    DRIFTED = "drifted"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of one instance's condition. message is for people; it never holds a secret.

    name  as people say it, `workspace/environment/name`
    ref   the diagnostic's reference, "" without one
    """

    at: datetime
    identity: Identity
    name: str
    kind: NoticeKind
    message: str
    ref: str = ""
    commit: str | None = None

    def is_news_after(self, last: Notice | None) -> bool:
        """Whether it is another condition than the last one told; being well is none before anything was wrong."""
        if last is None:
            return self.kind is not NoticeKind.RECOVERED
        if self.kind is NoticeKind.DRIFTED and last.kind in (NoticeKind.FAILED, NoticeKind.BLOCKED):
            return False  # somebody is looking already
        return self.condition != last.condition

    @property
    def condition(self) -> tuple[NoticeKind, str]:
        """What makes it another one: the kind, and what it is blocked by."""
        return (self.kind, self.ref if self.kind is NoticeKind.BLOCKED else "")
