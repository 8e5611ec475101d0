"""What the parts of the ECS engine share: time, ids, images, durations, and the account around them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from molthub.simulator.ecs.agenda import Agenda
from molthub.simulator.ecs.images import Images
from molthub.simulator.ecs.state import Json, Region
from molthub.simulator.task_logs import Moment


class Surroundings(Protocol):
    """What ECS asks of the rest of the account when it starts a task. Every answer is None or AWS's words."""

    def assume_problem(self, account: str, role_arn: str) -> str | None:
        """Why ECS cannot assume the role."""
        ...

    def pass_problem(self, account: str, role_arn: str) -> str | None:
        """Why the caller may not pass the role to ECS (a role too new to be usable)."""
        ...

    def startup_problem(self, region: Region, content: Json) -> str | None:
        """Why a task of this definition cannot be initialised (secrets, log group)."""
        ...

    def mount_problem(self, region: Region, content: Json, subnet: str, groups: Sequence[str]) -> str | None:
        """Why a task of this definition cannot mount its file systems."""
        ...

    def gateway_runs(self, region: Region, content: Json) -> None:
        """A task of this definition began to run: it may write to its file systems from now on."""
        ...

    def log(self, region: Region, definition: Json, *, task: str, moment: Moment, date: float) -> None:
        """A container (its definition) of a task writes what it says at such a moment into its log."""
        ...

    def capacity_problem(self, region: Region, units: float) -> str | None:
        """Why there is no room for a task of so many CPU units more."""
        ...

    def network_problem(self, region: Region, subnets: list[str], groups: list[str]) -> str | None:
        """Why the subnets or security groups cannot be used."""
        ...

    def balancer_problem(self, region: Region, content: Json, balancers: list[Json]) -> str | None:
        """Why a service of this definition cannot use these load balancers."""
        ...

    def target_seconds(self, region: Region, balancers: list[Json]) -> float:
        """Simulated seconds of RUNNING until the load balancers trust a task; 0.0 without any."""
        ...

    def draining_seconds(self, region: Region, balancers: list[Json]) -> float:
        """Simulated seconds that the load balancers let a task finish; 0.0 without any."""
        ...

    def mark_target(self, balancers: list[Json], address: str, state: str | None) -> None:
        """Tell the load balancers of a task: `initial`, `healthy`, `draining`, or None: it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Timings:
    """How long things take, in simulated seconds: of the order that Fargate shows."""

    attach: float = 4
    prepare: float = 3
    pull: float = 8
    init: float = 4
    crash: float = 3
    exits_later: float = 120
    flaps: float = 20
    die: float = 1
    stop: float = 8
    steady: float = 3
    healthy_without_check: float = 40  # a task without a health check counts as healthy after 40 s of RUNNING
    retry: float = 5
    retry_limit: float = 300
    drained: float = 2
    interface: float = 30  # a stopped task's network interface holds its security group this much longer
    forget: float = 3600  # ECS shows stopped tasks for about an hour


class Ids:
    """Ids shaped as ECS shapes them, from one seeded source."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids of a simulation

    def hexadecimal(self, length: int) -> str:
        return f"{self._random.getrandbits(length * 4):0{length}x}"

    def digits(self, length: int = 19) -> str:
        return str(self._random.randrange(10 ** (length - 1), 10**length))

    def uuid(self) -> str:
        text = self.hexadecimal(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def word(self, length: int = 21) -> str:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return "".join(self._random.choice(alphabet) for _ in range(length))


@dataclass(slots=True)
class Engine:
    """One simulated AWS's ECS, all accounts and regions together.

    date_of  turns a simulated moment into the date (seconds since 1970) that is reported for it
    """

    ids: Ids
    surroundings: Surroundings
    date_of: Callable[[float], float]
    images: Images = field(default_factory=Images)
    timings: Timings = field(default_factory=Timings)
    agenda: Agenda = field(default_factory=Agenda)
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)

    def region(self, account: str, name: str) -> Region:
        key = (account, name)
        if key not in self.regions:
            self.regions[key] = Region(account, name)
        return self.regions[key]

    @property
    def now(self) -> float:
        return self.agenda.now
