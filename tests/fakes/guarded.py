"""A stage whose Environment names a role that holds exactly the reconciler's policy, judged by the simulated IAM."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from molthub.aws.permissions.boundary import boundary_policy
from molthub.aws.permissions.policy import reconciler_policies
from molthub.aws.provider import AwsProvider, aws_provider_factory
from molthub.provider.protocols import Location, Provider, ProviderFactory, Query
from molthub.resources.foundation import Foundation
from molthub.resources.identity import EnvironmentKey
from molthub.resources.observation import Observation
from tests.builders import INGRESS, environment_dict
from tests.fakes.balancers import make_gates, make_listeners
from tests.fakes.places import BOUNDARY, FLEET, KEY, PLACE
from tests.fakes.simulator import ACCOUNT, VPC
from tests.fakes.stage import AWS, BUCKET, Stage

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/molthub/{FLEET}/mh-acme-prod-rec"
INGRESS_HERE = {**INGRESS, "hostedZoneId": PLACE.zone}
ENVIRONMENT = environment_dict(
    spec={"aws": {"roleArn": ROLE_ARN}, "rollout": {"stopAfterFailures": 9}, "ingress": INGRESS_HERE}
)
HERE = replace(PLACE, vpc_id=AWS["vpcId"], bucket=BUCKET)
assert AWS["vpcId"] != VPC
TRUST = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}


def found_base(iam: Any) -> None:
    """What the bootstrap stack brings: the boundary, and the reconciler's role with its policies."""
    path = f"/molthub/{FLEET}/"
    boundary = json.dumps(boundary_policy(HERE, bucket=BUCKET))
    iam.create_policy(PolicyName=BOUNDARY.rpartition("/")[2], Path=path, PolicyDocument=boundary)
    name = ROLE_ARN.rpartition("/")[2]
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)
    for number, document in enumerate(reconciler_policies(HERE)):
        made = iam.create_policy(PolicyName=f"reconciler-{number}", Path=path, PolicyDocument=json.dumps(document))
        iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])


@dataclass(frozen=True, slots=True)
class Founded:
    """The real provider on a foundation with boundary, key and listeners, as the stack's outputs would name them."""

    real: AwsProvider

    def observe(self, query: Query) -> Observation:
        seen = self.real.observe(query)
        assert seen.foundation is not None
        return replace(seen, foundation=replace(seen.foundation, boundary=BOUNDARY, kms_key=KEY))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Standing(AwsProvider):
    """On a foundation that has what the stack's outputs would name."""

    def _stands_on(self, fleet: str, key: EnvironmentKey) -> Foundation:
        return replace(super()._stands_on(fleet, key), **DOOR)


DOOR: dict[str, Any] = {}
"""`gate_members` and `listeners` of the stage that was furnished last."""


def founded_providers() -> ProviderFactory:
    """Providers as one process would have them."""
    factory = aws_provider_factory()

    def provider(key: EnvironmentKey, location: Location) -> Provider:
        real = factory(key, location)
        assert isinstance(real, AwsProvider)
        real.__class__ = Standing
        return Founded(real)

    return provider


def guarded(stage: Stage) -> Stage:
    """The stage with its base; everything done before is forgotten."""
    found_base(stage.client("iam"))
    stage.control.seed(environments=[{**AWS, "hostedZoneId": PLACE.zone, "domain": PLACE.domain}])
    group = make_gates(stage.client, AWS["vpcId"])
    DOOR.update(gate_members=group, listeners=make_listeners(stage.client, AWS["subnetIds"], group, count=1))
    stage.control.reset_counters()
    return stage
