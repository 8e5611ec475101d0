"""All that is known of what operations ask for."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks import backup, cloudformation, ec2, ecs, efs, elbv2, iam, logs, route53, s3, secrets
from molthub.simulator.iam.asks.view import Asking

ASKS: Mapping[str, Asking] = {
    **backup.ASKS,
    **cloudformation.ASKS,
    **ec2.ASKS,
    **ecs.ASKS,
    **efs.ASKS,
    **elbv2.ASKS,
    **iam.ASKS,
    **logs.ASKS,
    **route53.ASKS,
    **s3.ASKS,
    **secrets.ASKS,
}
