"""One manifest to all its AWS resources. The same function serves `render`, `plan`, the guardrails and the controller.

    manifest ── profile_for(image) ──> config ──> init payload ─┐
        │                                                       ├─> containers ─> task definition ─> service
        ├── secrets: references ──> variables, digest of versions ┘
        └── identity ──> names, tags, roles, security group, log group, gateway secret

Pure: the same manifest, environment and facts give the same resources, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC

from molthub.desired.containers import Materials, gateway_container, init_container, log_options, volumes
from molthub.desired.gate import GATE_MEMORY, GateMaterials, gate_container, gate_secrets
from molthub.desired.ingress import (
    GRACE_SECONDS,
    UNKNOWN_LISTENER,
    Endpoint,
    dns_record,
    endpoint_of,
    listener_rule,
    load_balancer,
    target_group,
)
from molthub.desired.network import security_group
from molthub.desired.profiles.registry import assumed_profile
from molthub.desired.profiles.types import RuntimeProfile
from molthub.desired.roles import Place, execution_role, task_role
from molthub.desired.secrets import injected, linked_sources, versions
from molthub.desired.state import file_system, file_volumes
from molthub.desired.tags import service_tags, tags_of
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.manifest.environment import Environment, Nat
from molthub.manifest.models import InstanceSpec, MoltbotInstance
from molthub.resources.foundation import FROM_STACK, Foundation, Listener
from molthub.resources.identity import Identity, names_of
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.secret_versions import LABEL_SECRETS, versions_label
from molthub.resources.types import FileSystem, LogGroup, Pairs, ResourceSet, Secret, Service, TaskDefinition

LABEL_IMAGE = "molthub.image"
LABEL_RESTARTED = "molthub.restarted-at"


@dataclass(frozen=True, slots=True)
class RenderFacts:
    """What rendering must know beside the documents.

    secret_versions  secret name (or full ARN, as the manifest links it) → version id of AWSCURRENT; None, or absent,
                     where it has none. The gateway secret's defaults to the version Molthub makes it with.
    secret_keys      secret name (or full ARN) → ARN of the customer key it is encrypted under, where it has one. The
                     gateway secret's is the foundation's
    paused           the manifest's pause is in force now
    foundation       what the environment stands on; None where no cloud was asked: the manifest's own words then,
                     and `(from the stack)` for what it leaves to the stack
    listener         the shared listener that an instance with a webhook is put on; None while none is known
    """

    secret_versions: Mapping[str, str | None]
    secret_keys: Mapping[str, str] = field(default_factory=dict)
    paused: bool = False
    foundation: Foundation | None = None
    listener: Listener | None = None


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
    foundation = facts.foundation or manifest_foundation(environment.model)
    names, tags, place = names_of(identity), tags_of(identity, instance.model), _place(environment.model, foundation)
    spec = instance.model.spec
    profile = assumed_profile(spec.runtime.image)
    secrets = injected(spec, profile, names.gateway_secret)
    options = log_options(group=names.log_group, region=place.region)
    gate = _gate(identity, spec, environment.model, profile=profile, options=options)
    materials = Materials(
        spec=spec,
        profile=profile,
        service_name=str(identity),
        secrets=secrets,
        labels=_labels(identity, instance.model, facts),
        log_options=options,
        gate_memory=GATE_MEMORY if gate else 0,
    )
    task = _task_definition(identity, materials, gate)
    injected_anywhere = {*secrets.values(), *(gate_secrets(spec).values() if gate else ())}
    images = (spec.runtime.image, *((gate.image,) if gate else ()))
    known = dict(facts.secret_keys) | ({names.gateway_secret: foundation.kms_key} if foundation.kms_key else {})
    keys = {known[secret.source] for secret in injected_anywhere if secret.source in known}
    resources = ResourceSet(
        log_group=LogGroup(names.log_group, environment.model.spec.logs.retentionDays, tags),
        secret=Secret(names.gateway_secret, f"Gateway token of Molthub instance {identity}", foundation.kms_key, tags),
        security_group=security_group(identity, vpc_id=foundation.vpc_id, preset=spec.network.egressPreset, tags=tags),
        file_system=_file_system(identity, instance.model, place=place, foundation=foundation, tags=tags),
        task_role=task_role(identity, spec, place=place, tags=tags),
        execution_role=execution_role(
            identity, images=images, secrets=injected_anywhere, keys=keys, place=place, tags=tags
        ),
        task_definition=task,
        service=_service(identity, instance.model, foundation, task=task, paused=facts.paused),
    )
    if gate is not None:
        resources = _reachable(resources, gate.endpoint, identity=identity, foundation=foundation, facts=facts)
    return Rendered(_normalised(resources), linked_secrets(instance))


def _gate(
    identity: Identity, spec: InstanceSpec, environment: Environment, *, profile: RuntimeProfile, options: Pairs
) -> GateMaterials | None:
    """None for an instance that nobody can call."""
    ingress = environment.spec.ingress
    endpoint = endpoint_of(identity, spec, ingress)
    if endpoint is None or ingress is None:
        return None
    return GateMaterials(spec, profile, endpoint, ingress.gateImage, options)


def _reachable(
    resources: ResourceSet, endpoint: Endpoint, *, identity: Identity, foundation: Foundation, facts: RenderFacts
) -> ResourceSet:
    """The same with a way in: target group, rule, DNS record, and a service that registers its gate."""
    service = resources.service
    assert service is not None
    tags = resources.log_group.tags if resources.log_group else ()
    listener = facts.listener or UNKNOWN_LISTENER
    return replace(
        resources,
        target_group=target_group(identity, vpc_id=foundation.vpc_id, tags=tags),
        listener_rule=listener_rule(identity, endpoint, listener=listener, tags=tags),
        dns_record=dns_record(identity, endpoint, listener=listener),
        service=replace(
            service,
            security_groups=(*service.security_groups, foundation.gate_members or FROM_STACK),
            load_balancers=(load_balancer(identity),),
            health_check_grace_seconds=GRACE_SECONDS,
        ),
    )


def manifest_foundation(environment: Environment) -> Foundation:
    """The foundation as far as the manifest names it."""
    aws = environment.spec.aws
    return Foundation(
        cluster=aws.cluster or FROM_STACK,
        vpc_id=aws.vpcId or FROM_STACK,
        subnet_ids=tuple(aws.subnetIds or (FROM_STACK,)),
        endpoints_only=aws.vpcId is None and environment.spec.network.nat is Nat.NONE,
    )


def _file_system(
    identity: Identity, instance: MoltbotInstance, *, place: Place, foundation: Foundation, tags: Pairs
) -> FileSystem | None:
    if not instance.spec.state.persistent:
        return None
    names = names_of(identity)
    role_arn = place.arn("iam", f"role{names.role_path}{names.task_role}", region="")
    return file_system(identity, foundation=foundation, role_arn=role_arn, tags=tags)


def _place(environment: Environment, foundation: Foundation) -> Place:
    aws = environment.spec.aws
    return Place(aws.accountId, aws.region, boundary=foundation.boundary)


def _task_definition(identity: Identity, materials: Materials, gate: GateMaterials | None) -> TaskDefinition:
    names, spec = names_of(identity), materials.spec
    definition = TaskDefinition(
        family=names.family,
        cpu=spec.runtime.cpu,
        memory=spec.runtime.memory,
        architecture=spec.runtime.architecture.value.upper(),
        task_role=names.task_role,
        execution_role=names.execution_role,
        containers=(
            init_container(materials),
            gateway_container(materials),
            *((gate_container(gate),) if gate else ()),
        ),
        volumes=volumes(persistent=spec.state.persistent),
        file_volumes=file_volumes(identity) if spec.state.persistent else (),
    )
    return normalise(definition)


def _labels(identity: Identity, instance: MoltbotInstance, facts: RenderFacts) -> dict[str, str]:
    """Docker labels of the gateway container: what makes a restart, or a changed secret, a new revision."""
    spec = instance.spec
    labels = {
        LABEL_IMAGE: spec.runtime.image,
        LABEL_SECRETS: versions_label(versions(identity, spec, facts.secret_versions)),
    }
    if spec.lifecycle.restartedAt is not None:
        labels[LABEL_RESTARTED] = spec.lifecycle.restartedAt.astimezone(UTC).isoformat()
    return labels


def _service(
    identity: Identity, instance: MoltbotInstance, foundation: Foundation, *, task: TaskDefinition, paused: bool
) -> Service:
    names = names_of(identity)
    shared = (foundation.state_clients or FROM_STACK,) if instance.spec.state.persistent else ()
    return Service(
        name=names.service,
        cluster=foundation.cluster,
        task_definition=task_fingerprint(task),
        desired_count=0 if paused else instance.spec.runtime.replicas,
        subnets=foundation.subnet_ids,
        security_groups=(names.security_group, *shared),
        tags=service_tags(identity, instance),
    )


def _normalised(resources: ResourceSet) -> ResourceSet:
    parts = {name: getattr(resources, name) for name in ResourceSet.__dataclass_fields__}
    return ResourceSet(**{name: normalise(part) for name, part in parts.items() if part is not None})
