"""One manifest to all its AWS resources. The same function serves `render`, `plan`, the guardrails and the controller.

    manifest ── profile_for(image) ──> config ──> init payload ─┐
        │                                                       ├─> containers ─> task definition ─> service
        ├── secrets: references ──> variables, digest of versions ┘
        └── identity ──> names, tags, roles, security group, log group, gateway secret

Pure: the same manifest, environment and facts give the same resources, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from molthub.desired.containers import VOLUMES, Materials, gateway_container, init_container, log_options
from molthub.desired.network import security_group
from molthub.desired.profiles.registry import assumed_profile
from molthub.desired.roles import Place, execution_role, task_role
from molthub.desired.secrets import injected, linked_sources, versions_digest
from molthub.desired.tags import service_tags, tags_of
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.manifest.models import Environment, MoltbotInstance
from molthub.resources.identity import Identity, names_of
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.types import LogGroup, ResourceSet, Secret, Service, TaskDefinition

LABEL_IMAGE = "molthub.image"
LABEL_RESTARTED = "molthub.restarted-at"
LABEL_SECRETS = "molthub.secret-versions"


@dataclass(frozen=True, slots=True)
class RenderFacts:
    """What rendering must know beside the documents.

    secret_versions  secret name (or full ARN, as the manifest links it) → version id of AWSCURRENT; None, or absent,
                     where it has none. The gateway secret's defaults to the version Molthub makes it with.
    paused           the manifest's pause is in force now
    """

    secret_versions: Mapping[str, str | None]
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """resources: all kinds, normalised. linked_secrets: names and full ARNs whose versions must be looked up."""

    resources: ResourceSet
    linked_secrets: frozenset[str]


def linked_secrets(instance: LoadedInstance) -> frozenset[str]:
    """The secrets a manifest links, by name or full ARN; known before any fact is."""
    return linked_sources(instance.model.spec)


def render(instance: LoadedInstance, environment: LoadedEnvironment, *, fleet: str, facts: RenderFacts) -> Rendered:
    """What this manifest should be on AWS.

    Never refuses: whether a manifest may be is the guardrails' word. An image without a runtime profile is rendered
    by the newest one, so that the other guardrails have something to look at (MH-RUN-003 blocks it).
    """
    identity = instance.identity(fleet)
    names, tags, place = names_of(identity), tags_of(identity, instance.model), _place(environment.model)
    spec, aws = instance.model.spec, environment.model.spec.aws
    profile = assumed_profile(spec.runtime.image)
    secrets = injected(spec, profile, names.gateway_secret)
    materials = Materials(
        spec=spec,
        profile=profile,
        service_name=str(identity),
        secrets=secrets,
        labels=_labels(identity, instance.model, facts),
        log_options=log_options(group=names.log_group, region=place.region),
    )
    task = _task_definition(identity, materials)
    resources = ResourceSet(
        log_group=LogGroup(names.log_group, environment.model.spec.logs.retentionDays, tags),
        secret=Secret(names.gateway_secret, f"Gateway token of Molthub instance {identity}", tags=tags),
        security_group=security_group(identity, vpc_id=aws.vpcId, preset=spec.network.egressPreset, tags=tags),
        task_role=task_role(identity, spec, place=place, tags=tags),
        execution_role=execution_role(identity, spec, secrets=secrets.values(), place=place, tags=tags),
        task_definition=task,
        service=_service(identity, instance.model, environment.model, task=task, paused=facts.paused),
    )
    return Rendered(_normalised(resources), linked_secrets(instance))


def _place(environment: Environment) -> Place:
    return Place(account=environment.spec.aws.accountId, region=environment.spec.aws.region)


def _task_definition(identity: Identity, materials: Materials) -> TaskDefinition:
    names, spec = names_of(identity), materials.spec
    definition = TaskDefinition(
        family=names.family,
        cpu=spec.runtime.cpu,
        memory=spec.runtime.memory,
        architecture=spec.runtime.architecture.value.upper(),
        task_role=names.task_role,
        execution_role=names.execution_role,
        containers=(init_container(materials), gateway_container(materials)),
        volumes=VOLUMES,
    )
    return normalise(definition)


def _labels(identity: Identity, instance: MoltbotInstance, facts: RenderFacts) -> dict[str, str]:
    """Docker labels of the gateway container: what makes a restart, or a changed secret, a new revision."""
    spec = instance.spec
    labels = {
        LABEL_IMAGE: spec.runtime.image,
        LABEL_SECRETS: versions_digest(identity, spec, facts.secret_versions),
    }
    if spec.lifecycle.restartedAt is not None:
        labels[LABEL_RESTARTED] = spec.lifecycle.restartedAt.astimezone(UTC).isoformat()
    return labels


def _service(
    identity: Identity, instance: MoltbotInstance, environment: Environment, *, task: TaskDefinition, paused: bool
) -> Service:
    names, aws = names_of(identity), environment.spec.aws
    return Service(
        name=names.service,
        cluster=aws.cluster,
        task_definition=task_fingerprint(task),
        desired_count=0 if paused else instance.spec.runtime.replicas,
        subnets=tuple(aws.subnetIds),
        security_groups=(names.security_group,),
        tags=service_tags(identity, instance),
    )


def _normalised(resources: ResourceSet) -> ResourceSet:
    parts = {name: getattr(resources, name) for name in ResourceSet.__dataclass_fields__}
    return ResourceSet(**{name: normalise(part) for name, part in parts.items() if part is not None})
