"""What one simulated AWS knows of its storage beyond moto: when things are ready, what is going, what is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from molthub.simulator.backend import MotoWorld

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StorageTimings:
    """How long things take, in simulated seconds: of the order that AWS shows."""

    file_system: float = 5
    mount_target: float = 60
    mount_target_goes: float = 30
    access_point: float = 3
    backup: float = 120
    restore: float = 240


@dataclass(slots=True)
class Job:
    """A backup or restore job. ends: when; outcome: COMPLETED or FAILED; created: what a restore made."""

    id: str
    token: str | None
    began: float
    ends: float
    outcome: str
    resource: str
    vault: str
    point: str
    role: str
    message: str = ""
    metadata: Json = field(default_factory=dict)
    created: str | None = None
    copy_tags: bool = False

    def state(self, now: float) -> str:
        if now >= self.ends:
            return self.outcome
        return "RUNNING" if now > self.began else "CREATED"


@dataclass(slots=True)
class Point:
    """A recovery point. marks: what the file system held when it was begun; source_tags: the tags it had then.

    gone_at  when it is gone, once it is being deleted
    """

    arn: str
    resource: str
    vault: str
    began: float
    ready: float
    marks: list[str]
    tags: dict[str, str]
    settings: Json
    source_tags: dict[str, str] = field(default_factory=dict)
    gone_at: float | None = None


@dataclass(slots=True)
class Storage:
    """Of one account and region.

    ready    id → when a new thing can be used
    going    mount target id → (its last description, until when it is there)
    marks    file system id → what it holds
    fail     so many of the next backup (or restore) jobs fail
    """

    ready: dict[str, float] = field(default_factory=dict)
    going: dict[str, tuple[Json, float]] = field(default_factory=dict)
    marks: dict[str, list[str]] = field(default_factory=dict)
    backups: dict[str, Job] = field(default_factory=dict)
    restores: dict[str, Job] = field(default_factory=dict)
    points: dict[str, Point] = field(default_factory=dict)
    fail: dict[str, int] = field(default_factory=dict)
    throughput_changed: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Stores:
    """The storage of every account and region of one simulated AWS.

    now      simulated seconds; date_of: the date to report for them; next_id: a fresh UUID
    """

    moto: MotoWorld
    now: Callable[[], float]
    date_of: Callable[[float], float]
    next_id: Callable[[], str]
    timings: StorageTimings = field(default_factory=StorageTimings)
    places: dict[tuple[str, str], Storage] = field(default_factory=dict)

    def of(self, account: str, region: str) -> Storage:
        return self.places.setdefault((account, region), Storage())

    def efs(self, account: str, region: str) -> Any:
        """moto's own EFS backend."""
        return self.moto.backend("efs", account, region)

    def is_ready(self, storage: Storage, identifier: str) -> bool:
        return self.now() >= storage.ready.get(identifier, 0.0)
