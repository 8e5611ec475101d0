"""What was seen on AWS beside the resources themselves: rollouts, counts, read failures, secrets.

None of this is compared with what is desired; health and explanations are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.types import Kind, ResourceSet, TaskDefinition


class RolloutState(StrEnum):
    """Where one deployment of a service stands, judged by its own record and nothing else."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"


class Cause(StrEnum):
    """Whose fault a failed rollout is. ITSELF is not tried again until it changes; SURROUNDINGS backs off."""

    ITSELF = "itself"
    SURROUNDINGS = "surroundings"


@dataclass(frozen=True, slots=True)
class Rollout:
    """One deployment of a service.

    deployment_id    ECS deployment id (`ecs-svc/…`)
    task_definition  fingerprint of what it rolls out ("" when it cannot be known any more)
    reason           ECS's own words plus, when it failed, the stopped task's reason
    cause            set on FAILED and ROLLED_BACK; while IN_PROGRESS only when a stopped task leaves no doubt
    """

    deployment_id: str
    task_definition: str
    state: RolloutState
    created_at: datetime
    reason: str = ""
    cause: Cause | None = None
    failed_tasks: int = 0


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One line of ECS's own service log (only the last 100 are kept by AWS)."""

    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class StoppedTask:
    """A task that is over.

    reason     the cloud's own words in one line, with container and exit code where one exited
    exit_code  of the container that `reason` names; None when none exited, or none that matters
    """

    task_id: str
    stopped_at: datetime
    reason: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceRuntime:
    """How a service is doing.

    status     ACTIVE or DRAINING (an INACTIVE one is no service)
    last_stop  why its last task stopped; looked for only where tasks start again and again, else ""
    """

    status: str
    desired: int
    running: int
    pending: int
    created_at: datetime | None
    task_definition_arn: str
    rollout: Rollout | None = None
    events: tuple[ServiceEvent, ...] = ()
    last_stop: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a service that runs, or is on its way.

    status      ECS's own word: PROVISIONING, PENDING, ACTIVATING, RUNNING
    health      HEALTHY or UNHEALTHY as its container's check says; "" where nothing says so yet
    started_at  when it began to run; None before
    """

    id: str
    status: str
    health: str = ""
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadFailure:
    """A read that failed: what it should have told is Unknown. message never holds a secret."""

    kind: Kind | None
    ref: str
    message: str


@dataclass(frozen=True, slots=True)
class ForeignObject:
    """An object that has the name we would use but is not ours: never touched, its instance is Blocked."""

    kind: Kind
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """What may be known of a secret without reading it.

    version_id  of AWSCURRENT; None when it has no value
    kms_key     ARN of the customer key it is encrypted under, or of that key's alias where the cloud tells only this;
                None for the cloud's own key
    """

    name: str
    arn: str
    version_id: str | None
    deleted: bool = False
    kms_key: str | None = None

    @property
    def alias(self) -> str | None:
        """The alias that stands for its key; None where the key itself is known, or is the cloud's own."""
        _, found, name = (self.kms_key or "").partition(":alias/")
        return f"alias/{name}" if found else None


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    """A completed backup of the state. of, before: the fingerprints it was made between, "" for one made by hand.

    file_system: id of the one it was made of. revision: ARN of the definition in service then. final: the deletion that
    it was made for, "" for none.
    """

    arn: str
    created_at: datetime
    file_system: str = ""
    of: str = ""
    before: str = ""
    revision: str = ""
    size: int | None = None
    final: str = ""


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What is known of an instance's state beside the file system itself.

    file_system    id of the active one, size in bytes as AWS last measured it
    restored_from  ARN of the recovery point it was made of
    retired        ids of those that restores took the place of
    points         completed recovery points of any of them, newest first
    final          the deletion that is under way, "" for none: what a last backup must have been made for
    earlier        the definition that the newest recovery point before the one in service was made of
    """

    file_system: str
    size: int | None = None
    restored_from: str | None = None
    retired: tuple[str, ...] = ()
    points: tuple[RecoveryPoint, ...] = ()
    earlier: TaskDefinition | None = None
    final: str = ""


@dataclass(frozen=True, slots=True)
class ObservedInstance:
    """One instance as AWS has it. `resources` are normalised; a kind in `failures` is Unknown, not absent.

    commit     the newest `molthub:commit` tag found: of the last write (informational)
    definition_commit  the commit that the task definition in service was registered from: older after a rollback
    protected  the deletion-protection tag is set on the service
    state      of an instance that has a file system
    """

    identity: Identity
    resources: ResourceSet = field(default_factory=ResourceSet)
    runtime: ServiceRuntime | None = None
    failures: tuple[ReadFailure, ...] = ()
    foreign: tuple[ForeignObject, ...] = ()
    commit: str | None = None
    definition_commit: str | None = None
    protected: bool = False
    state: StateFacts | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One environment at one moment. instances: every one found by tag or asked for by name.

    complete   every instance of the environment was looked for, so absence means absence
    secrets    by name for secrets of this account, by ARN for linked ones
    failures   reads that failed for the environment as a whole
    secret_failures  linked secrets that could not be read, as they were asked for: Unknown, not missing
    foundation  what the environment stands on; None when it could not be read
    routes      ARN of a shared listener → host of each of its rules, whoever's they are; "" for a rule without one
    """

    key: EnvironmentKey
    instances: Mapping[Identity, ObservedInstance]
    secrets: Mapping[str, SecretFacts]
    failures: tuple[ReadFailure, ...] = ()
    complete: bool = True
    secret_failures: Mapping[str, ReadFailure] = field(default_factory=dict)
    foundation: Foundation | None = None
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
