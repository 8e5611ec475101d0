"""Simulated time: it runs `speed` times as fast as the wall and can be pushed forward."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

TimeSource = Callable[[], float]

_SKIPPED = 0.001
"""Moments that were skipped share this much of the wall's time (seconds), so that their dates keep their order."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From this simulated moment on, time ran steadily: `wall` and `steady` are what the clocks said then."""

    moment: float
    wall: float
    steady: float
    speed: float


class SimulatedClock:
    """Seconds since the simulator started, as the simulated account lives through them.

    steady  a monotonic source of seconds; wall  seconds since 1970, for the dates AWS reports.
    """

    def __init__(self, *, steady: TimeSource, wall: TimeSource, speed: float) -> None:
        self._steady = steady
        self._wall = wall
        self._stretches = [_Stretch(0.0, wall(), steady(), speed)]

    @property
    def speed(self) -> float:
        return self._stretches[-1].speed

    def now(self) -> float:
        """Simulated seconds since the start."""
        last = self._stretches[-1]
        return last.moment + (self._steady() - last.steady) * last.speed

    def set_speed(self, speed: float) -> None:
        """Change the pace from now on; what has passed stays passed. Raises ValueError unless it is above 0."""
        if speed <= 0:
            raise ValueError("speed must be above 0")
        self._begin(self.now(), speed)

    def advance(self, seconds: float) -> None:
        """Push simulated time forward; the wall does not move. Raises ValueError for a step back."""
        if seconds < 0:
            raise ValueError("time only goes forward")
        self._begin(self.now() + seconds, self.speed)

    def date_of(self, moment: float) -> float:
        """The date (seconds since 1970) to report for a simulated moment; the same whenever it is asked for.

        Dates stay on the wall's clock, whatever the speed, so that nothing a client reads lies in its future.
        """
        index = max(0, bisect_right(self._stretches, moment, key=lambda item: item.moment) - 1)
        stretch = self._stretches[index]
        date = stretch.wall + (moment - stretch.moment) / stretch.speed
        if index + 1 < len(self._stretches):
            following = self._stretches[index + 1]
            if date > following.wall:  # skipped by `advance`
                share = (moment - stretch.moment) / (following.moment - stretch.moment)
                date = following.wall + _SKIPPED * share
        return round(date, 6)

    def _begin(self, moment: float, speed: float) -> None:
        self._stretches.append(_Stretch(moment, self._wall(), self._steady(), speed))
