"""Task definitions: read once each (a revision never changes), projected onto TaskDefinition.

The cache holds AWS's raw answer, not our type: what a secret's ARN means can change while the revision cannot.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.arns import Names
from molthub.aws.members import SHAPES, Ignored, unmanaged
from molthub.aws.readers.containers import project_container
from molthub.aws.readers.volumes import empty_volumes, file_volumes, volume_settings_unmanaged
from molthub.aws.tags import from_lower
from molthub.resources.identity import TAG_COMMIT
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.types import TaskDefinition

Raw = Mapping[str, Any]

CPU_PER_VCPU = 1024
MIB_PER_GIB = 1024
COMMIT = "molthub-commit"
"""Beside a cached revision's settings: the commit it was registered from, by its tag; None without one."""
NO_SUCH_DEFINITION = frozenset({"ClientException"})
"""What DescribeTaskDefinition answers for a family without an active revision."""


class TaskDefinitionCache:
    """Revisions by ARN, for the life of the process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Raw] = {}

    def get(self, arn: str) -> Raw | None:
        with self._lock:
            return self._known.get(arn)

    def put(self, answer: Raw) -> Raw:
        """Keeps a revision as DescribeTaskDefinition or RegisterTaskDefinition answered, and gives it back."""
        raw = answer["taskDefinition"]
        kept = {**settings(raw), COMMIT: from_lower(answer.get("tags")).get(TAG_COMMIT)}
        with self._lock:
            self._known[raw["taskDefinitionArn"]] = kept
        return kept

    def __len__(self) -> int:
        with self._lock:
            return len(self._known)


def settings(raw: Raw) -> Raw:
    """The part of a revision that can be set, plus its ARN: what never changes, as plain JSON."""
    kept = {name: value for name, value in raw.items() if not _is_bookkeeping(name)}
    return {**kept, "taskDefinitionArn": raw["taskDefinitionArn"]}


def _is_bookkeeping(name: str) -> bool:
    placement = SHAPES["TaskDefinition"].get(name)
    return isinstance(placement, Ignored)


def read_revision(api: Api, cache: TaskDefinitionCache, arn: str) -> Raw:
    """A revision by ARN, from the cache when it was read before."""
    known = cache.get(arn)
    if known is not None:
        return known
    return cache.put(api.call("ecs", "DescribeTaskDefinition", taskDefinition=arn, include=["TAGS"], subject=arn))


def read_latest(api: Api, cache: TaskDefinitionCache, family: str) -> Raw | None:
    """The latest active revision of a family, or None when there is none."""
    answer = api.expecting(
        NO_SUCH_DEFINITION, "ecs", "DescribeTaskDefinition", taskDefinition=family, include=["TAGS"], subject=family
    )
    if isinstance(answer, Refusal) or answer["taskDefinition"].get("status", "ACTIVE") != "ACTIVE":
        return None
    return cache.put(answer)


def project_task_definition(raw: Raw, names: Names) -> TaskDefinition:
    """Our type of a revision, normalised."""
    platform = raw.get("runtimePlatform") or {}
    storage = raw.get("ephemeralStorage") or {}
    return normalise(
        TaskDefinition(
            family=raw["family"],
            cpu=_units(raw.get("cpu"), "vcpu", CPU_PER_VCPU),
            memory=_units(raw.get("memory"), "gb", MIB_PER_GIB),
            architecture=platform.get("cpuArchitecture") or "X86_64",
            task_role=names.role(raw.get("taskRoleArn") or ""),
            execution_role=names.role(raw.get("executionRoleArn") or ""),
            containers=tuple(project_container(item, names) for item in raw.get("containerDefinitions") or ()),
            volumes=empty_volumes(raw.get("volumes") or ()),
            file_volumes=file_volumes(raw.get("volumes") or (), names),
            operating_system=platform.get("operatingSystemFamily") or "LINUX",
            network_mode=raw.get("networkMode") or "bridge",
            compatibilities=tuple(raw.get("requiresCompatibilities") or ()),
            ephemeral_storage_gib=storage.get("sizeInGiB"),
            unmanaged=tuple(_unmanaged(raw)),
        )
    )


def as_rolled_out(raw: Raw, names: Names) -> TaskDefinition:
    """A revision of an instance as it was when it rolled out: the file system it names was the active one then."""
    return project_task_definition(raw, replace(names, past=raw["family"]))


def fingerprint_of(raw: Raw, names: Names) -> str:
    """The fingerprint of a revision's content, as it was when it rolled out."""
    return task_fingerprint(as_rolled_out(raw, names))


def secret_values(raw: Raw) -> list[str]:
    """Where a revision names secrets."""
    return [
        secret["valueFrom"]
        for container in raw.get("containerDefinitions") or ()
        for secret in container.get("secrets") or ()
    ]


def _unmanaged(raw: Raw) -> Iterator[tuple[str, str]]:
    yield from unmanaged("TaskDefinition", raw)
    yield from volume_settings_unmanaged(raw.get("volumes") or ())


def _units(raw: str | int | None, unit: str, size: int) -> int:
    """`"1024"`, `"1 vCPU"` and `"2GB"` all in the small unit."""
    text = str(raw or 0).lower().replace(" ", "")
    return int(float(text.removesuffix(unit)) * size) if text.endswith(unit) else int(text)
