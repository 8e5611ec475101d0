"""Shared load balancers as `molthub bootstrap` leaves them, made by plain boto3: everything refused, no rule yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from molthub.resources.foundation import Listener
from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE

Client = Callable[[str], Any]


def make_gates(client: Client, vpc_id: str) -> str:
    """The id of the group that tasks with a gate join."""
    made = client("ec2").create_security_group(GroupName="gates", Description="gates", VpcId=vpc_id)
    return str(made["GroupId"])


STACKS = {TAG_FLEET: "acme-bots", TAG_WORKSPACE: "acme", TAG_ENVIRONMENT: "prod"}
"""The stack's tags, which CloudFormation puts on its listeners as well."""


def make_listeners(
    client: Client,
    subnets: Sequence[str],
    group: str,
    *,
    count: int,
    name: str = "molthub",
    tags: Mapping[str, str] = STACKS,
) -> tuple[Listener, ...]:
    upper = [{"Key": key, "Value": value} for key, value in tags.items()]
    more = {"Tags": upper} if upper else {}
    return tuple(
        _listener(client("elbv2"), f"{name}-{number}", number, Subnets=list(subnets), SecurityGroups=[group], more=more)
        for number in range(1, count + 1)
    )


def _listener(elb: Any, name: str, number: int, *, more: dict[str, Any], **balancing: Any) -> Listener:
    """HTTP where AWS has HTTPS: what matters here are its rules."""
    (balancer,) = elb.create_load_balancer(Name=name, Scheme="internet-facing", **balancing)["LoadBalancers"]
    refuse = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}
    (made,) = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=443, DefaultActions=[refuse], **more
    )["Listeners"]
    arn, zone = balancer["LoadBalancerArn"], balancer["CanonicalHostedZoneId"]
    return Listener(number, made["ListenerArn"], arn, balancer["DNSName"], zone)
