"""Puts one instance together from raw answers: what is ours is projected, what is foreign or Unknown is named. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.aws.arns import Names as ArnNames
from molthub.aws.readers import file_systems, log_groups, roles, secrets, security_groups, services
from molthub.aws.readers.assemble_ingress import IngressAssembly
from molthub.aws.readers.collect import Collected
from molthub.aws.readers.parts import Parts
from molthub.aws.readers.reading import KindRead
from molthub.aws.readers.task_definitions import COMMIT, fingerprint_of, project_task_definition
from molthub.resources.identity import TAG_COMMIT, TAG_PROTECTED, Identity, Names
from molthub.resources.normal import task_fingerprint
from molthub.resources.observation import ObservedInstance, ReadFailure, StateFacts
from molthub.resources.types import Kind, Resource, ResourceSet, TaskDefinition

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that was collected, with the tables that turn ids into names."""

    collected: Collected
    definitions: KindRead
    names: ArnNames
    cluster: str
    ingress: IngressAssembly

    def instance(self, identity: Identity, names: Names) -> ObservedInstance:
        """One instance as AWS has it."""
        parts = Parts(identity)
        self._simple(parts, names)
        self.ingress.add_to(parts, names)
        self._service(parts, names)
        for kind, needs in DEPENDS.items():
            missing = next((parts.failures[need] for need in needs if need in parts.failures), None)
            if missing is not None and kind in parts.found:
                parts.found.pop(kind)
                parts.failures[kind] = ReadFailure(kind, missing.ref, missing.message)
        return ObservedInstance(
            identity=identity,
            resources=ResourceSet(**{kind.name.lower(): item for kind, item in parts.found.items()}),  # type: ignore[arg-type]
            runtime=parts.runtime,
            failures=tuple(parts.failures[kind] for kind in Kind if kind in parts.failures),
            foreign=tuple(parts.foreign),
            commit=_commit(parts),
            definition_commit=self._definition_commit(names),
            state=self._state(parts, names.file_system),
            protected=parts.tags.get(Kind.SERVICE, {}).get(TAG_PROTECTED) == "true",
        )

    def _state(self, parts: Parts, name: str) -> StateFacts | None:
        read = self.collected.file_systems
        if Kind.FILE_SYSTEM not in parts.found:
            return None
        return file_systems.project_facts(read.found[name], read.retired.get(name, ()))

    def _definition_commit(self, names: Names) -> str | None:
        service = self.collected.services.found.get(names.service)
        definition = self.definitions.found.get(service["taskDefinition"]) if service else None
        return definition.get(COMMIT) if definition else None

    def _simple(self, parts: Parts, names: Names) -> None:
        got = self.collected
        self._one(parts, Kind.LOG_GROUP, names.log_group, got.log_groups, self._log_group)
        self._one(parts, Kind.SECRET, names.gateway_secret, got.secrets, secrets.project_secret)
        self._one(parts, Kind.SECURITY_GROUP, names.security_group, got.groups, security_groups.project_group)
        self._one(
            parts,
            Kind.FILE_SYSTEM,
            names.file_system,
            got.file_systems,
            lambda raw: file_systems.project_file_system(raw, self.names),
        )
        for kind, name in ((Kind.TASK_ROLE, names.task_role), (Kind.EXECUTION_ROLE, names.execution_role)):
            self._one(parts, kind, name, got.roles, lambda raw: roles.project_role(raw, self.names))

    def _log_group(self, raw: Raw) -> Resource:
        return log_groups.project_group(raw, self.collected.log_groups.tags.get(raw["logGroupName"], {}))

    def _one(self, parts: Parts, kind: Kind, name: str, read: KindRead, project: Callable[[Raw], Resource]) -> None:
        error = read.error(name)
        if error is not None:
            parts.fail(kind, error)
            return
        raw = read.found.get(name)
        if raw is None or not parts.owned(kind, name, read.tags.get(name, {})):
            return
        if kind is Kind.SECRET and secrets.is_deleted(raw):
            return  # as good as gone: a create restores it
        parts.found[kind] = project(raw)

    def _service(self, parts: Parts, names: Names) -> None:
        read = self.collected.services
        error = read.error(names.service)
        raw = read.found.get(names.service)
        if error is not None:
            parts.fail(Kind.SERVICE, error)
            parts.fail(Kind.TASK_DEFINITION, error)
        elif raw is None or raw.get("status") != services.ACTIVE:
            self._definition(parts, names.family)
            if raw is not None and parts.owned(Kind.SERVICE, names.service, read.tags[names.service]):
                parts.runtime = services.project_runtime(raw, self._fingerprint(_primary_arn(raw)))
        elif parts.owned(Kind.SERVICE, names.service, read.tags[names.service]):
            self._live(parts, raw)

    def _live(self, parts: Parts, raw: Raw) -> None:
        arn = raw["taskDefinition"]
        definition = self._definition(parts, arn)
        parts.runtime = services.project_runtime(raw, self._fingerprint(_primary_arn(raw)))
        if definition is None:
            parts.failures[Kind.SERVICE] = ReadFailure(Kind.SERVICE, *_why(parts.failures.get(Kind.TASK_DEFINITION)))
            return
        parts.found[Kind.SERVICE] = services.project_service(
            raw, cluster=self.cluster, fingerprint=task_fingerprint(definition), names=self.names
        )

    def _definition(self, parts: Parts, key: str) -> TaskDefinition | None:
        """The definition known by ARN or family; remembers a failure."""
        error = self.definitions.error(key)
        if error is not None:
            parts.fail(Kind.TASK_DEFINITION, error)
            return None
        raw = self.definitions.found.get(key)
        if raw is None:
            return None
        definition = project_task_definition(raw, self.names)
        parts.found[Kind.TASK_DEFINITION] = definition
        return definition

    def _fingerprint(self, arn: str) -> str:
        raw = self.definitions.found.get(arn)
        return "" if raw is None else fingerprint_of(raw, self.names)


DEPENDS: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.TASK_ROLE: (Kind.SECRET, Kind.FILE_SYSTEM),
    Kind.EXECUTION_ROLE: (Kind.SECRET,),
    Kind.LISTENER_RULE: (Kind.TARGET_GROUP,),
    Kind.TASK_DEFINITION: (Kind.SECRET, Kind.FILE_SYSTEM),
    Kind.SERVICE: (Kind.SECURITY_GROUP, Kind.TARGET_GROUP, Kind.TASK_DEFINITION),
}
"""What a kind's comparison needs to know: in the order of Kind, so that one pass carries a failure all the way."""


def _primary_arn(raw: Raw) -> str:
    current = services.primary(raw)
    return str(current["taskDefinition"]) if current else ""


def _why(failure: ReadFailure | None) -> tuple[str, str]:
    return ("MH-AWS-009", "its task definition was not found") if failure is None else (failure.ref, failure.message)


def _commit(parts: Parts) -> str | None:
    """The service is written last, so its tag is the newest; without one, that of the last kind found."""
    for kind in reversed(Kind):
        commit = parts.tags.get(kind, {}).get(TAG_COMMIT)
        if commit:
            return commit
    return None
