"""Furnishes a simulated account with many running instances at once, past HTTP: through it a thousand take minutes.

What is made is what the renderer says; that it is right is for Molthub to judge, which must find nothing to do.
"""

from __future__ import annotations

from typing import Any

from molthub.aws.arns import Account, Ids
from molthub.aws.readers.security_groups import permission_of
from molthub.aws.tags import to_lower, to_upper
from molthub.aws.writers.service_request import create_request
from molthub.aws.writers.task_definitions import request_of
from molthub.desired.render import RenderFacts, render
from molthub.manifest.documents import FleetDocuments
from molthub.resources.identity import Identity, gateway_version_id
from molthub.resources.types import ResourceSet, Role
from molthub.simulator.backend import GLOBAL_LOCK
from molthub.simulator.world import World
from tests.fakes.stage import AWS, LINKED

PLACE = {"account": AWS["accountId"], "region": AWS["region"]}
ACCOUNT = Account("aws", AWS["accountId"], AWS["region"])


def furnish(world: World, documents: FleetDocuments, fleet: str = "acme-bots") -> None:
    """Make everything of every instance, as an apply would have left it."""
    (environment,) = documents.environments.values()
    with GLOBAL_LOCK:
        secrets = world.moto.backend("secretsmanager", **PLACE).secrets
        versions = {name: next(iter(secrets[name].versions)) for name in LINKED}
        arns = {name: secrets[name].arn for name in LINKED}
        for identity, loaded in documents.instances.items():
            resources = render(loaded, environment, fleet=fleet, facts=RenderFacts(versions)).resources
            _Furnisher(world, identity, resources, dict(arns)).make()


class _Furnisher:
    def __init__(self, world: World, identity: Identity, resources: ResourceSet, secrets: dict[str, str]) -> None:
        self._world = world
        self._identity = identity
        self._resources = resources
        self._secrets = secrets
        self._groups: dict[str, str] = {}

    def make(self) -> None:
        self._log_group()
        self._secret()
        self._group()
        for role in (self._resources.task_role, self._resources.execution_role):
            assert role is not None
            self._role(role)
        self._service()

    @property
    def _ids(self) -> Ids:
        return Ids(ACCOUNT, f"/molthub/{self._identity.fleet}/", groups=self._groups, secrets=self._secrets)

    def _log_group(self) -> None:
        wanted = self._resources.log_group
        assert wanted is not None
        logs = self._world.moto.backend("logs", **PLACE)
        logs.create_log_group(wanted.name, dict(wanted.tags))
        logs.put_retention_policy(wanted.name, wanted.retention_days)

    def _secret(self) -> None:
        wanted = self._resources.secret
        assert wanted is not None
        backend = self._world.moto.backend("secretsmanager", **PLACE)
        backend.create_secret(
            name=wanted.name,
            secret_string="dummy",
            secret_binary=None,
            description=wanted.description,
            tags=to_upper(dict(wanted.tags)),
            kms_key_id=None,
            client_request_token=gateway_version_id(self._identity),
            replica_regions=[],
            force_overwrite=False,
        )
        self._secrets[wanted.name] = backend.secrets[wanted.name].arn

    def _group(self) -> None:
        wanted = self._resources.security_group
        assert wanted is not None
        ec2 = self._world.moto.backend("ec2", **PLACE)
        group = ec2.create_security_group(wanted.name, wanted.description, wanted.vpc_id, tags=dict(wanted.tags))
        group.egress_rules = []
        for rule in wanted.egress:
            permission = permission_of(rule)
            ec2.authorize_security_group_egress(
                group.id, rule.protocol, rule.from_port, rule.to_port, permission.get("IpRanges", [])
            )
        self._groups[wanted.name] = group.id

    def _role(self, role: Role) -> None:
        iam = self._world.moto.backend("iam", AWS["accountId"], "aws")
        tags, trust = to_upper(dict(role.tags)), self._ids.resolve(role.trust)
        iam.create_role(role.name, trust, role.path, None, role.description, tags, str(role.max_session_seconds))
        for name, text in role.inline_policies:
            iam.put_role_policy(role.name, name, self._ids.resolve(text))

    def _service(self) -> None:
        definition, service = self._resources.task_definition, self._resources.service
        assert definition is not None
        assert service is not None
        made = self._call("RegisterTaskDefinition", request_of(definition, self._ids))["taskDefinition"]
        request = create_request(service, definition_arn=made["taskDefinitionArn"], ids=self._ids)
        self._call("CreateService", {**request, "tags": to_lower(dict(service.tags))})

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._world.ecs.call(operation, **PLACE, params=params)
