"""The words for how an instance is doing, and the record that `status` shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from molthub.resources.identity import Identity
from molthub.resources.observation import RolloutState
from molthub.resources.states import Verdict


class Health(StrEnum):
    """What is true of the running thing right now."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"  # can still recover or complete
    DEGRADED = "Degraded"  # failed, timed out, or runs something else than what is wanted
    STOPPED = "Stopped"  # on purpose
    MISSING = "Missing"  # there is none
    UNKNOWN = "Unknown"  # could not be read


class Status(StrEnum):
    """The instance's one-word status."""

    CREATING = "CREATING"
    RUNNING = "RUNNING"
    DEGRADED = "DEGRADED"
    STOPPED = "STOPPED"
    DELETING = "DELETING"


class Availability(StrEnum):
    """Whether people can talk to it, in one word."""

    RUNNING = "running"
    DEGRADED = "degraded"
    DOWN = "down"


class BackupKind(StrEnum):
    """What a backup was made for."""

    UPGRADE = "before an upgrade"
    DELETION = "before deletion"
    HAND = "by hand"


@dataclass(frozen=True, slots=True)
class StateRecord:
    """What is kept of an instance with persistent state.

    size         bytes, as EFS last measured it; None before it did
    backup_at    when the newest completed backup was made, None without one; backup_kind: what for
    retired      ids of file systems that restores took the place of: they wait for `molthub restore --confirm`
    """

    file_system: str
    size: int | None = None
    backup_at: datetime | None = None
    backup_kind: BackupKind | None = None
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastDeployment:
    """The deployment that the cloud works towards, or worked towards last.

    at      when it began
    commit  that its definition was registered from: an older one where it rolled out nothing new, or was taken back
    reason  the cloud's own words while it is under way, or failed; "" when it completed
    """

    id: str
    at: datetime
    state: RolloutState
    commit: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PauseRecord:
    """Who paused it, why, and when it ends by itself: never, without `until`."""

    by: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """One instance's status, for people and machines.

    availability    None when it could not be read
    running_commit  the commit of the last write AWS carries; head_commit: what the repository has now
    last_reconcile_at, last_error  from the controller's database; None where there is none
    state           None without persistent state, or when it could not be read
    deployment, replicas (running, wanted)  as AWS has them now, in no database; None without a service
    paused          as its manifest says now, in no database
    """

    identity: Identity
    name: str
    status: Status
    sync: Verdict
    health: Health
    reason: str = ""
    image: str | None = None
    created_at: datetime | None = None
    last_reconcile_at: datetime | None = None
    last_error: str | None = None
    running_commit: str | None = None
    head_commit: str | None = None
    log_group: str | None = None
    availability: Availability | None = None
    state: StateRecord | None = None
    deployment: LastDeployment | None = None
    replicas: tuple[int, int] | None = None
    paused: PauseRecord | None = None
