"""Things that happen at a simulated moment, in order, however late somebody looks."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Agenda:
    """A queue of actions by time. While one runs, `now` is the moment it was due, not the moment it was found."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Action]] = []
        self._count = 0
        self.now = 0.0

    def after(self, seconds: float, action: Action) -> None:
        """Let action happen `seconds` from now."""
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, action))

    def run_until(self, moment: float) -> None:
        """Let everything happen that is due until then; actions may add others."""
        while self._due and self._due[0][0] <= moment:
            due, _, action = heapq.heappop(self._due)
            self.now = max(self.now, due)
            action()
        self.now = max(self.now, moment)
