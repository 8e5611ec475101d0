"""What Secrets Manager asks KMS for in the name of whoever reads or writes a secret under a customer key."""

from __future__ import annotations

from molthub.simulator.backend import MotoWorld
from molthub.simulator.iam.evaluator import Ask


def through_key(world: MotoWorld, key: str | None, actions: tuple[str, ...], *, account: str, region: str) -> list[Ask]:
    """The questions, about the key itself. AWS's own key (none, or an alias of AWS's) asks for nothing.

    key: as a secret of this account and region has it: an ARN, an id, or an alias.
    """
    if not key or "alias/aws/" in key:
        return []
    context = {"kms:viaservice": (f"secretsmanager.{region}.amazonaws.com",)}
    return [Ask(action, _arn(world, key, account=account, region=region), context) for action in actions]


def _arn(world: MotoWorld, key: str, *, account: str, region: str) -> str:
    """IAM judges the key and never its alias; an alias that leads nowhere stays one, which no policy allows."""
    if key.startswith("arn:"):
        account, rest = key.split(":", 5)[4:]
    else:
        rest = key if key.startswith("alias/") else f"key/{key}"
    if rest.startswith("alias/"):
        found = world.backend("kms", account, region).get_key_id_from_alias(rest)
        rest = f"key/{found}" if found else rest
    return f"arn:aws:kms:{region}:{account}:{rest}"
