"""The real account that an acceptance run uses: told by variables, made clean again whatever happened."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from tests.fakes.page import Block

PAGE_VALUES = {
    "ACCOUNT": "123456789012",
    "REGION": "eu-west-1",
    "DOMAIN": "bots.example.com",
    "CERTIFICATE": "arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab",
    "ZONE": "Z0123456789ABCDEFGHIJ",
    "GATE_IMAGE": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:0.1.0",
    "BROKEN_IMAGE": "ghcr.io/openclaw/openclaw:2026.9.7",
}
"""What the page says, by the variable (`MOLTHUB_ACCEPTANCE_…`) that says what it is on the real account."""

FLEET = "acme-bots"

CLEAN_UP = """
cd "$HOME/fleet"
molthub delete --all --yes || true
molthub apply --auto-approve || true
for name in concierge release-bot model; do
  molthub secret delete "acme/prod/$name" --environment acme/prod --recovery-days 7 --auto-approve || true
done
molthub bootstrap --environment acme/prod --destroy --delete-backups --auto-approve
"""
"""The page's last chapter, for a run that did not come that far."""


@dataclass(frozen=True, slots=True)
class Account:
    """values: by the names of PAGE_VALUES; fleet: a name of this run's own, so that nothing of yours is touched."""

    values: Mapping[str, str]
    fleet: str

    def translated(self, text: str) -> str:
        """The page's text with this account's values. The longest first: an ARN holds an account and a region."""
        for name, said in sorted(PAGE_VALUES.items(), key=lambda item: -len(item[1])):
            text = text.replace(said, f"@{name}@")
        for name, value in self.values.items():
            text = text.replace(f"@{name}@", value)
        return text.replace(f"--fleet {FLEET}", f"--fleet {self.fleet}")

    def block(self, block: Block) -> Block:
        return Block(block.chapter, block.line, self.translated(block.text))

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.values["REGION"])

    def left(self) -> list[str]:
        """ARNs of what carries this fleet's tag and is not named as staying: backups, and secrets in recovery."""
        pages = self.client("resourcegroupstaggingapi").get_paginator("get_resources")
        wanted = [{"Key": "molthub:fleet", "Values": [self.fleet]}]
        found = [
            item["ResourceARN"] for page in pages.paginate(TagFilters=wanted) for item in page["ResourceTagMappingList"]
        ]
        stays = (":secret:", ":task-definition/", ":recovery-point:", ":key/")
        return sorted(arn for arn in found if not any(part in arn for part in stays))


def account() -> Account:
    """Raises LookupError naming every variable that is missing."""
    missing = [name for name in PAGE_VALUES if not os.environ.get(f"MOLTHUB_ACCEPTANCE_{name}")]
    if missing:
        wanted = ", ".join(f"MOLTHUB_ACCEPTANCE_{name}" for name in missing)
        raise LookupError(f"this run makes real things on AWS, and needs {wanted} (docs/operating.md, Acceptance)")
    values = {name: os.environ[f"MOLTHUB_ACCEPTANCE_{name}"] for name in PAGE_VALUES}
    return Account(values, f"acceptance-{secrets.token_hex(3)}")
