"""What ECS remembers. Times are simulated seconds; the views turn them into dates."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

EVENTS_KEPT = 100
"""ECS keeps the last 100 events of a service."""

COMPLETED, FAILED, IN_PROGRESS = "COMPLETED", "FAILED", "IN_PROGRESS"
ACTIVE, DRAINING, INACTIVE = "ACTIVE", "DRAINING", "INACTIVE"


@dataclass(slots=True)
class Cluster:
    name: str
    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    status: str = ACTIVE


@dataclass(slots=True)
class Definition:
    """One revision of a task definition; `content` is what RegisterTaskDefinition was given, defaults filled in."""

    arn: str
    family: str
    revision: int
    content: Json
    registered_at: float
    tags: dict[str, str] = field(default_factory=dict)
    status: str = ACTIVE
    deregistered_at: float | None = None


@dataclass(slots=True)
class Container:
    """A container of a running or stopped task."""

    name: str
    image: str
    runtime_id: str
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health: str | None = None


@dataclass(slots=True)
class Task:
    """One task. stop_code, stopped_reason and the containers' reasons are worded as AWS words them.

    uncounted  it came up, so the circuit breaker does not count its end (containers-roadmap#1206)
    """

    arn: str
    deployment: Deployment
    definition: Definition
    containers: list[Container]
    created_at: float
    subnet: str
    groups: tuple[str, ...]
    interface: str
    tags: dict[str, str]
    execute_command: bool
    uncounted: bool = False
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    healthy: bool = False
    started_at: float | None = None
    stopping_at: float | None = None
    stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None

    @property
    def live(self) -> bool:
        return self.last_status != "STOPPED"

    @property
    def balancers(self) -> list[Json]:
        """The load balancers it is registered with."""
        found: list[Json] = self.deployment.revision.spec.get("loadBalancers", [])
        return found

    @property
    def address(self) -> str:
        """Its private address."""
        digest = hashlib.sha256(self.arn.encode()).digest()
        return f"10.0.{digest[0]}.{digest[1]}"

    @property
    def wanted(self) -> bool:
        return self.desired_status == "RUNNING"

    @property
    def pending(self) -> bool:
        return self.last_status in {"PROVISIONING", "PENDING", "ACTIVATING"}


@dataclass(slots=True)
class Revision:
    """What a deployment rolls out: an immutable service revision."""

    arn: str
    number: str
    spec: Json
    created_at: float


@dataclass(slots=True)
class History:
    """A service deployment, as ListServiceDeployments tells it; a rollback is part of the one it undoes.

    failures: what the circuit breaker counted; tripped: that it was enough
    """

    arn: str
    target: Revision
    sources: list[Revision]
    created_at: float
    configuration: Json
    status: str = IN_PROGRESS
    reason: str | None = None
    updated_at: float = 0.0
    finished_at: float | None = None
    stopped_at: float | None = None
    rollback_reason: str | None = None
    rollback_started_at: float | None = None
    rollback_to: Revision | None = None
    failures: int = 0
    tripped: bool = False


@dataclass(slots=True)
class Deployment:
    """An entry of a service's `deployments`. failures: what the circuit breaker counts."""

    id: str
    revision: Revision
    history: History
    created_at: float
    updated_at: float
    status: str = "PRIMARY"
    rollout_state: str = IN_PROGRESS
    reason: str = ""
    failures: int = 0
    launches_failed: int = 0
    retry_at: float = 0.0
    settling: bool = False
    is_rollback: bool = False

    @property
    def stalled(self) -> bool:
        """The breaker gave up and there was nothing to roll back to: ECS launches nothing any more."""
        return self.rollout_state == FAILED


@dataclass(slots=True)
class Service:
    """One service. settings: what an update changes without a deployment; the rest is in the revisions."""

    name: str
    arn: str
    cluster: Cluster
    desired: int
    settings: Json
    created_at: float
    request: Json
    tags: dict[str, str]
    status: str = ACTIVE
    deployments: list[Deployment] = field(default_factory=list)
    completed: Deployment | None = None
    history: list[History] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    events: deque[tuple[float, str, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def live_tasks(self) -> list[Task]:
        return [task for task in self.tasks.values() if task.live]


@dataclass(slots=True)
class Region:
    """ECS in one account and region."""

    account: str
    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    families: dict[str, list[Definition]] = field(default_factory=dict)
    services: dict[tuple[str, str], Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    held_interfaces: dict[str, float] = field(default_factory=dict)

    def arn(self, resource: str) -> str:
        return f"arn:aws:ecs:{self.name}:{self.account}:{resource}"
