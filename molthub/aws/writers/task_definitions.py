"""Task definitions: registered only when no active revision has the content (the scarcest token of all).

A revision registered before a crash, or by an earlier commit, is found and adopted. What AWS registered is read back
and compared: a difference stops the instance here, before a service runs it and every pass registers another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.arns import Ids, secret_names
from molthub.aws.errors import DENIED, registered_differs, role_is_refused, role_not_usable
from molthub.aws.lookup import Lookup
from molthub.aws.readers.task_definitions import (
    project_task_definition,
    read_latest,
    read_revision,
    secret_values,
)
from molthub.aws.readers.volumes import uses_file_systems, volume_of
from molthub.aws.tags import to_lower, written
from molthub.aws.writers.containers import definition_of
from molthub.aws.writers.roles import is_young
from molthub.aws.writers.target import Target
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import identity_tags
from molthub.resources.normal import leaves, normalise, task_fingerprint
from molthub.resources.types import TaskDefinition

Raw = Mapping[str, Any]
MAYBE_ROLE = DENIED | {"ClientException"}
REVISIONS_SEARCHED = 20
PAGE = 100


def projected(lookup: Lookup, fleet: str, raw: Raw) -> TaskDefinition:
    """A revision as our type, with the names of what its ARNs and ids stand for now.

    A family is called as its instance's file system (`names_of`).
    """
    file_systems = [raw["family"]] if uses_file_systems(raw) else []
    return project_task_definition(raw, lookup.names(fleet, secret_values(raw), file_systems=file_systems))


def ensure(target: Target, wanted: TaskDefinition) -> WriteResult:
    """Adopts an active revision with the desired content, else registers a new one.

    Registering is the scarcest call of all: a crash after it, or a commit that goes back to what was, costs none.
    """
    after = normalise(wanted)
    names = {name for container in after.containers for _, text in container.secrets for name in secret_names(text)}
    file_systems = {volume.file_system for volume in after.file_volumes}
    ids = target.lookup.ids(target.fleet, secret_names=names, file_systems=file_systems)
    if find_revision(target, task_fingerprint(after)) is not None:
        return target.result("")
    raw = _register(target, after, ids)
    live = projected(target.lookup, target.fleet, raw)
    if live != after:
        have, want = leaves(live), leaves(after)
        differing = sorted(path for path in have.keys() | want.keys() if have.get(path) != want.get(path))
        raise registered_differs(after.family, differing)
    return target.result(f"revision {raw['taskDefinitionArn'].rsplit(':', 1)[-1]}")


def find_revision(target: Target, fingerprint: str) -> str | None:
    """ARN of the newest active revision with this content: the latest as a rule, else one of the last few."""
    family = fingerprint.rsplit("@", 1)[0]
    latest = read_latest(target.api, target.cache, family)
    if latest is None:
        return None
    if has_content(target, latest, fingerprint):
        return str(latest["taskDefinitionArn"])
    for arn in active_revisions(target, family)[:REVISIONS_SEARCHED]:
        if has_content(target, read_revision(target.api, target.cache, arn), fingerprint):
            return arn
    return None


def has_content(target: Target, raw: Raw, fingerprint: str) -> bool:
    return task_fingerprint(projected(target.lookup, target.fleet, raw)) == fingerprint


def active_revisions(target: Target, family: str) -> list[str]:
    """ARNs of the family's active revisions, newest first: at most the last hundred."""
    answer = target.api.call(
        "ecs",
        "ListTaskDefinitions",
        subject=f"task definition {family}",
        familyPrefix=family,
        status="ACTIVE",
        sort="DESC",
        maxResults=PAGE,
    )
    return [str(arn) for arn in answer["taskDefinitionArns"] if family_of(arn) == family]


def _register(target: Target, after: TaskDefinition, ids: Ids) -> Raw:
    subject = f"task definition {after.family}"
    tags = to_lower(written(tuple(identity_tags(target.identity).items()), target.context.commit))
    answer = target.try_write(
        MAYBE_ROLE, "ecs", "RegisterTaskDefinition", subject=subject, **request_of(after, ids), tags=tags
    )
    if isinstance(answer, dict):
        return target.cache.put(answer)
    if role_is_refused(answer.words):
        young = next((name for name in (after.execution_role, after.task_role) if is_young(target, name)), None)
        if young is not None:
            raise role_not_usable(young)
    raise answer.error


def request_of(definition: TaskDefinition, ids: Ids) -> dict[str, Any]:
    """The parameters of RegisterTaskDefinition, without tags. Pure."""
    raw: dict[str, Any] = {
        "family": definition.family,
        "taskRoleArn": ids.role(definition.task_role) if definition.task_role else None,
        "executionRoleArn": ids.role(definition.execution_role) if definition.execution_role else None,
        "networkMode": definition.network_mode,
        "requiresCompatibilities": list(definition.compatibilities),
        "cpu": str(definition.cpu),
        "memory": str(definition.memory),
        "runtimePlatform": {
            "cpuArchitecture": definition.architecture,
            "operatingSystemFamily": definition.operating_system,
        },
        "containerDefinitions": [definition_of(container, ids) for container in definition.containers],
        "volumes": [
            *({"name": name} for name in definition.volumes),
            *(volume_of(volume, ids) for volume in definition.file_volumes),
        ],
    }
    if definition.ephemeral_storage_gib is not None:
        raw["ephemeralStorage"] = {"sizeInGiB": definition.ephemeral_storage_gib}
    return {name: value for name, value in raw.items() if value is not None and value != []}


def delete(target: Target, before: TaskDefinition) -> WriteResult:
    """Deregisters the family's active revisions. They stay readable (INACTIVE) and are never deleted."""
    subject = f"task definition {before.family}"
    arns = target.api.items("ecs", "ListTaskDefinitions", subject=subject, familyPrefix=before.family, status="ACTIVE")
    for arn in arns:
        if family_of(arn) == before.family:
            target.write("ecs", "DeregisterTaskDefinition", subject=subject, taskDefinition=arn)
    return target.result(
        f"{target.writes} revisions deregistered", stays=f"the task definition {before.family}, its revisions inactive"
    )


def family_of(arn: str) -> str:
    """`arn:…:task-definition/FAMILY:7` → FAMILY."""
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[0]
