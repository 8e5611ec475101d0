"""A furnished account: VPC, subnets and cluster with exactly the ids of a manifest, and secrets to link."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import subnets as moto_subnets
from moto.ec2.models import vpcs as moto_vpcs

from molthub.simulator.backend import replaced
from molthub.simulator.surroundings import ANY_KEY
from molthub.simulator.world import World

VPC_RANGE = "10.0.0.0/16"
DEFAULT_ACCOUNT, DEFAULT_REGION = "123456789012", "eu-west-1"


def seed(world: World, *, environments: Sequence[Mapping[str, Any]], secrets: Sequence[str]) -> None:
    """Make what is not there yet.

    secrets  names, in the account and region of every environment; a task may ask each for any JSON key
    """
    places = {(str(item["accountId"]), str(item["region"])) for item in environments}
    for environment in environments:
        _seed_environment(world, environment)
    for account, region in sorted(places) or [(DEFAULT_ACCOUNT, DEFAULT_REGION)]:
        _seed_secrets(world, account, region, secrets)


def _seed_environment(world: World, wanted: Mapping[str, Any]) -> None:
    account, region = str(wanted["accountId"]), str(wanted["region"])
    if wanted.get("roleArn"):
        _seed_role(world, str(wanted["roleArn"]), wanted.get("externalId"))
    if wanted.get("bucket"):
        _seed_bucket(world, account, region, str(wanted["bucket"]))
    if wanted.get("hostedZoneId"):
        _seed_zone(world, account, zone_id=str(wanted["hostedZoneId"]), domain=str(wanted["domain"]))
    if wanted.get("cluster"):
        world.ecs.call("CreateCluster", account=account, region=region, params={"clusterName": wanted["cluster"]})
    if wanted.get("vpcId"):
        _seed_network(world, wanted)
    if wanted.get("certificateArn"):
        _seed_certificate(world, wanted)


@dataclass(slots=True)
class _Certificate:
    """As much of an ACM certificate as listeners and the tagging service look at."""

    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    in_use_by: list[str] = field(default_factory=list)

    def check(self) -> None:
        """It is issued already."""


def _seed_certificate(world: World, wanted: Mapping[str, Any]) -> None:
    arn = str(wanted["certificateArn"])
    backend = world.moto.backend("acm", str(wanted["accountId"]), str(wanted["region"]))
    backend._certificates[arn] = _Certificate(arn)  # noqa: SLF001 - moto would make a real one, which takes a second


def _seed_network(world: World, wanted: Mapping[str, Any]) -> None:
    account, region = str(wanted["accountId"]), str(wanted["region"])
    ec2 = world.moto.backend("ec2", account, region)
    vpc_id = str(wanted["vpcId"])
    if vpc_id not in ec2.vpcs:
        with replaced(moto_vpcs, "random_vpc_id", lambda: vpc_id):
            ec2.create_vpc(VPC_RANGE)
    known = {subnet for zone in ec2.subnets.values() for subnet in zone}
    taken = sum(subnet.vpc_id == vpc_id for zone in ec2.subnets.values() for subnet in zone.values())
    blocks = list(ipaddress.ip_network(VPC_RANGE).subnets(new_prefix=24))
    for index, subnet_id in enumerate(wanted["subnetIds"]):
        if subnet_id in known:
            continue
        zone = f"{region}{'abc'[index % 3]}"
        with replaced(moto_subnets, "random_subnet_id", lambda chosen=subnet_id: chosen):
            ec2.create_subnet(vpc_id, str(blocks[taken]), availability_zone=zone)
        taken += 1


def _seed_bucket(world: World, account: str, region: str, name: str) -> None:
    """The environment's bucket, versioned as `molthub bootstrap` makes it."""
    backend = world.moto.backend("s3", account, "aws")
    if name not in backend.buckets:
        backend.create_bucket(name, region)
        backend.put_bucket_versioning(name, "Enabled")


def _seed_zone(world: World, account: str, *, zone_id: str, domain: str) -> None:
    """The hosted zone that `spec.ingress` names, with exactly its id."""
    backend = world.moto.backend("route53", account, "aws")
    if zone_id in backend.zones:
        return
    zone = backend.create_hosted_zone(
        name=domain,
        private_zone=False,
        caller_reference=zone_id,
        vpcid=None,
        vpcregion=None,
        comment="Made by the simulator",
        delegation_set_id=None,
    )
    backend.zones[zone_id] = backend.zones.pop(zone.resource_id)
    zone.resource_id = zone_id


def _seed_role(world: World, arn: str, external_id: str | None) -> None:
    """The role that an Environment names, so that it can be assumed. It may do everything."""
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    if world.account.role(account, arn) is not None:
        return
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    iam = world.moto.backend("iam", account, "aws")
    iam.create_role(
        role_name=name,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        path=f"/{arn.partition(':role/')[2].rpartition('/')[0]}/".replace("//", "/"),
        permissions_boundary=None,
        description="Made by the simulator",
        tags=[],
        max_session_duration="3600",
    )
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(name, "everything", json.dumps(everything))


def _seed_secrets(world: World, account: str, region: str, names: Sequence[str]) -> None:
    backend = world.moto.backend("secretsmanager", account, region)
    for name in names:
        if name in backend.secrets:
            continue
        backend.create_secret(
            name=name,
            secret_string=json.dumps({ANY_KEY: "dummy"}),
            secret_binary=None,
            description="Made by the simulator",
            tags=[],
            kms_key_id=None,
            client_request_token=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),  # the version's id: the same every time
            replica_regions=[],
            force_overwrite=False,
        )
