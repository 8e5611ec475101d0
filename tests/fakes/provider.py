"""A cloud in memory: `molthub.provider.protocols.Provider` on ResourceSets, with scripted rollouts, waits and faults.

It does what a plan says and nothing else, so a planner and an engine can be judged by what is there afterwards.
What AWS refuses is the simulator's business, not this one's.

    cloud = FakeProvider(EnvironmentKey("acme", "prod"))
    cloud.script(identity, failing("exit code 1"))       # its next rollout is rolled back
    cloud.fail(TransientError(…), kind=Kind.SERVICE)     # once, before the write takes effect
    cloud.crash_at(3)                                    # the process dies in the third call of perform
    cloud.tamper(identity, Kind.LOG_GROUP, retention_days=1)
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from molthub.errors import StallingError, TransientError, WaitingError
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Query, WriteContext, WriteResult
from molthub.resources.foundation import Foundation
from molthub.resources.identity import TAG_PROTECTED, EnvironmentKey, Identity
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.observation import (
    Cause,
    ForeignObject,
    Observation,
    ObservedInstance,
    ReadFailure,
    Rollout,
    RolloutState,
    SecretFacts,
    ServiceEvent,
    ServiceRuntime,
    StoppedTask,
    Task,
)
from molthub.resources.types import Kind, Resource, ResourceSet, Service, TaskDefinition
from tests.fakes.clock import START
from tests.fakes.documents import MemoryDocuments


class CrashError(BaseException):
    """The process dies here. No `except Exception` may survive it."""


@dataclass(frozen=True, slots=True)
class Script:
    """How a rollout goes: IN_PROGRESS for `polls` looks, then `state`. early: its cause shows while it goes on."""

    polls: int = 1
    state: RolloutState = RolloutState.COMPLETED
    reason: str = ""
    cause: Cause | None = None
    early: bool = False


INSTANT = Script(polls=0)


def failing(
    reason: str = "essential container exited with 1", *, cause: Cause = Cause.ITSELF, polls: int = 1
) -> Script:
    """A rollout that fails and is rolled back; the very first one of a service only fails."""
    return Script(polls, RolloutState.ROLLED_BACK, reason, cause)


def doomed(reason: str = "CannotPullContainerError", *, cause: Cause = Cause.SURROUNDINGS) -> Script:
    """A rollout that would go on for ever, with a cause that leaves no doubt: somebody has to stop it."""
    return Script(10**6, RolloutState.ROLLED_BACK, reason, cause, early=True)


@dataclass(slots=True)
class _Rollout:
    record: Rollout
    script: Script
    before: Service | None
    left: int


@dataclass(slots=True)
class _Fault:
    error: BaseException
    kind: Kind | None
    identity: Identity | None
    after_effect: bool
    left: int


@dataclass(slots=True)
class Instance:
    """One instance as the fake cloud has it; tests may look and tamper."""

    resources: ResourceSet = field(default_factory=ResourceSet)
    revisions: dict[str, TaskDefinition] = field(default_factory=dict)
    status: str = "ACTIVE"
    created_at: datetime | None = None
    running: int = 0
    rollout: _Rollout | None = None
    commit: str | None = None
    events: list[ServiceEvent] = field(default_factory=list)
    failed: list[Rollout] = field(default_factory=list)
    draining: int = 0


class FakeProvider:
    """One environment in memory. Every public attribute may be set by a test."""

    def __init__(
        self, key: EnvironmentKey, *, now: Callable[[], datetime] = lambda: START, default: Script = INSTANT
    ) -> None:
        self.key = key
        self.now = now
        self.default = default
        self.instances: dict[Identity, Instance] = {}
        self.secrets: dict[str, SecretFacts] = {}
        self.failures: list[ReadFailure] = []
        self.secret_failures: dict[str, ReadFailure] = {}
        self.unreadable: dict[Identity, tuple[ReadFailure, ...]] = {}
        self.foreign: dict[Identity, tuple[ForeignObject, ...]] = {}
        self.foundation: Foundation | None = None
        self.other_routes: dict[str, list[str]] = {}
        """Rules of others on the foundation's listeners: ARN → hosts."""
        self.drains = 0
        """So many calls wait for a deleted service (its name, its security group) to be gone."""
        self.observations = 0
        self.history_reads = 0
        self.task_reads = 0
        self.running_reads = 0
        self.over: dict[Identity, list[StoppedTask]] = {}
        """Tasks that stopped, oldest first: a test says which."""
        self.calls = 0
        self.writes: list[tuple[Identity, Kind, Action]] = []
        self.stopped: list[str] = []
        self.tidied: list[Identity] = []
        self.most_rollouts = 0
        self.shared: MemoryDocuments | None = None
        self.before_perform: Callable[[Identity, Change], None] = lambda _identity, _change: None
        self._scripts: dict[Identity, list[Script]] = {}
        self._faults: list[_Fault] = []
        self._rollouts: dict[str, _Rollout] = {}
        self._lock = threading.RLock()

    # -- for the tests ------------------------------------------------------------------------------------

    def script(self, identity: Identity, *scripts: Script) -> None:
        """The instance's next rollouts, in order; after them the default again."""
        self._scripts.setdefault(identity, []).extend(scripts)

    def fail(
        self,
        error: BaseException,
        *,
        kind: Kind | None = None,
        identity: Identity | None = None,
        after_effect: bool = False,
        times: int = 1,
    ) -> None:
        """Raise this in the next calls of `perform` that match; after_effect: the write is done, the answer is lost."""
        self._faults.append(_Fault(error, kind, identity, after_effect, times))

    def crash_at(self, call: int, *, after_effect: bool = False) -> None:
        """Die in the call-th call of `perform` from now on (1 is the next)."""
        self._faults.append(_Fault(CrashError(), None, None, after_effect, -(self.calls + call)))

    def heal(self) -> None:
        """Forget every fault that has not happened yet."""
        self._faults.clear()

    def tamper(self, identity: Identity, kind: Kind, **changes: object) -> None:
        """Change a resource behind Molthub's back; without changes: remove it."""
        instance = self.instances[identity]
        resource = instance.resources.get(kind)
        assert resource is not None
        self._put(instance, kind, dataclasses.replace(resource, **changes) if changes else None)  # type: ignore[arg-type]

    def settle(self) -> None:
        """Let every rollout under way come to its end."""
        for instance in self.instances.values():
            if instance.rollout:
                self._finish(instance, instance.rollout)

    def resources(self, identity: Identity) -> ResourceSet:
        return self._observed(identity).resources

    # -- the protocol -------------------------------------------------------------------------------------

    def observe(self, query: Query) -> Observation:
        with self._lock:
            self.observations += 1
            there = {identity for identity, item in self.instances.items() if not _is_gone(item)}
            wanted = query.only if query.only is not None else frozenset(there | query.desired)
            found = {identity: self._observed(identity) for identity in sorted(wanted)}
            secrets = {name: self.secrets[name] for name in query.secrets if name in self.secrets}
            complete = query.only is None and not self.failures
            return Observation(
                self.key,
                found,
                secrets,
                failures=tuple(self.failures),
                complete=complete,
                secret_failures=self.secret_failures,
                foundation=self.foundation,
                routes=self._routes(),
            )

    def _routes(self) -> dict[str, tuple[str, ...]]:
        """The rules of its instances, and those of others."""
        rules = [held.resources.listener_rule for held in self.instances.values()]
        routes = {arn: tuple(hosts) for arn, hosts in self.other_routes.items()}
        for rule in rules:
            if rule is not None:
                routes[rule.listener] = (*routes.get(rule.listener, ()), *rule.hosts)
        return routes

    def perform(self, change: Change, context: WriteContext) -> WriteResult:
        self.before_perform(context.identity, change)
        with self._lock:
            self.calls += 1
            fault = self._fault(change, context.identity)
            if fault is not None and not fault.after_effect:
                raise fault.error
            self._check_ours(change, context.identity)
            context.guard()
            result = self._perform(change, context)
            if fault is not None:
                raise fault.error
            return result

    def rollout(self, identity: Identity, rollout_id: str) -> Rollout:
        with self._lock:
            rollout = self._rollouts.get(rollout_id)
            if rollout is None:
                raise TransientError("MH-AWS-022", f"nobody knows the deployment {rollout_id}", fix="Plan again")
            if rollout.record.state is RolloutState.IN_PROGRESS:
                rollout.left -= 1
                if rollout.left < 0:
                    self._finish(self.instances[identity], rollout)
            return rollout.record

    def failed_rollouts(self, identity: Identity) -> tuple[Rollout, ...]:
        with self._lock:
            self.history_reads += 1
            instance = self.instances.get(identity)
            return tuple(reversed(instance.failed)) if instance else ()

    def stopped_tasks(self, identity: Identity) -> tuple[StoppedTask, ...]:
        with self._lock:
            self.task_reads += 1
            return tuple(self.over.get(identity, ()))

    def tasks(self, identity: Identity) -> tuple[Task, ...]:
        with self._lock:
            self.running_reads += 1
            instance = self.instances.get(identity)
            running = instance.running if instance is not None and instance.resources.service is not None else 0
            started = instance.created_at if instance is not None else None
            return tuple(Task(f"{number:032x}", "RUNNING", "HEALTHY", started) for number in range(running))

    def stop_rollout(self, identity: Identity, rollout_id: str) -> None:
        with self._lock:
            self.stopped.append(rollout_id)
            rollout = self._rollouts.get(rollout_id)
            if rollout is None or rollout.record.state is not RolloutState.IN_PROGRESS:
                return
            if rollout.script.state is RolloutState.COMPLETED:
                rollout.script = Script(state=RolloutState.ROLLED_BACK, reason="stopped", cause=Cause.SURROUNDINGS)
            self._finish(self.instances[identity], rollout)

    def tidy(self, context: WriteContext) -> WriteResult:
        with self._lock:
            self.tidied.append(context.identity)
            return WriteResult(wrote=False)

    def documents(self) -> MemoryDocuments | None:
        return self.shared

    # -- inside -------------------------------------------------------------------------------------------

    def _observed(self, identity: Identity) -> ObservedInstance:
        item = self.instances.get(identity, Instance())
        service = item.resources.service
        definition = item.resources.task_definition
        if service is not None:
            definition = item.revisions.get(service.task_definition, definition)
        resources = dataclasses.replace(item.resources, task_definition=definition)
        return ObservedInstance(
            identity,
            resources=resources,
            runtime=self._runtime(item, service),
            failures=self.unreadable.get(identity, ()),
            foreign=self.foreign.get(identity, ()),
            commit=item.commit,
            protected=service is not None and (TAG_PROTECTED, "true") in service.tags,
        )

    def _runtime(self, item: Instance, service: Service | None) -> ServiceRuntime | None:
        if service is None and not item.draining:
            return None
        return ServiceRuntime(
            status="DRAINING" if item.draining else "ACTIVE",
            desired=service.desired_count if service else 0,
            running=item.running if service else 0,
            pending=0,
            created_at=item.created_at,
            task_definition_arn="arn:aws:ecs:eu-west-1:123456789012:task-definition/fake:1",
            rollout=item.rollout.record if item.rollout else None,
            events=tuple(item.events),
        )

    def _check_ours(self, change: Change, identity: Identity) -> None:
        for found in self.foreign.get(identity, ()):
            if found.kind is change.kind:
                raise StallingError("MH-AWS-013", f"the {found.kind} {found.name} exists but is not ours")

    def _fault(self, change: Change, identity: Identity) -> _Fault | None:
        for fault in self._faults:
            if fault.left < 0:
                if -fault.left == self.calls:
                    return fault
            elif fault.left and fault.kind in (None, change.kind) and fault.identity in (None, identity):
                fault.left -= 1
                return fault
        return None

    def _perform(self, change: Change, context: WriteContext) -> WriteResult:
        item = self.instances.setdefault(context.identity, Instance())
        if item.draining and (change.kind is Kind.SERVICE or change.kind is Kind.SECURITY_GROUP):
            item.draining -= 1
            raise WaitingError("MH-AWS-014", f"the service {change.name} is still draining", after=15.0)
        if change.kind is Kind.TASK_DEFINITION:
            wrote, rollout_id = self._register(item, change.after), None
        elif change.kind is Kind.SERVICE:
            wrote, rollout_id = self._change_service(context.identity, item, change)
        else:
            wrote, rollout_id = item.resources.get(change.kind) != change.after, None
            self._put(item, change.kind, change.after)
        if wrote:
            item.commit = context.commit
            self.writes.append((context.identity, change.kind, change.action))
        return WriteResult(wrote, rollout_id=rollout_id)

    def _register(self, item: Instance, after: Resource | None) -> bool:
        if after is None:
            wrote = item.resources.task_definition is not None
            item.revisions.clear()
        else:
            assert isinstance(after, TaskDefinition)
            wrote = item.resources.task_definition != after
            item.revisions[task_fingerprint(after)] = after
        self._put(item, Kind.TASK_DEFINITION, after)
        return wrote

    def _change_service(self, identity: Identity, item: Instance, change: Change) -> tuple[bool, str | None]:
        before, after = item.resources.service, change.after
        if before == after and not change.force:
            rollout = item.rollout.record if item.rollout else None
            under_way = rollout is not None and rollout.state is RolloutState.IN_PROGRESS
            return False, rollout.deployment_id if rollout and under_way else None
        self._put(item, Kind.SERVICE, after)
        if after is None or (change.action is Action.REPLACE and before is not None):
            item.running, item.rollout = 0, None
            item.draining = self.drains
        if after is None:
            return True, None
        assert isinstance(after, Service)
        if before is None:
            item.created_at = self.now()
        if not change.restarts:
            item.running = after.desired_count
            return True, None
        return True, self._start(identity, item, before if change.action is Action.UPDATE else None, after)

    def _start(self, identity: Identity, item: Instance, before: Service | None, after: Service) -> str:
        if item.rollout and item.rollout.record.state is RolloutState.IN_PROGRESS:
            self._end(item.rollout, RolloutState.FAILED, "superseded", Cause.SURROUNDINGS)
        scripts = self._scripts.get(identity)
        script = scripts.pop(0) if scripts else self.default
        number = len(self._rollouts) + 1
        record = Rollout(
            deployment_id=f"ecs-svc/{number:019d}",
            task_definition=after.task_definition,
            state=RolloutState.IN_PROGRESS,
            created_at=self.now(),
            reason=script.reason if script.early else "",
            cause=script.cause if script.early else None,
        )
        item.running = 0
        item.rollout = _Rollout(record, script, before, script.polls)
        self._rollouts[record.deployment_id] = item.rollout
        under_way = [r for r in self._rollouts.values() if r.record.state is RolloutState.IN_PROGRESS]
        self.most_rollouts = max(self.most_rollouts, len(under_way))
        if script.polls == 0:
            self._finish(item, item.rollout)
        return record.deployment_id

    def _finish(self, item: Instance, rollout: _Rollout) -> None:
        if rollout.record.state is not RolloutState.IN_PROGRESS:
            return
        state, service = rollout.script.state, item.resources.service
        if state is RolloutState.ROLLED_BACK and rollout.before is None:
            state = RolloutState.FAILED
        self._end(rollout, state, rollout.script.reason, rollout.script.cause)
        if state is RolloutState.COMPLETED:
            item.running = service.desired_count if service else 0
            return
        item.failed.append(rollout.record)
        if state is RolloutState.ROLLED_BACK and rollout.before is not None and service is not None:
            back = dataclasses.replace(service, task_definition=rollout.before.task_definition)
            self._put(item, Kind.SERVICE, back)
            item.running = service.desired_count

    @staticmethod
    def _end(rollout: _Rollout, state: RolloutState, reason: str, cause: Cause | None) -> None:
        rollout.record = dataclasses.replace(rollout.record, state=state, reason=reason, cause=cause)

    @staticmethod
    def _put(item: Instance, kind: Kind, resource: Resource | None) -> None:
        name = kind.name.lower()
        value = None if resource is None else normalise(resource)
        item.resources = dataclasses.replace(item.resources, **{name: value})  # type: ignore[arg-type]


def _is_gone(item: Instance) -> bool:
    return item.resources.is_empty and not item.draining


def throttled(message: str = "AWS throttles UpdateService") -> TransientError:
    """A transient fault as the real adapter raises it."""
    return TransientError("MH-AWS-005", message)
