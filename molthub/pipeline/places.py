"""From an Environment's manifest to the place a provider is made for."""

from __future__ import annotations

from molthub.manifest.documents import LoadedEnvironment
from molthub.provider.protocols import Location


def location_of(environment: LoadedEnvironment) -> Location:
    """Where an Environment's manifest says it lives."""
    aws = environment.model.spec.aws
    return Location(
        account_id=aws.accountId,
        region=aws.region,
        cluster=aws.cluster,
        vpc_id=aws.vpcId,
        subnet_ids=tuple(aws.subnetIds),
        role_arn=aws.roleArn,
        external_id=aws.externalId,
    )
