"""Shared load balancers as `molthub bootstrap` leaves them, made by plain boto3: everything refused, no rule yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from molthub.resources.foundation import Listener

Client = Callable[[str], Any]


def make_gates(client: Client, vpc_id: str) -> str:
    """The id of the group that tasks with a gate join."""
    made = client("ec2").create_security_group(GroupName="gates", Description="gates", VpcId=vpc_id)
    return str(made["GroupId"])


def make_listeners(client: Client, subnets: Sequence[str], group: str, *, count: int) -> tuple[Listener, ...]:
    return tuple(_listener(client("elbv2"), list(subnets), group, number) for number in range(1, count + 1))


def _listener(elb: Any, subnets: list[str], group: str, number: int) -> Listener:
    """HTTP where AWS has HTTPS: what matters here are its rules."""
    (balancer,) = elb.create_load_balancer(
        Name=f"molthub-{number}", Subnets=subnets, SecurityGroups=[group], Scheme="internet-facing"
    )["LoadBalancers"]
    refuse = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"}}
    (made,) = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=443, DefaultActions=[refuse]
    )["Listeners"]
    arn, zone = balancer["LoadBalancerArn"], balancer["CanonicalHostedZoneId"]
    return Listener(number, made["ListenerArn"], arn, balancer["DNSName"], zone)
