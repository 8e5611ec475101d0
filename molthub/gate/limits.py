"""A token bucket, and a budget of bytes. Pure: time comes in, in seconds of a clock that never goes back."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """`burst` at once, `rate` a second on average."""

    rate: float
    burst: int
    _tokens: float = field(init=False)
    _filled: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)

    def take(self, *, now: float) -> bool:
        """Take one token, if there is one."""
        if self._filled is not None:
            self._tokens = min(float(self.burst), self._tokens + max(0.0, now - self._filled) * self.rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class ByteBudget:
    """How much may be held at once, by all together."""

    capacity: int
    held: int = field(init=False, default=0)

    def take(self, size: int) -> bool:
        """Hold `size` more, if that fits."""
        if self.held + size > self.capacity:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        self.held -= size
