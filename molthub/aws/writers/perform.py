"""Sends a change to the writer of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from molthub.aws.api import Api
from molthub.aws.lookup import Lookup
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.aws.writers import (
    backups,
    dns_records,
    file_systems,
    listener_rules,
    log_groups,
    roles,
    secrets,
    security_groups,
    services,
    target_groups,
    task_definitions,
)
from molthub.aws.writers.target import Target
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Location, WriteContext, WriteResult
from molthub.resources.types import (
    Backup,
    DnsRecord,
    FileSystem,
    Kind,
    ListenerRule,
    LogGroup,
    Resource,
    Restore,
    Retired,
    Role,
    Secret,
    SecurityGroup,
    Service,
    Step,
    TargetGroup,
    TaskDefinition,
)


@dataclass(frozen=True, slots=True)
class Writer:
    """Carries out changes of one environment."""

    api: Api
    location: Location
    lookup: Lookup
    cache: TaskDefinitionCache
    new_token: Callable[[], str]
    now: Callable[[], datetime]

    def perform(self, change: Change, context: WriteContext) -> WriteResult:
        """One change. Every verb but delete is "make it so": what exists is adopted, what differs is written."""
        target = self.target(context)
        if isinstance(change.kind, Step):
            return _step(target, change)
        if change.action is Action.NOOP:
            return WriteResult(wrote=False, detail="nothing to do")
        if change.action is Action.DELETE:
            return _delete(target, change)
        if change.action is Action.REPLACE:
            return _replace(target, change)
        return _ensure(target, change)

    def target(self, context: WriteContext) -> Target:
        """What one writer is given."""
        return Target(
            api=self.api,
            location=self.location,
            lookup=self.lookup,
            cache=self.cache,
            context=context,
            new_token=self.new_token,
            now=self.now,
        )


def _step(target: Target, change: Change) -> WriteResult:
    match change.after:
        case Backup() as after:
            return backups.back_up(target, after)
        case Restore() as after:
            return backups.restore(target, after)
        case Retired() as after:
            return file_systems.delete_retired(target, after.file_system)
    raise AssertionError(f"a {change.kind} without what it is of")


Write = Callable[[Target, Any], WriteResult]

ENSURE: dict[type[Resource], Write] = {
    LogGroup: log_groups.ensure,
    Secret: secrets.ensure,
    SecurityGroup: security_groups.ensure,
    FileSystem: file_systems.ensure,
    TargetGroup: target_groups.ensure,
    ListenerRule: listener_rules.ensure,
    DnsRecord: dns_records.ensure,
    TaskDefinition: task_definitions.ensure,
}
DELETE: dict[type[Resource], Write] = {
    LogGroup: log_groups.delete,
    Secret: secrets.delete,
    SecurityGroup: security_groups.delete,
    FileSystem: file_systems.delete,
    TargetGroup: target_groups.delete,
    ListenerRule: listener_rules.delete,
    DnsRecord: dns_records.delete,
    TaskDefinition: task_definitions.delete,
    Service: services.delete,
}
"""The writers that need no more than the resource."""


def _ensure(target: Target, change: Change) -> WriteResult:
    match change.after:
        case Role() as after:
            return roles.ensure(target, Kind(change.kind), after)
        case Service() as after:
            before = change.before if isinstance(change.before, Service) else None
            return services.ensure(target, after, before=before, force=change.force)
        case None | Backup() | Restore() | Retired():
            raise AssertionError(f"a {change.action.word} without an after")
        case other:
            return ENSURE[type(other)](target, other)


def _replace(target: Target, change: Change) -> WriteResult:  # noqa: PLR0911 - one return a kind
    """A new definition is a new revision. The others go first, when what cannot be changed really differs."""
    match change.after:
        case Service() as after:
            return services.replace(target, after)
        case SecurityGroup() as after:
            return security_groups.replace(target, after)
        case Role() as after:
            return roles.replace(target, Kind(change.kind), after)
        case TargetGroup() as after:
            return target_groups.replace(target, after)
        case ListenerRule() as after:
            before = change.before if isinstance(change.before, ListenerRule) else None
            return listener_rules.replace(target, before, after)
        case DnsRecord() as after:
            former = change.before if isinstance(change.before, DnsRecord) else None
            return dns_records.replace(target, former, after)
        case _:
            return _ensure(target, change)


def _delete(target: Target, change: Change) -> WriteResult:
    match change.before:
        case Role() as before:
            return roles.delete(target, Kind(change.kind), before)
        case None:
            raise AssertionError("a delete without a before")
        case other:
            return DELETE[type(other)](target, other)
