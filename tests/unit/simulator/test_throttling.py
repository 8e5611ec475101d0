"""Request quotas, when asked for: AWS's published buckets in simulated time, answered as each service does."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from molthub.simulator.throttling import Throttling, quota_of
from tests.fakes.simulator import TestSimulator

HERE = {"account": "123456789012", "region": "eu-west-1"}


def refusals(call: Any, times: int, **params: Any) -> list[str]:
    found = []
    for _ in range(times):
        try:
            call(**params)
        except botocore.exceptions.ClientError as error:
            found.append(f"{error.response['Error']['Code']}: {error.response['Error']['Message']}")
    return found


def test_nothing_is_throttled_unless_asked_for(simulator: TestSimulator) -> None:
    assert refusals(simulator.client("logs").describe_log_groups, 12) == []


def test_beyond_the_burst_calls_are_refused_until_time_passes(simulator: TestSimulator) -> None:
    simulator.control.set_speed(0.001)
    simulator.control.set_throttling(enforced=True)
    try:
        logs = simulator.client("logs")
        assert refusals(logs.describe_log_groups, 11) == ["ThrottlingException: Rate exceeded"]
        simulator.control.advance(0.2)
        assert len(refusals(logs.describe_log_groups, 3)) == 1
        group = simulator.client("ec2").create_security_group
        codes = {text.partition(":")[0] for text in refusals(group, 52, GroupName="x", Description="x", VpcId="vpc-0")}
        assert "RequestLimitExceeded" in codes
        assert refusals(simulator.client("iam").list_roles, 60) == []
        throttled = [call for call in simulator.control.calls() if call["error"] == "RequestLimitExceeded"]
        assert [call["operation"] for call in throttled] == ["CreateSecurityGroup"] * 2
        simulator.control.reset()  # full buckets in an empty account
        assert refusals(simulator.client("logs").describe_log_groups, 10) == []
    finally:
        simulator.control.set_throttling(enforced=False)


def test_categories_share_and_accounts_do_not() -> None:
    throttling = Throttling()
    throttling.enforced = True
    taken = [throttling.lets_pass("ecs:RegisterTaskDefinition", **HERE, now=0.0) for _ in range(20)]
    assert all(taken)
    assert not throttling.lets_pass("ecs:DeregisterTaskDefinition", **HERE, now=0.5)
    assert throttling.lets_pass("ecs:DeregisterTaskDefinition", **HERE, now=1.0)
    assert not throttling.lets_pass("ecs:RegisterTaskDefinition", **HERE, now=1.0)
    assert throttling.lets_pass("ecs:RegisterTaskDefinition", account="2", region="eu-west-1", now=1.0)
    assert throttling.lets_pass("ecs:RegisterTaskDefinition", account="123456789012", region="us-east-1", now=1.0)


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("ecs:UpdateService", (50, 5)),
        ("ec2:DescribeSecurityGroups", (100, 20)),
        ("ec2:CreateTags", (50, 5)),
        ("elbv2:DescribeRules", (40, 10)),
        ("iam:CreateRole", None),
    ],
)
def test_figures(name: str, figures: tuple[float, float] | None) -> None:
    found = quota_of(name)
    assert (None if found is None else found[1]) == figures
