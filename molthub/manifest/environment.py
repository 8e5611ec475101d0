"""The Fleet and its Environments, as people write them (conventions: models.py)."""
# ruff: noqa: N815 -- fields are named as people write them, so that no alias can drift from its name

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from molthub.manifest.fields import (
    ACCOUNT_PATTERN,
    CERTIFICATE_PATTERN,
    CIDR_PATTERN,
    CLUSTER_PATTERN,
    DOMAIN_PATTERN,
    EXTERNAL_ID_PATTERN,
    IMAGE_PATTERN,
    REGION_PATTERN,
    RETENTION_DAYS,
    ROLE_PATTERN,
    SUBNET_PATTERN,
    VPC_PATTERN,
    ZONE_PATTERN,
    Model,
    SlugName,
)

# -- Fleet ------------------------------------------------------------------------------------------------


class FleetMetadata(Model):
    name: SlugName = Field(
        description="The fleet's name. Immutable: hashed into every AWS name, a tag on every object.",
        examples=["acme-bots"],
    )


class Fleet(Model):
    """The fleet itself: one file, `molthub.yaml`, at the root of the repository."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["Fleet"] = Field(description="Always `Fleet`.")
    metadata: FleetMetadata = Field(description="Which fleet it is.")


# -- Environment ------------------------------------------------------------------------------------------


class EnvironmentMetadata(Model):
    workspace: SlugName = Field(description="The workspace (a team or tenant) it belongs to.", examples=["acme"])
    name: SlugName = Field(description="The environment's name within the workspace.", examples=["prod"])


class AwsLocation(Model):
    accountId: str = Field(
        pattern=ACCOUNT_PATTERN,
        description="The AWS account, twelve digits, quoted. Checked before anything is read or written.",
        examples=["123456789012"],
    )
    region: str = Field(pattern=REGION_PATTERN, description="The AWS region.", examples=["eu-west-1"])
    roleArn: str | None = Field(
        default=None,
        pattern=ROLE_PATTERN,
        description="A role to assume before doing anything.",
        examples=["arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler"],
    )
    externalId: str | None = Field(
        default=None,
        pattern=EXTERNAL_ID_PATTERN,
        min_length=2,
        max_length=1224,
        description="The external id that role asks for.",
    )
    cluster: str | None = Field(
        default=None,
        pattern=CLUSTER_PATTERN,
        description="An existing ECS cluster's name; without it, the one that `molthub bootstrap` made.",
        examples=["molthub-acme-prod"],
    )
    vpcId: str | None = Field(
        default=None,
        pattern=VPC_PATTERN,
        description="An existing VPC, together with `subnetIds`; without it, the one that `molthub bootstrap` made.",
        examples=["vpc-0a1b"],
    )
    subnetIds: list[Annotated[str, Field(pattern=SUBNET_PATTERN)]] | None = Field(
        default=None,
        min_length=1,
        max_length=16,
        description="Private subnets of that VPC, best in two or more zones.",
        examples=[["subnet-0a", "subnet-0b"]],
    )


class Nat(StrEnum):
    SINGLE = "single"
    PER_ZONE = "per-zone"
    NONE = "none"


class BaseNetwork(Model):
    nat: Nat = Field(
        default=Nat.SINGLE,
        strict=False,
        description="How Moltbots reach the internet: one NAT gateway (`single`), one in each zone (`per-zone`), "
        "or VPC endpoints only (`none`: AWS's own services and nothing else).",
    )
    cidr: str = Field(
        default="10.64.0.0/16",
        pattern=CIDR_PATTERN,
        description="The address range of the VPC that `molthub bootstrap` makes, /16 to /24.",
    )
    zones: int = Field(default=2, ge=2, le=4, description="In how many availability zones it has private subnets.")


class Ingress(Model):
    domain: str = Field(
        pattern=DOMAIN_PATTERN,
        max_length=190,
        description="Each Moltbot with a webhook gets a host name below this domain.",
        examples=["bots.example.com"],
    )
    certificateArn: str = Field(
        pattern=CERTIFICATE_PATTERN,
        description="The certificate in ACM for `*.DOMAIN`, in the environment's region.",
        examples=["arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab"],
    )
    gateImage: str = Field(
        pattern=IMAGE_PATTERN,
        min_length=1,
        max_length=512,
        description="Molthub's own image, which runs the gate in front of each Moltbot with a webhook: a whole version "
        "or a digest, for the architecture of those Moltbots.",
        examples=["123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:1.4.0"],
    )
    hostedZoneId: str | None = Field(
        default=None,
        pattern=ZONE_PATTERN,
        description="The Route 53 zone to put host names into; without it Molthub prints the records to make.",
        examples=["Z0123456789ABCDEFGHIJ"],
    )
    loadBalancers: int = Field(
        default=1, ge=1, le=12, description="How many shared load balancers; each serves up to 90 Moltbots."
    )
    subnetIds: list[Annotated[str, Field(pattern=SUBNET_PATTERN)]] | None = Field(
        default=None,
        min_length=2,
        max_length=16,
        description="Public subnets for the load balancers, in two or more zones: needed with an existing VPC "
        "(`aws.vpcId`), and only there.",
        examples=[["subnet-0e", "subnet-0f"]],
    )
    allowFrom: list[Annotated[str, Field(pattern=CIDR_PATTERN)]] = Field(
        default_factory=lambda: ["0.0.0.0/0"],
        min_length=1,
        max_length=30,
        description="From where the load balancers may be called.",
        examples=[["203.0.113.0/24"]],
    )
    requestsPerFiveMinutes: int | None = Field(
        default=None,
        ge=10,
        le=2_000_000_000,
        description="With it a WAF web ACL blocks an address that calls more often than this.",
        examples=[1000],
    )


class RolloutLimits(Model):
    maxConcurrent: int = Field(
        default=5,
        ge=1,
        le=100,
        description="How many Moltbots of this environment may be rolling out at once.",
    )
    stopAfterFailures: int = Field(
        default=2,
        ge=1,
        le=100,
        description="After so many failed rollouts of one commit no further one is started.",
    )


class Logs(Model):
    retentionDays: RETENTION_DAYS = Field(
        default=365, description="How long CloudWatch keeps the logs; one of the values it allows."
    )


class EnvironmentSpec(Model):
    provider: Literal["aws"] = Field(default="aws", description="The cloud. AWS today.")
    aws: AwsLocation = Field(description="Where on AWS. Immutable while instances exist.")
    rollout: RolloutLimits = Field(
        default_factory=RolloutLimits, description="How fast a change spreads, and when it stops."
    )
    logs: Logs = Field(default_factory=Logs, description="Log retention.")
    network: BaseNetwork = Field(
        default_factory=BaseNetwork, description="The network that `molthub bootstrap` makes when none is named."
    )
    ingress: Ingress | None = Field(
        default=None, description="Shared load balancers for Moltbots with a webhook; none without it."
    )


class Environment(Model):
    """Where instances run: one account, region, cluster and network, shared by a workspace's environment."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["Environment"] = Field(description="Always `Environment`.")
    metadata: EnvironmentMetadata = Field(description="Which environment it is.")
    spec: EnvironmentSpec = Field(description="Where it is and how changes spread.")
