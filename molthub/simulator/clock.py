"""Simulated time: it runs `speed` times as fast as the wall and can be pushed forward."""

from __future__ import annotations

from collections.abc import Callable

TimeSource = Callable[[], float]


class SimulatedClock:
    """Seconds since the simulator started, as the simulated account lives through them.

    steady  a monotonic source of seconds; wall  seconds since 1970, for the dates AWS reports.
    """

    def __init__(self, *, steady: TimeSource, wall: TimeSource, speed: float) -> None:
        self._steady = steady
        self._wall = wall
        self._speed = speed
        self._anchor = steady()
        self._elapsed = 0.0

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> float:
        """Simulated seconds since the start."""
        return self._elapsed + (self._steady() - self._anchor) * self._speed

    def set_speed(self, speed: float) -> None:
        """Change the pace from now on; what has passed stays passed."""
        self._reanchor(self.now())
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Push simulated time forward; the wall does not move."""
        self._reanchor(self.now() + seconds)

    def date_of(self, moment: float) -> float:
        """The date (seconds since 1970) to report for a simulated moment.

        Dates stay on the wall's clock, whatever the speed, so that nothing a client reads lies in its future.
        """
        behind = max(0.0, self.now() - moment) / self._speed
        return round(self._wall() - behind, 3)

    def _reanchor(self, elapsed: float) -> None:
        self._anchor = self._steady()
        self._elapsed = elapsed
