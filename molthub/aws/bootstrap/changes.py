"""A change set of CloudFormation as a plan: what is created, updated, replaced, deleted, and where to look twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.provider.bootstrap import ResourceChange, Verb

Raw = Mapping[str, Any]

KEPT = "it holds state: CloudFormation leaves the old one behind"
STATEFUL: Mapping[str, str] = {
    "AWS::S3::Bucket": KEPT,
    "AWS::KMS::Key": "what was encrypted with the old key can be read only as long as that key is there",
    "AWS::Backup::BackupVault": KEPT,
    "AWS::EFS::FileSystem": "the controller's history of deployments and events goes with it",
    "AWS::Logs::LogGroup": KEPT,
    "AWS::EC2::VPC": "everything that runs in it loses its network",
    "AWS::EC2::Subnet": "tasks that run in it must be gone first",
    "AWS::ECS::Cluster": "every service in it must be gone first",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "host names must point to the new one",
}
"""Why replacing or deleting hurts."""

SECURITY: Mapping[str, str] = {
    "AWS::EC2::SecurityGroup": "who may reach what changes",
    "AWS::EC2::SecurityGroupIngress": "who may reach what changes",
    "AWS::IAM::ManagedPolicy": "who may do what changes",
    "AWS::IAM::Role": "who may do what changes",
    "AWS::S3::BucketPolicy": "who may read and write the bucket changes",
    "AWS::WAFv2::WebACL": "what is let through changes",
    "AWS::WAFv2::WebACLAssociation": "what is let through changes",
}
"""Why even a change in place is looked at twice."""

_ORDER = (Verb.DELETE, Verb.REPLACE, Verb.UPDATE, Verb.CREATE)


def changes_of(raw: list[Raw]) -> tuple[ResourceChange, ...]:
    """The lines of a change set, what may hurt first."""
    found = [_change(item["ResourceChange"]) for item in raw if "ResourceChange" in item]
    return tuple(sorted(found, key=lambda item: (_ORDER.index(item.verb), not item.careful, item.name)))


def _change(raw: Raw) -> ResourceChange:
    verb = _verb(raw)
    kind = str(raw["ResourceType"])
    properties = {_property(detail["Target"]) for detail in raw.get("Details", ())}
    return ResourceChange(
        verb=verb,
        name=str(raw["LogicalResourceId"]),
        kind=kind,
        id=str(raw.get("PhysicalResourceId", "")),
        properties=tuple(sorted(properties)) if verb in {Verb.UPDATE, Verb.REPLACE} else (),
        careful=_careful(verb, kind, properties),
        maybe=raw.get("Replacement") == "Conditional",
    )


def _verb(raw: Raw) -> Verb:
    if raw["Action"] == "Modify":
        return Verb.REPLACE if raw.get("Replacement") in {"True", "Conditional"} else Verb.UPDATE
    return Verb.CREATE if raw["Action"] in {"Add", "Import"} else Verb.DELETE


def _property(target: Raw) -> str:
    return str(target.get("Name") or target["Attribute"])


def _careful(verb: Verb, kind: str, properties: set[str]) -> str:
    if verb in {Verb.DELETE, Verb.REPLACE} and kind in STATEFUL:
        return STATEFUL[kind]
    if verb is not Verb.CREATE and kind in SECURITY and properties != {"Tags"}:
        return SECURITY[kind]
    if verb is Verb.UPDATE and kind == "AWS::KMS::Key" and "KeyPolicy" in properties:
        return "who may use the key changes"
    return ""
