"""The environment's limits hold across controllers: what one began, its successor counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from molthub.apply.settings import Cancel
from molthub.resources.identity import Identity
from molthub.resources.observation import RolloutState
from molthub.resources.types import Kind
from tests.builders import environment_dict, instance_dict
from tests.fakes.clock import FakeClock
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import FakeProvider, Script

NAMES = [f"bot-{number}" for number in range(6)]
LIMITS = environment_dict(spec={"rollout": {"maxConcurrent": 2, "stopAfterFailures": 2}})


def fleet_of(cpu: int) -> list[dict[str, object]]:
    runtime = {"runtime": {"cpu": cpu, "memory": 4096}}
    return [LIMITS, *(instance_dict(metadata={"name": name}, spec=runtime) for name in NAMES)]


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


class Gate(FakeClock):
    """A clock on which nobody who waits gets on before it is opened, or he is told to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        while not cancel() and not self.opened.wait(0.01):
            pass
        super().sleep(seconds, cancel)


def test_rollouts_of_a_controller_before_count_before_new_ones_begin(tmp_path: Path) -> None:
    fleet = FakeFleet()
    fleet.clock = Gate()
    fleet.clock.opened.set()
    first = FakeController(fleet, tmp_path / "state.db")
    fleet.commit(*fleet_of(1024))
    first.tick()
    prod = fleet.prod
    late = {identity(name) for name in NAMES[-2:]}
    for who in late:
        prod.script(who, Script(polls=3))
    fleet.clock.opened.clear()
    fleet.commit(LIMITS, *fleet_of(1024)[1:-2], *fleet_of(2048)[-2:])
    first.loop.tick()
    until(lambda: under_way(prod) == late)
    first.stop.set()
    first.close()

    fleet.commit(*fleet_of(2048))  # the four others are to follow
    prod.writes.clear()
    second = FakeController(fleet, tmp_path / "state.db")
    second.start()
    second.loop.tick()
    until(lambda: len(second.queue.parked) == len(NAMES) - len(late))
    assert prod.writes == []
    fleet.clock.opened.set()
    until(lambda: len({who for who, kind, _ in prod.writes if kind is Kind.SERVICE}) == 4 and not under_way(prod))
    second.queue.wait_idle()
    second.close()
    assert prod.most_rollouts <= 2


def under_way(prod: FakeProvider) -> set[Identity]:
    return {
        who
        for who, item in prod.instances.items()
        if item.rollout is not None and item.rollout.record.state is RolloutState.IN_PROGRESS
    }
