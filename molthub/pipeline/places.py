"""From an Environment's manifest to the place a provider is made for."""

from __future__ import annotations

from molthub.manifest.documents import LoadedEnvironment
from molthub.provider.protocols import Location
from molthub.resources.identity import names_of_environment


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
