"""AWS Backup: the completed recovery points of file systems, what they were made of, and what is known of a state.

A vault is listed whole, a thousand points a call. The listing has no tags: they are asked for once a point and kept,
for Molthub never changes them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from molthub.aws.api import Api
from molthub.aws.lookup import Lookup
from molthub.aws.readers.reading import as_failure
from molthub.aws.readers.task_definitions import TaskDefinitionCache, as_rolled_out, read_revision, secret_values
from molthub.errors import MolthubError
from molthub.resources.identity import TAG_BEFORE, TAG_FINAL, TAG_OF, TAG_REVISION
from molthub.resources.observation import Observation, ObservedInstance, RecoveryPoint, StateFacts
from molthub.resources.types import Kind, TaskDefinition

Raw = Mapping[str, Any]


class PointTags:
    """Tags of recovery points by ARN, for the life of the process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, str]] = {}

    def read(self, api: Api, arn: str) -> dict[str, str]:
        with self._lock:
            known = self._known.get(arn)
        if known is None:
            known = api.call("backup", "ListTags", ResourceArn=arn, subject="a recovery point").get("Tags", {})
            with self._lock:
                self._known[arn] = known
        return known


def list_points(api: Api, vault: str) -> list[Raw]:
    """The completed recovery points of a vault."""
    subject = f"vault {vault}"
    items = api.items("backup", "ListRecoveryPointsByBackupVault", BackupVaultName=vault, subject=subject)
    return [raw for raw in items if raw.get("Status") in ("COMPLETED", "AVAILABLE")]


def project_point(raw: Raw, tags: Mapping[str, str]) -> RecoveryPoint:
    """Our type of a recovery point."""
    return RecoveryPoint(
        arn=raw["RecoveryPointArn"],
        created_at=raw["CreationDate"],
        file_system=str(raw.get("ResourceArn", "")).rpartition("/")[2],
        of=tags.get(TAG_OF, ""),
        before=tags.get(TAG_BEFORE, ""),
        revision=tags.get(TAG_REVISION, ""),
        size=raw.get("BackupSizeInBytes"),
        final=tags.get(TAG_FINAL, ""),
    )


def points_of(api: Api, tags: PointTags, vault: str, arns: Iterable[str]) -> tuple[RecoveryPoint, ...]:
    """The completed recovery points of these file systems, newest first."""
    wanted = set(arns)
    found = [raw for raw in list_points(api, vault) if raw.get("ResourceArn") in wanted]
    points = [project_point(raw, tags.read(api, raw["RecoveryPointArn"])) for raw in found]
    return tuple(sorted(points, key=lambda point: point.created_at, reverse=True))


class StateReader:
    """Adds to an observation what AWS Backup knows of each instance that has a file system."""

    def __init__(self, api: Api, lookup: Lookup, cache: TaskDefinitionCache, tags: PointTags) -> None:
        self._api = api
        self._lookup = lookup
        self._cache = cache
        self._tags = tags

    def complete(self, seen: Observation, vault: str | None) -> Observation:
        """The observation with `state.points` and `state.earlier`. A failed read makes those instances' file systems
        Unknown: without its backups nobody knows what may be done to a state."""
        kept = {identity: item for identity, item in seen.instances.items() if item.state is not None}
        if vault is None or not kept:
            return seen
        try:
            listed = list_points(self._api, vault)
            done = {identity: self._instance(item, listed) for identity, item in kept.items()}
        except MolthubError as error:
            failure = as_failure(error, Kind.FILE_SYSTEM)
            done = {i: replace(item, failures=(*item.failures, failure)) for i, item in kept.items()}
        return replace(seen, instances={**seen.instances, **done})

    def _instance(self, item: ObservedInstance, listed: list[Raw]) -> ObservedInstance:
        assert item.state is not None
        arn = self._lookup.account.file_system_arn
        own = {arn(identifier) for identifier in (item.state.file_system, *item.state.retired)}
        raws = [raw for raw in listed if raw.get("ResourceArn") in own]
        points = [project_point(raw, self._tags.read(self._api, raw["RecoveryPointArn"])) for raw in raws]
        ordered = tuple(sorted(points, key=lambda point: point.created_at, reverse=True))
        facts = replace(item.state, points=ordered)
        return replace(item, state=replace(facts, earlier=self._earlier(item, facts)))

    def _earlier(self, item: ObservedInstance, facts: StateFacts) -> TaskDefinition | None:
        """The definition before the one in service, where a backup was made between the two."""
        rollout = item.runtime.rollout if item.runtime else None
        if rollout is None:
            return None
        point = next((p for p in facts.points if p.before == rollout.task_definition and p.revision), None)
        if point is None or point.created_at >= rollout.created_at:
            return None
        raw = read_revision(self._api, self._cache, point.revision)
        return as_rolled_out(raw, self._lookup.names(item.identity.fleet, secret_values(raw)))
