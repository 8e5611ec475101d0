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
    key = raw.get("KmsKeyId")
    default = key is None or key.endswith("alias/aws/secretsmanager")
    return normalise(
        Secret(raw["Name"], raw.get("Description") or "", None if default else key, compared(tags_of(raw)))
    )


def project_facts(raw: Raw) -> SecretFacts:
    """Name, ARN and the version id of AWSCURRENT (ListSecrets and DescribeSecret spell the member differently)."""
    stages = raw.get("SecretVersionsToStages") or raw.get("VersionIdsToStages") or {}
    current = next((version for version, labels in stages.items() if CURRENT in labels), None)
    return SecretFacts(raw["Name"], raw["ARN"], current, is_deleted(raw))
