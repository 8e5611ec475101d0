"""Reads AWS back with plain boto3, so that a scene's proof owes nothing to Molthub's own reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bot:
    """One instance as AWS has it; None and "" where there is nothing."""

    service: Json
    image: str
    definition: str
    groups: list[Json]
    policies: list[str]

    @property
    def running(self) -> bool:
        """One task runs, wanted, of a deployment that completed."""
        primary: Json = next((item for item in self.service["deployments"] if item["status"] == "PRIMARY"), {})
        counts = (self.service["desiredCount"], self.service["runningCount"])
        return counts == (1, 1) and primary.get("rolloutState") == "COMPLETED"

    @property
    def private(self) -> bool:
        """No public address and nothing let in."""
        network = self.service["networkConfiguration"]["awsvpcConfiguration"]
        closed = all(not group["IpPermissions"] for group in self.groups)
        return network["assignPublicIp"] == "DISABLED" and closed


class Witness:
    """A person with boto3 and the console's patience."""

    def __init__(self, endpoint_url: str, *, region: str = "eu-west-1") -> None:
        session = boto3.Session(aws_access_key_id="witness", aws_secret_access_key="witness", region_name=region)  # noqa: S106
        config = Config(retries={"mode": "standard", "max_attempts": 3})
        names = ("ecs", "ec2", "iam", "logs", "secretsmanager")
        self.clients = {name: session.client(name, endpoint_url=endpoint_url, config=config) for name in names}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.clients[name]
        except KeyError:
            raise AttributeError(name) from None

    def bot(self, cluster: str, instance: str) -> Bot | None:
        """The instance by its tag, or None."""
        service = next((one for one in self.services(cluster) if tag(one, "molthub:instance") == instance), None)
        if service is None:
            return None
        definition = self.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        gateway = next(item for item in definition["containerDefinitions"] if item["name"] == "gateway")
        ids = service["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"]
        role = definition["taskRoleArn"].rsplit("/", 1)[-1]
        return Bot(
            service=service,
            image=gateway["image"],
            definition=service["taskDefinition"],
            groups=self.ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"],
            policies=self.iam.list_role_policies(RoleName=role)["PolicyNames"],
        )

    def services(self, cluster: str) -> list[Json]:
        """Every service of the cluster that is not gone, with its tags."""
        pages = self.ecs.get_paginator("list_services").paginate(cluster=cluster)
        arns = [arn for page in pages for arn in page["serviceArns"]]
        found: list[Json] = []
        for start in range(0, len(arns), 10):
            batch = arns[start : start + 10]
            found += self.ecs.describe_services(cluster=cluster, services=batch, include=["TAGS"])["services"]
        return found

    def definitions_text(self) -> str:
        """Every task definition ever registered, as text: a place where no plaintext secret may show up."""
        pages = self.ecs.get_paginator("list_task_definitions")
        arns = [
            arn
            for status in ("ACTIVE", "INACTIVE")
            for page in pages.paginate(status=status)
            for arn in page["taskDefinitionArns"]
        ]
        texts = [str(self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]) for arn in arns]
        return "\n".join(texts)

    def left_of(self, slug: str) -> list[str]:
        """What still exists of an instance, by its part of every name; a deleted secret in recovery does not count."""
        services = [arn for page in self._pages("ecs", "list_clusters") for arn in page["clusterArns"]]
        secrets = [one for page in self._pages("secretsmanager", "list_secrets") for one in page["SecretList"]]
        names = [
            *(one["serviceName"] for cluster in services for one in self.services(cluster)),
            *(
                one["GroupName"]
                for page in self._pages("ec2", "describe_security_groups")
                for one in page["SecurityGroups"]
            ),
            *(one["RoleName"] for page in self._pages("iam", "list_roles") for one in page["Roles"]),
            *(one["logGroupName"] for page in self._pages("logs", "describe_log_groups") for one in page["logGroups"]),
            *(one["Name"] for one in secrets if "DeletedDate" not in one),
        ]
        return [name for name in names if f"{slug}-" in name]

    def _pages(self, client: str, operation: str) -> Iterable[Json]:
        pages: Iterable[Json] = self.clients[client].get_paginator(operation).paginate()
        return pages


def tag(resource: Json, key: str) -> str | None:
    """A tag of an ECS or Secrets Manager object."""
    pairs = resource.get("tags") or resource.get("Tags") or []
    return next(
        (pair.get("value", pair.get("Value")) for pair in pairs if pair.get("key", pair.get("Key")) == key), None
    )
