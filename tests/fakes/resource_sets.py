"""Whole, plausible resource sets and plans for tests that need no renderer."""

from __future__ import annotations

import dataclasses
from typing import Any

from molthub.planning.plan import PlanRequest, observed_in, plan_instance, wants_rollout
from molthub.planning.types import EnvironmentPlan, InstancePlan
from molthub.provider.protocols import Query
from molthub.resources.identity import STATE_ACTIVE, TAG_STATE, EnvironmentKey, Identity, identity_tags, names_of
from molthub.resources.normal import canonical_json, normalise, task_fingerprint
from molthub.resources.types import (
    AccessPoint,
    Container,
    DnsRecord,
    FileSystem,
    FileVolume,
    HealthCheck,
    Kind,
    ListenerRule,
    LoadBalancer,
    LogGroup,
    ResourceSet,
    Role,
    Rule,
    Secret,
    SecurityGroup,
    Service,
    TargetGroup,
    TaskDefinition,
)
from tests.fakes.provider import FakeProvider

KEY = EnvironmentKey("acme", "prod")
IMAGE = "ghcr.io/openclaw/openclaw:2026.9.6"
HOST = "support-bot.bots.example.com"
STATELESS = tuple(kind for kind in Kind if kind is not Kind.FILE_SYSTEM)
"""The kinds of a `resource_set`: without persistent state there is no file system."""
COMMIT = "c0ffee" + "0" * 34
_POLICY = canonical_json('{"Version": "2012-10-17", "Statement": []}')


def bot(name: str = "support-bot", *, workspace: str = "acme", environment: str = "prod") -> Identity:
    return Identity("acme-bots", workspace, environment, name)


def resource_set(
    identity: Identity, *, image: str = IMAGE, count: int = 1, environment: dict[str, str] | None = None, **service: Any
) -> ResourceSet:
    """Everything one instance becomes. Keyword arguments beyond those named replace fields of the service."""
    names = names_of(identity)
    tags = tuple(sorted(identity_tags(identity).items()))
    definition = _definition(identity, image, environment or {"TZ": "UTC"})
    role = Role(names.task_role, names.role_path, "the Moltbot itself", _POLICY, tags=tags)
    whole = ResourceSet(
        log_group=LogGroup(names.log_group, 365, tags),
        secret=Secret(names.gateway_secret, "gateway token", tags=tags),
        security_group=SecurityGroup(
            names.security_group, "a Moltbot", "vpc-0a1b", egress=(Rule("tcp", 443, 443, "0.0.0.0/0"),), tags=tags
        ),
        task_role=role,
        execution_role=dataclasses.replace(role, name=names.execution_role, description="starts the task"),
        target_group=TargetGroup(names.target_group, "vpc-0a1b", 8080, "/healthz", tags=tags),
        listener_rule=ListenerRule(
            name=HOST,
            listener="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/molthub/1/2",
            hosts=(HOST,),
            methods=("POST",),
            paths=("/hooks/agent", "/hooks/wake"),
            target_groups=(names.target_group,),
            tags=tags,
        ),
        dns_record=DnsRecord(HOST, "Z0123456789ABC", "molthub.elb.amazonaws.com", "Z32O12XQLNTSW2", "molthub"),
        task_definition=definition,
        service=Service(
            name=names.service,
            cluster="molthub-acme-prod",
            task_definition=task_fingerprint(definition),
            desired_count=count,
            subnets=("subnet-0a", "subnet-0b"),
            security_groups=(names.security_group,),
            load_balancers=(LoadBalancer(names.target_group, "gate", 8080),),
            tags=tags,
        ),
    )
    if service:
        assert whole.service is not None
        whole = dataclasses.replace(whole, service=dataclasses.replace(whole.service, **service))
    return normalised(whole)


def without_ingress(whole: ResourceSet) -> ResourceSet:
    """The same for an instance that nobody can call."""
    assert whole.service is not None
    service = dataclasses.replace(whole.service, load_balancers=())
    return dataclasses.replace(whole, target_group=None, listener_rule=None, dns_record=None, service=service)


def with_state(whole: ResourceSet, identity: Identity) -> ResourceSet:
    """The same with persistent state: a file system, and a definition that mounts it."""
    name = names_of(identity).file_system
    tags = tuple(sorted({**identity_tags(identity), TAG_STATE: STATE_ACTIVE}.items()))
    points = (AccessPoint("keys", "/keys"), AccessPoint("state", "/state"))
    kept = FileSystem(name, "arn:key", _POLICY, ("subnet-0a", "subnet-0b"), ("sg-0f1",), points, tags=tags)
    definition, service = whole.task_definition, whole.service
    assert definition is not None
    assert service is not None
    volumes = (FileVolume("keys", name, "keys"), FileVolume("state", name, "state"), FileVolume("state-root", name))
    definition = normalise(dataclasses.replace(definition, volumes=("config",), file_volumes=volumes))
    service = dataclasses.replace(service, task_definition=task_fingerprint(definition))
    return normalised(dataclasses.replace(whole, file_system=kept, task_definition=definition, service=service))


def _definition(identity: Identity, image: str, environment: dict[str, str]) -> TaskDefinition:
    names = names_of(identity)
    gateway = Container(
        name="gateway",
        image=image,
        user="1000:1000",
        environment=tuple(environment.items()),
        secrets=(
            ("ANTHROPIC_API_KEY", "${secret:acme/prod/model}:anthropic::"),
            ("OPENCLAW_GATEWAY_TOKEN", f"${{secret:{names.gateway_secret}}}"),
        ),
        depends_on=(("init", "SUCCESS"),),
        health_check=HealthCheck(("CMD", "node", "health.mjs")),
    )
    init = Container(name="init", image=image, essential=False, user="0:0", command=("node", "init.mjs"))
    return TaskDefinition(
        family=names.family,
        cpu=1024,
        memory=2048,
        architecture="X86_64",
        task_role=names.task_role,
        execution_role=names.execution_role,
        containers=(init, gateway),
        volumes=("config", "state"),
    )


def normalised(whole: ResourceSet) -> ResourceSet:
    found: dict[str, Any] = {kind.name.lower(): whole.get(kind) for kind in Kind}
    return ResourceSet(**{name: normalise(item) for name, item in found.items() if item is not None})


def changed(whole: ResourceSet, kind: Kind, **changes: Any) -> ResourceSet:
    """The same set with fields of one resource replaced. The service follows a changed task definition by hand."""
    resource = whole.get(kind)
    assert resource is not None
    fields: dict[str, Any] = {kind.name.lower(): dataclasses.replace(resource, **changes)}
    return normalised(dataclasses.replace(whole, **fields))


def plan_with(
    cloud: FakeProvider, identity: Identity, desired: ResourceSet | None, *, paused: bool = False, **request: Any
) -> InstancePlan:
    """Observe and plan as the pipeline does: the history of failures is read only when something would roll out."""
    observation = cloud.observe(Query(identity.fleet, cloud.key, only=frozenset({identity})))
    observed = observed_in(observation, identity)
    name = str(identity)
    asked = PlanRequest(identity, name, desired, observed, paused=paused, **request)
    plan = plan_instance(asked)
    if wants_rollout(plan):
        plan = plan_instance(dataclasses.replace(asked, failed=cloud.failed_rollouts(identity)))
    return plan


def environment_plan(*plans: InstancePlan, **limits: Any) -> EnvironmentPlan:
    return EnvironmentPlan(KEY, tuple(sorted(plans, key=lambda plan: plan.identity)), **limits)
