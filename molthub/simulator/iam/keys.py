"""What Secrets Manager asks KMS for in the name of whoever reads or writes a secret under a customer key."""

from __future__ import annotations

from molthub.simulator.iam.evaluator import Ask


def through_key(key: str | None, actions: tuple[str, ...], region: str) -> list[Ask]:
    """The questions. AWS's own key (no ARN, or an alias of AWS's) asks for nothing."""
    if key is None or not key.startswith("arn:aws:kms:") or ":alias/aws/" in key:
        return []
    context = {"kms:viaservice": (f"secretsmanager.{region}.amazonaws.com",)}
    return [Ask(action, key, context) for action in actions]
