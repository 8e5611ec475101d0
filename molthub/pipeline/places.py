"""From an Environment's manifest to the place a provider is made for."""

from __future__ import annotations

import ipaddress

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedEnvironment
from molthub.provider.bootstrap import BaseSpec, IngressSpec
from molthub.provider.protocols import Location
from molthub.resources.identity import names_of_environment

WIDEST, NARROWEST = 16, 24
"""Prefix lengths of a VPC's range: AWS takes no wider one, and in a narrower one a subnet has no room."""


def location_of(environment: LoadedEnvironment, fleet: str) -> Location:
    """Where an Environment's manifest says it lives; what it leaves out is found in its stack."""
    aws = environment.model.spec.aws
    names = names_of_environment(fleet, environment.key, account=aws.accountId, region=aws.region)
    return Location(
        account_id=aws.accountId,
        region=aws.region,
        cluster=aws.cluster or "",
        vpc_id=aws.vpcId or "",
        subnet_ids=tuple(aws.subnetIds or ()),
        stack=names.stack,
        bucket=names.bucket,
        role_arn=aws.roleArn,
        external_id=aws.externalId,
    )


def base_spec_of(environment: LoadedEnvironment, fleet: str) -> BaseSpec:
    """What an Environment's manifest says of its base. Raises MH-BASE-003 for what no stack can be made of."""
    spec = environment.model.spec
    _check_range(environment)
    return BaseSpec(
        fleet=fleet,
        key=environment.key,
        account_id=spec.aws.accountId,
        region=spec.aws.region,
        cluster=spec.aws.cluster,
        vpc_id=spec.aws.vpcId,
        subnet_ids=tuple(spec.aws.subnetIds or ()),
        nat=spec.network.nat,
        cidr=spec.network.cidr,
        zones=spec.network.zones,
        retention_days=spec.logs.retentionDays,
        ingress=_ingress_of(environment),
    )


def _ingress_of(environment: LoadedEnvironment) -> IngressSpec | None:
    wanted, existing = environment.model.spec.ingress, environment.model.spec.aws.vpcId is not None
    if wanted is None:
        return None
    if existing and not wanted.subnetIds:
        raise StallingError(
            "MH-BASE-003",
            f"{environment.key} has load balancers in an existing VPC, and no public subnets to put them into",
            fix="Name two or more public subnets of that VPC in spec.ingress.subnetIds",
            location=environment.locate(("spec", "ingress")),
        )
    if wanted.subnetIds and not existing:
        raise StallingError(
            "MH-BASE-003",
            f"{environment.key} names public subnets, but no VPC that they are in",
            fix="Name the VPC and its private subnets in spec.aws, or remove spec.ingress.subnetIds",
            location=environment.locate(("spec", "ingress", "subnetIds")),
        )
    return IngressSpec(
        certificate=wanted.certificateArn,
        load_balancers=wanted.loadBalancers,
        allow_from=tuple(wanted.allowFrom),
        requests_per_five_minutes=wanted.requestsPerFiveMinutes,
        subnet_ids=tuple(wanted.subnetIds or ()),
        hosted_zone=wanted.hostedZoneId,
        domain=wanted.domain,
    )


def _check_range(environment: LoadedEnvironment) -> None:
    cidr = environment.model.spec.network.cidr
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError:
        network = None
    if network is None or not WIDEST <= network.prefixlen <= NARROWEST or not network.is_private:
        raise StallingError(
            "MH-BASE-003",
            f"{cidr} is no range for a VPC: private addresses are needed, /16 to /24, with no bit beyond the prefix",
            fix="Use one such as 10.64.0.0/16",
            location=environment.locate(("spec", "network", "cidr")),
        )
