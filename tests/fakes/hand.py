"""A person at one instance with plain boto3: what Molthub must see and put right, done without Molthub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from molthub.resources.identity import Identity, Names, names_of
from molthub.resources.types import Kind
from tests.fakes.stage import AWS, Stage

Json = dict[str, Any]

REGISTRABLE = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "requiresCompatibilities", "cpu", "memory"),
    *("runtimePlatform", "containerDefinitions", "volumes", "ephemeralStorage", "pidMode"),
)


@dataclass(frozen=True, slots=True)
class Hand:
    """One instance of acme/prod, by its id."""

    stage: Stage
    id: str
    clients: dict[str, Any]

    @property
    def names(self) -> Names:
        return names_of(Identity("acme-bots", "acme", "prod", self.id))

    def __call__(self, service: str) -> Any:
        """A client, shared by the hands of one test."""
        if service not in self.clients:
            self.clients[service] = self.stage.client(service)
        return self.clients[service]

    # -- the service and its definition -----------------------------------------------------------------------

    def service(self) -> Json:
        found: Json = self("ecs").describe_services(cluster=AWS["cluster"], services=[self.names.service])["services"][
            0
        ]
        return found

    def update(self, **changes: Any) -> None:
        self("ecs").update_service(cluster=AWS["cluster"], service=self.names.service, **changes)

    def network(self, **changes: Any) -> None:
        network = self.service()["networkConfiguration"]["awsvpcConfiguration"]
        self.update(networkConfiguration={"awsvpcConfiguration": network | changes})

    def deployment(self, **changes: Any) -> None:
        self.update(deploymentConfiguration=changes)

    def breaker(self, **changes: Any) -> None:
        breaker = self.service()["deploymentConfiguration"]["deploymentCircuitBreaker"]
        self.deployment(deploymentCircuitBreaker=breaker | changes)

    def revise(self, change: Callable[[Json], None]) -> None:
        """Register the running definition with one thing changed, and move the service to it."""
        current = self("ecs").describe_task_definition(taskDefinition=self.service()["taskDefinition"])
        request = {key: value for key, value in current["taskDefinition"].items() if key in REGISTRABLE}
        change(request)
        made = self("ecs").register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"]
        self.update(taskDefinition=made)

    # -- everything else --------------------------------------------------------------------------------------

    @property
    def group_id(self) -> str:
        filters = [{"Name": "group-name", "Values": [self.names.security_group]}]
        return str(self("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])

    def egress_ports(self) -> list[int]:
        """The first port of each egress rule: none in the moment between a rule's end and its successor."""
        found = self("ec2").describe_security_groups(GroupIds=[self.group_id])["SecurityGroups"][0]
        return [rule["FromPort"] for rule in found["IpPermissionsEgress"]]

    def egress(self) -> Json:
        """The group's only egress permission, with one range."""
        found: Json = self("ec2").describe_security_groups(GroupIds=[self.group_id])["SecurityGroups"][0]
        (rule,) = found["IpPermissionsEgress"]
        return {key: value for key, value in rule.items() if value not in ([], None)}

    def replace_egress(self, **changes: Any) -> None:
        rule = self.egress()
        self("ec2").revoke_security_group_egress(GroupId=self.group_id, IpPermissions=[rule])
        self("ec2").authorize_security_group_egress(GroupId=self.group_id, IpPermissions=[rule | changes])

    def role(self, kind: Kind) -> str:
        return self.names.task_role if kind is Kind.TASK_ROLE else self.names.execution_role

    def tag(self, kind: Kind, key: str, value: str) -> None:
        """Set one tag of the instance's object of this kind."""
        upper = [{"Key": key, "Value": value}]
        if kind is Kind.LOG_GROUP:
            self("logs").tag_resource(resourceArn=self.log_group_arn, tags={key: value})
        elif kind is Kind.SECRET:
            self("secretsmanager").tag_resource(SecretId=self.names.gateway_secret, Tags=upper)
        elif kind is Kind.SECURITY_GROUP:
            self("ec2").create_tags(Resources=[self.group_id], Tags=upper)
        elif kind is Kind.SERVICE:
            self("ecs").tag_resource(resourceArn=self.service()["serviceArn"], tags=[{"key": key, "value": value}])
        else:
            self("iam").tag_role(RoleName=self.role(kind), Tags=upper)

    def untag(self, kind: Kind, key: str) -> None:
        if kind is Kind.LOG_GROUP:
            self("logs").untag_resource(resourceArn=self.log_group_arn, tagKeys=[key])
        elif kind is Kind.SECRET:
            self("secretsmanager").untag_resource(SecretId=self.names.gateway_secret, TagKeys=[key])
        elif kind is Kind.SECURITY_GROUP:
            self("ec2").delete_tags(Resources=[self.group_id], Tags=[{"Key": key}])
        elif kind is Kind.SERVICE:
            self("ecs").untag_resource(resourceArn=self.service()["serviceArn"], tagKeys=[key])
        else:
            self("iam").untag_role(RoleName=self.role(kind), TagKeys=[key])

    @property
    def log_group_arn(self) -> str:
        return f"arn:aws:logs:{AWS['region']}:{AWS['accountId']}:log-group:{self.names.log_group}"
