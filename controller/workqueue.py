"""The work queue: keys only, one worker per key, de-duplicated, with backoff and places for rollouts.

The semantics of Kubernetes' work queue: a key that is added while it waits is there once; one that is added while it
is worked on comes again when that is done; a key never has two workers. What is to be done is read anew by the worker,
so nothing depends on having seen every event.

Slots: rollouts of a group (an environment) are limited. A key that finds no free slot is parked, and comes back by
itself when one is freed, without holding a worker.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

BACKOFF_FIRST = 5.0
BACKOFF_LONGEST = 600.0


def backoff(attempt: int, *, jitter: float) -> float:
    """Seconds to wait before try number `attempt` + 1: 5 s doubled up to 10 min, half of it jitter (0 ≤ jitter < 1)."""
    whole: float = min(BACKOFF_LONGEST, BACKOFF_FIRST * 2 ** min(attempt, 12))
    return whole / 2 + whole / 2 * jitter


@dataclass(slots=True)
class _Slots(Generic[K]):
    """woken: keys that were parked and are on their way back, each with a slot in mind that it may not want."""

    limit: int
    held: set[K] = field(default_factory=set)
    parked: deque[K] = field(default_factory=deque)
    woken: set[K] = field(default_factory=set)


class WorkQueue(Generic[K]):
    """Thread-safe. `monotonic` gives seconds that only grow."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._condition = threading.Condition()
        self._waiting: dict[K, None] = {}  # ordered: first in, first out
        self._active: set[K] = set()
        self._again: set[K] = set()
        self._later: list[tuple[float, int, K]] = []
        self._due: dict[K, float] = {}
        self._counter = 0
        self._slots: dict[Hashable, _Slots[K]] = {}
        self._closed = False

    def add(self, key: K) -> None:
        """Queue the key now; a later time it was waiting for is forgotten."""
        with self._condition:
            self._due.pop(key, None)
            self._add(key)

    def _add(self, key: K) -> None:
        if key in self._active:
            self._again.add(key)
        else:
            self._waiting.setdefault(key)
            self._condition.notify_all()  # of all who wait, somebody may wait for something else

    def add_after(self, key: K, seconds: float) -> None:
        """Queue the key later, unless it comes up before."""
        with self._condition:
            due = self._monotonic() + seconds
            if due < self._due.get(key, float("inf")):
                self._due[key] = due
                self._counter += 1
                heapq.heappush(self._later, (due, self._counter, key))
                self._condition.notify_all()

    def get(self) -> K | None:
        """The next key, waiting for one; None when the queue is closed. Call `done` for every key."""
        with self._condition:
            while not self._closed:
                self._ripen()
                if self._waiting:
                    key = next(iter(self._waiting))
                    del self._waiting[key]
                    self._active.add(key)
                    return key
                self._condition.wait(self._until_next())
            return None

    def done(self, key: K) -> None:
        """The worker is finished with the key."""
        with self._condition:
            self._active.discard(key)
            self._release(key)
            if key in self._again:
                self._again.discard(key)
                self._add(key)
            self._condition.notify_all()

    def take_slot(self, key: K, group: Hashable, limit: int) -> bool:
        """Whether the active key may roll out now; if not it is parked, and comes back when a slot is free."""
        with self._condition:
            slots = self._slots.setdefault(group, _Slots(limit))
            slots.limit = limit
            slots.woken.discard(key)
            if key in slots.held or len(slots.held) < limit:
                slots.held.add(key)
                return True
            if key not in slots.parked:
                slots.parked.append(key)
            return False

    def hold_slot(self, key: K, group: Hashable, limit: int) -> None:
        """Give the key a slot whatever the limit: its rollout is under way already. It is freed by the key's `done`."""
        with self._condition:
            slots = self._slots.setdefault(group, _Slots(limit))
            slots.limit = limit
            slots.held.add(key)

    @property
    def parked(self) -> frozenset[K]:
        """Keys that wait for a slot."""
        with self._condition:
            return frozenset(key for slots in self._slots.values() for key in slots.parked)

    def wait_idle(self, *, include_later: bool = False) -> None:
        """Return when nothing waits, is parked or is worked on; keys that are due later count only if asked for."""
        with self._condition:
            self._ripen()
            while not self._closed and (self._busy() or (include_later and self._due)):
                self._condition.wait(0.2)
                self._ripen()

    def close(self) -> None:
        """Let every `get` return None; what is worked on goes on."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _busy(self) -> bool:
        return bool(self._waiting or self._active or any(slots.parked for slots in self._slots.values()))

    def _release(self, key: K) -> None:
        """Wake as many parked keys as there are slots free: also after one that wanted none after all."""
        for slots in self._slots.values():
            slots.held.discard(key)
            if key not in self._again:
                slots.woken.discard(key)
            while slots.parked and len(slots.held | slots.woken) < slots.limit:
                woken = slots.parked.popleft()
                slots.woken.add(woken)
                self._add(woken)

    def _ripen(self) -> None:
        now = self._monotonic()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key)

    def _until_next(self) -> float | None:
        return max(0.0, self._later[0][0] - self._monotonic()) if self._later else None
