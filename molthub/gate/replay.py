"""Each signed request once, with bounded memory. Pure: time comes in, in Unix seconds.

Within its window a timestamp's requests are remembered; outside of it they are refused anyhow. Two things could make
the gate forget too early, and both are closed by `floor`, at or below which every timestamp is refused:

- its own restart: the floor starts at start + SKEW, the latest timestamp that a gate before could have taken
- a clock that is set back: whatever was forgotten raises the floor

A full memory refuses the new instead of forgetting the old. Only requests with a right signature get in, so nobody
without a key can fill it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from molthub.gate.refusals import Refusal

WINDOW = 300
"""How old a timestamp may be, in seconds: Slack's own, and long enough for a sender's second try."""
SKEW = 5
"""How far in the future it may be. Short, because after a start everything up to start + SKEW is refused."""


@dataclass(slots=True)
class ReplayMemory:
    """started: the gate's start, Unix seconds. capacity: how many requests it can remember at once."""

    started: float
    capacity: int
    floor: int = field(init=False)
    count: int = field(init=False, default=0)
    _seen: dict[int, set[bytes]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.floor = int(self.started) + SKEW

    def accepts_since(self, now: float) -> bool:
        """Whether a request that is signed now would be taken; not so in the first seconds after the start."""
        return int(now) > self.floor

    def judge_timestamp(self, timestamp: int, *, now: float) -> Refusal | None:
        """Whether the timestamp alone is a reason to refuse."""
        if timestamp < now - WINDOW:
            return Refusal.TIMESTAMP_OLD
        if timestamp > now + SKEW:
            return Refusal.TIMESTAMP_FUTURE
        return Refusal.TIMESTAMP_BEFORE_START if timestamp <= self.floor else None

    def judge(self, timestamp: int, name: bytes, *, now: float) -> Refusal | None:
        """Whether the request was seen, or cannot be remembered. Changes only what is out of the window."""
        self._forget(before=now - WINDOW)
        refusal = self.judge_timestamp(timestamp, now=now)
        if refusal is not None:
            return refusal
        if name in self._seen.get(timestamp, ()):
            return Refusal.REPLAY
        return Refusal.REPLAY_MEMORY if self.count >= self.capacity else None

    def remember(self, timestamp: int, name: bytes) -> None:
        """Take note of a request that `judge` let through."""
        self._seen.setdefault(timestamp, set()).add(name)
        self.count += 1

    def _forget(self, *, before: float) -> None:
        for timestamp in [one for one in self._seen if one < before]:
            self.count -= len(self._seen.pop(timestamp))
            self.floor = max(self.floor, timestamp)
