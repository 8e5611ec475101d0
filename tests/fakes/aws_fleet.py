"""A large fleet on a fake AWS in memory: answers the sweep's calls page by page, as fast as Python goes.

The simulator is the judge of what a single instance looks like; this one only makes counting a thousand cheap.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from molthub.aws.arns import Account, Ids
from molthub.aws.readers.security_groups import permission_of
from molthub.aws.tags import to_lower, to_upper
from molthub.aws.writers.service_request import create_request
from molthub.aws.writers.task_definitions import request_of
from molthub.resources.identity import Identity, gateway_version_id, names_of
from molthub.resources.types import ResourceSet, Role, Rule

AT = datetime(2026, 11, 1, tzinfo=UTC)
ACCOUNT = Account("aws", "123456789012", "eu-west-1")
Raw = dict[str, Any]


class FakeFleet:
    """boto3 clients of an account that holds these instances. `raw` may be meddled with between two looks."""

    partition = "aws"

    def __init__(self, instances: Mapping[Identity, ResourceSet], linked: tuple[str, ...]) -> None:
        self.services: dict[str, Raw] = {}
        self.definitions: dict[str, Raw] = {}
        self.groups: dict[str, Raw] = {}
        self.roles: dict[str, Raw] = {}
        self.log_groups: dict[str, Raw] = {}
        self.log_tags: dict[str, Any] = {}
        self.secrets: dict[str, Raw] = {}
        self._lock = threading.Lock()
        for name in linked:
            self._secret(name, "v1", {})
        for number, (identity, resources) in enumerate(instances.items()):
            self._add(number, identity, resources)

    def client(self, _service: str) -> FakeFleet:
        return self

    # -- making ------------------------------------------------------------------------------------------------

    def _add(self, number: int, identity: Identity, resources: ResourceSet) -> None:
        names = names_of(identity)
        group, log_group, secret = resources.security_group, resources.log_group, resources.secret
        assert group is not None
        assert log_group is not None
        assert secret is not None
        self._secret(secret.name, gateway_version_id(identity), dict(secret.tags), secret.description)
        self.log_groups[log_group.name] = {"logGroupName": log_group.name, "retentionInDays": log_group.retention_days}
        self.log_tags[log_group.name] = to_upper(dict(log_group.tags))
        self.groups[group.name] = {
            "GroupId": f"sg-{number:08x}",
            "GroupName": group.name,
            "Description": group.description,
            "VpcId": group.vpc_id,
            "IpPermissions": self._permissions(group.ingress),
            "IpPermissionsEgress": self._permissions(group.egress),
            "Tags": to_upper(dict(group.tags)),
        }
        ids = Ids(
            ACCOUNT,
            names.role_path,
            groups={group.name: f"sg-{number:08x}"},
            secrets={name: raw["ARN"] for name, raw in self.secrets.items()},
        )
        for role in (resources.task_role, resources.execution_role):
            assert role is not None
            self.roles[role.name] = self._role(role, ids)
        self._service(resources, ids)

    def _secret(self, name: str, version: str, tags: Mapping[str, str], description: str = "") -> None:
        arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
        stages = {version: ["AWSCURRENT"]}
        self.secrets[name] = {
            "Name": name,
            "ARN": arn,
            "Description": description,
            "SecretVersionsToStages": stages,
            "Tags": to_upper(tags),
        }

    @staticmethod
    def _permissions(rules: tuple[Rule, ...]) -> list[Raw]:
        return [permission_of(rule) for rule in rules]

    @staticmethod
    def _role(role: Role, ids: Ids) -> Raw:
        policies = [
            {"PolicyName": name, "PolicyDocument": json.loads(ids.resolve(text))} for name, text in role.inline_policies
        ]
        return {
            "RoleName": role.name,
            "Path": role.path,
            "Description": role.description,
            "MaxSessionDuration": role.max_session_seconds,
            "AssumeRolePolicyDocument": json.loads(ids.resolve(role.trust)),
            "RolePolicyList": policies,
            "AttachedManagedPolicies": [],
            "Tags": to_upper(dict(role.tags)),
        }

    def _service(self, resources: ResourceSet, ids: Ids) -> None:
        definition, service = resources.task_definition, resources.service
        assert definition is not None
        assert service is not None
        arn = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{definition.family}:1"
        self.definitions[arn] = {**request_of(definition, ids), "taskDefinitionArn": arn}
        deployment = {"id": "ecs-svc/1", "status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": AT}
        self.services[service.name] = {
            **create_request(service, definition_arn=arn, ids=ids),
            "serviceArn": f"arn:aws:ecs:eu-west-1:123456789012:service/{service.cluster}/{service.name}",
            "status": "ACTIVE",
            "tags": to_lower(dict(service.tags)),
            "deployments": [{**deployment, "taskDefinition": arn}],
        }

    # -- answering ---------------------------------------------------------------------------------------------

    def list_services(self, *, maxResults: int, nextToken: str = "0", **_: Any) -> Raw:  # noqa: N803
        arns = [raw["serviceArn"] for raw in self.services.values()]
        return _page(arns, maxResults, nextToken, "serviceArns", "nextToken")

    def describe_services(self, *, services: list[str], **_: Any) -> Raw:
        assert len(services) <= 10
        return {"services": [self.services[name] for name in services], "failures": []}

    def describe_task_definition(self, *, taskDefinition: str, include: list[str]) -> Raw:  # noqa: N803
        assert include == ["TAGS"]
        return {"taskDefinition": self.definitions[taskDefinition], "tags": []}

    def describe_file_systems(self, *, MaxItems: int) -> Raw:  # noqa: N803
        assert MaxItems == 100
        return {"FileSystems": []}

    def describe_security_groups(self, *, MaxResults: int, NextToken: str = "0", **_: Any) -> Raw:  # noqa: N803
        return _page(list(self.groups.values()), MaxResults, NextToken, "SecurityGroups", "NextToken")

    def get_account_authorization_details(self, *, MaxItems: int, Marker: str = "0", **_: Any) -> Raw:  # noqa: N803
        return _marked(_page(list(self.roles.values()), MaxItems, Marker, "RoleDetailList", "Marker"))

    def list_roles(self, *, MaxItems: int, Marker: str = "0", **_: Any) -> Raw:  # noqa: N803
        return _marked(_page(list(self.roles.values()), MaxItems, Marker, "Roles", "Marker"))

    def describe_log_groups(self, *, limit: int, nextToken: str = "0", **_: Any) -> Raw:  # noqa: N803
        return _page(list(self.log_groups.values()), limit, nextToken, "logGroups", "nextToken")

    def get_resources(self, *, ResourcesPerPage: int, PaginationToken: str = "0", **_: Any) -> Raw:  # noqa: N803
        told = [{"ResourceARN": ACCOUNT.log_group_arn(n), "Tags": tags} for n, tags in self.log_tags.items()]
        return _page(told, ResourcesPerPage, PaginationToken, "ResourceTagMappingList", "PaginationToken")

    def list_secrets(self, *, MaxResults: int, NextToken: str = "0", **_: Any) -> Raw:  # noqa: N803
        return _page(list(self.secrets.values()), MaxResults, NextToken, "SecretList", "NextToken")


def _page(items: list[Any], size: int, token: str, key: str, token_key: str) -> Raw:
    start = int(token)
    end = start + size
    return {key: items[start:end]} | ({token_key: str(end)} if end < len(items) else {})


def _marked(page: Raw) -> Raw:
    return {**page, "IsTruncated": "Marker" in page}
