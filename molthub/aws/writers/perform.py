"""Sends a change to the writer of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from molthub.aws.api import Api
from molthub.aws.lookup import Lookup
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.aws.writers import file_systems, log_groups, roles, secrets, security_groups, services, task_definitions
from molthub.aws.writers.target import Target
from molthub.planning.types import Action, Change
from molthub.provider.protocols import Location, WriteContext, WriteResult
from molthub.resources.types import FileSystem, LogGroup, Role, Secret, SecurityGroup, Service, TaskDefinition


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


def _ensure(target: Target, change: Change) -> WriteResult:  # noqa: PLR0911 - one return a kind
    match change.after:
        case LogGroup() as after:
            return log_groups.ensure(target, after)
        case Secret() as after:
            return secrets.ensure(target, after)
        case SecurityGroup() as after:
            return security_groups.ensure(target, after)
        case FileSystem() as after:
            return file_systems.ensure(target, after)
        case Role() as after:
            return roles.ensure(target, change.kind, after)
        case TaskDefinition() as after:
            return task_definitions.ensure(target, after)
        case Service() as after:
            before = change.before if isinstance(change.before, Service) else None
            return services.ensure(target, after, before=before, force=change.force)
    raise AssertionError(f"a {change.action.word} without an after")


def _replace(target: Target, change: Change) -> WriteResult:
    """A new definition is a new revision. The others go first, when what cannot be changed really differs."""
    match change.after:
        case Service() as after:
            return services.replace(target, after)
        case SecurityGroup() as after:
            return security_groups.replace(target, after)
        case Role() as after:
            return roles.replace(target, change.kind, after)
        case _:
            return _ensure(target, change)


def _delete(target: Target, change: Change) -> WriteResult:  # noqa: PLR0911 - one return a kind
    match change.before:
        case LogGroup() as before:
            return log_groups.delete(target, before)
        case Secret() as before:
            return secrets.delete(target, before)
        case SecurityGroup() as before:
            return security_groups.delete(target, before)
        case FileSystem() as before:
            return file_systems.delete(target, before)
        case Role() as before:
            return roles.delete(target, change.kind, before)
        case TaskDefinition() as before:
            return task_definitions.delete(target, before)
        case Service() as before:
            return services.delete(target, before)
    raise AssertionError("a delete without a before")
