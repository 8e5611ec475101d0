"""Whether the account has room for a new base: its quotas, what is used of them, and what the template makes.

A quota that cannot be read is said and does not stop anybody: its limit may be fine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from molthub.aws.api import Api
from molthub.aws.bootstrap.parts import Json
from molthub.aws.quotas import ADDRESSES, BALANCERS, FARGATE_VCPUS, VPCS, account_summary, applied_quota
from molthub.errors import MolthubError
from molthub.provider.bootstrap import QuotaCheck

FIRST_MOLTBOT_VCPUS = 1


@dataclass(frozen=True, slots=True)
class _Ask:
    """One quota. needed: by what the template makes; used: None where counting says nothing."""

    name: str
    needed: int
    limit: Callable[[], float]
    used: Callable[[], int] | None = None


def check_room(api: Api, template: Json) -> tuple[QuotaCheck, ...]:
    """One check for each quota that something of the template counts against, the tightest kind first."""
    return tuple(_check(ask) for ask in _asks(api, template) if ask.needed)


def _asks(api: Api, template: Json) -> Iterator[_Ask]:
    kinds = Counter(item["Type"] for item in template["Resources"].values())
    yield _Ask(
        "Fargate vCPUs running at once",
        FIRST_MOLTBOT_VCPUS,
        lambda: applied_quota(api, FARGATE_VCPUS, subject="Fargate vCPUs"),
    )
    yield _Ask(
        "VPCs in the region",
        kinds["AWS::EC2::VPC"],
        lambda: applied_quota(api, VPCS, subject="VPCs"),
        lambda: len(api.items("ec2", "DescribeVpcs")),
    )
    yield _Ask(
        "Elastic IP addresses in the region",
        kinds["AWS::EC2::EIP"],
        lambda: applied_quota(api, ADDRESSES, subject="Elastic IP addresses"),
        lambda: len(api.call("ec2", "DescribeAddresses")["Addresses"]),
    )
    yield _Ask(
        "Application load balancers in the region",
        kinds["AWS::ElasticLoadBalancingV2::LoadBalancer"],
        lambda: applied_quota(api, BALANCERS, subject="load balancers"),
        lambda: len(api.items("elbv2", "DescribeLoadBalancers")),
    )
    for name, kind, key in (
        ("IAM roles in the account", "AWS::IAM::Role", "Roles"),
        ("IAM policies in the account", "AWS::IAM::ManagedPolicy", "Policies"),
    ):
        yield _Ask(name, kinds[kind], _summary(api, f"{key}Quota"), _summary(api, key))


def _summary(api: Api, key: str) -> Callable[[], int]:
    return lambda: int(account_summary(api)[key])


def _check(ask: _Ask) -> QuotaCheck:
    try:
        limit = math.floor(ask.limit())
        used = ask.used() if ask.used is not None else None
    except MolthubError as error:
        return QuotaCheck(ask.name, ask.needed, None, None, why=error.diagnostic.message)
    return QuotaCheck(ask.name, ask.needed, used, limit)
