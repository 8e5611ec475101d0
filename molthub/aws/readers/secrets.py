"""Secrets Manager: what may be known of a secret without its value. No call here can read a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.errors import NOT_FOUND
from molthub.aws.tags import compared, from_upper
from molthub.resources.normal import normalise
from molthub.resources.observation import SecretFacts
from molthub.resources.types import Secret

Raw = Mapping[str, Any]
CURRENT = "AWSCURRENT"
DEFAULT_KEY = "alias/aws/secretsmanager"
"""AWS's own key for secrets."""


def list_secrets(api: Api) -> dict[str, Raw]:
    """Every secret of the account and region by name, those waiting for deletion included."""
    items = api.items("secretsmanager", "ListSecrets", IncludePlannedDeletion=True, subject="the account's secrets")
    return {raw["Name"]: raw for raw in items}


def read_secret(api: Api, secret_id: str) -> Raw | None:
    """One secret by name or ARN, or None. One waiting for deletion has a DeletedDate."""
    answer = api.expecting(
        NOT_FOUND, "secretsmanager", "DescribeSecret", SecretId=secret_id, subject=f"secret {secret_id}"
    )
    return None if isinstance(answer, Refusal) else answer


def is_deleted(raw: Raw) -> bool:
    return raw.get("DeletedDate") is not None


def tags_of(raw: Raw) -> dict[str, str]:
    return from_upper(raw.get("Tags"))


def project_secret(raw: Raw) -> Secret:
    """Our type of a secret, normalised. AWS's own key for secrets reads as no key."""
    return normalise(Secret(raw["Name"], raw.get("Description") or "", customer_key(raw), compared(tags_of(raw))))


def customer_key(raw: Raw) -> str | None:
    """ARN of the customer key, or of its alias where that is what AWS tells; None for AWS's own key.

    DescribeSecret tells what the secret was given: "the key ID or alias ARN", or the key's ARN. An id and a bare alias
    are of the secret's own account and region, for another account's key is only taken as an ARN (CreateSecret).
    """
    key: str = raw.get("KmsKeyId") or DEFAULT_KEY
    if key.endswith(DEFAULT_KEY):
        return None
    if key.startswith("arn:"):
        return key
    _, partition, _, region, account, *_ = raw["ARN"].split(":")
    rest = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{partition}:kms:{region}:{account}:{rest}"


def project_facts(raw: Raw) -> SecretFacts:
    """What may be known of it (ListSecrets and DescribeSecret spell the versions' member differently)."""
    stages = raw.get("SecretVersionsToStages") or raw.get("VersionIdsToStages") or {}
    current = next((version for version, labels in stages.items() if CURRENT in labels), None)
    return SecretFacts(raw["Name"], raw["ARN"], current, is_deleted(raw), customer_key(raw))
