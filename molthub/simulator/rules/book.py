"""Which rules look at which operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from molthub.simulator.rules import ec2, elbv2, iam, logs, route53, s3, secrets, sts, tags
from molthub.simulator.wire import Call
from molthub.simulator.world import World

Rule = Callable[[World, Call, str], None]

RULES: Mapping[str, tuple[Rule, ...]] = {
    **ec2.RULES,
    **elbv2.RULES,
    **iam.RULES,
    **logs.RULES,
    **route53.RULES,
    **s3.RULES,
    **secrets.RULES,
    **sts.RULES,
}


def check(world: World, call: Call, account: str) -> None:
    """Raise when AWS would refuse the call."""
    tags.check(call)
    for rule in RULES.get(call.name, ()):
        rule(world, call, account)
