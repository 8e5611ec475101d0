"""Host names in a Route 53 zone: an alias and, beside it, a TXT record that says whose it is.

Records have no tags, so ownership is written as a record of its own at `_molthub.HOST`. One made and removed together
with the alias, in one change batch: a host name without it is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.aws.api import Api
from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_INSTANCE, TAG_WORKSPACE
from molthub.resources.normal import normalise
from molthub.resources.types import DnsRecord

Raw = Mapping[str, Any]
PAGE = 300
OWNER_PREFIX = "_molthub."
FEW = 20
"""Record sets to ask for around one host: its own and its owner's come next to each other in the zone's order."""

_KEYS = {"fleet": TAG_FLEET, "workspace": TAG_WORKSPACE, "environment": TAG_ENVIRONMENT, "instance": TAG_INSTANCE}


def list_records(api: Api, zone: str) -> dict[str, dict[str, Any]]:
    """Every host of the zone that has an owner of ours, an A record or a CNAME: host → record set by "A", "CNAME" and
    "TXT" (the owner's)."""
    return _by_host(_pages(api, zone))


def read_record(api: Api, zone: str, host: str) -> dict[str, Any] | None:
    """One host's, or None when it has neither."""
    answer = api.call(
        "route53",
        "ListResourceRecordSets",
        subject=f"host {host}",
        HostedZoneId=zone,
        StartRecordName=host,
        MaxItems=str(FEW),
    )
    found = _by_host(answer["ResourceRecordSets"]).get(host)
    if found is None or "TXT" in found or not answer.get("IsTruncated"):
        return found
    owner = api.call(  # names below the host that somebody made may come between it and its owner's record
        "route53",
        "ListResourceRecordSets",
        subject=f"host {host}",
        HostedZoneId=zone,
        StartRecordName=f"{OWNER_PREFIX}{host}",
        MaxItems="1",
    )
    return found | _by_host(owner["ResourceRecordSets"]).get(host, {})


def _pages(api: Api, zone: str) -> Iterator[Raw]:
    start: dict[str, str] = {}
    while True:
        answer = api.call(
            "route53",
            "ListResourceRecordSets",
            subject=f"hosted zone {zone}",
            HostedZoneId=zone,
            MaxItems=str(PAGE),
            **start,
        )
        yield from answer["ResourceRecordSets"]
        if not answer.get("IsTruncated"):
            return
        names = {"StartRecordName": "NextRecordName", "StartRecordType": "NextRecordType"}
        names |= {"StartRecordIdentifier": "NextRecordIdentifier"}
        start = {mine: answer[theirs] for mine, theirs in names.items() if answer.get(theirs)}


def _by_host(sets: Iterable[Raw]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in sets:
        name = item["Name"].rstrip(".").lower()
        if item["Type"] in {"A", "CNAME"}:
            found.setdefault(name, {})[item["Type"]] = item
        elif item["Type"] == "TXT" and name.startswith(OWNER_PREFIX):
            found.setdefault(name.removeprefix(OWNER_PREFIX), {})["TXT"] = item
    return found


def owner_of(raw: Raw) -> str:
    """The text of the owner's record, "" without one."""
    values = (raw.get("TXT") or {}).get("ResourceRecords") or ()
    return next((str(item["Value"]).strip('"') for item in values), "")


def tags_of(raw: Raw) -> dict[str, str]:
    """The owner's text read as tags: `molthub fleet=F workspace=W environment=E instance=I`.

    None for a CNAME, whatever is written beside it: Molthub makes none, and nothing can be made where one is.
    """
    if "CNAME" in raw:
        return {}
    pairs = (part.partition("=") for part in owner_of(raw).split(" ")[1:])
    return {_KEYS[key]: value for key, _, value in pairs if key in _KEYS}


def project_record(raw: Raw, *, host: str, zone: str) -> DnsRecord:
    """Our type of a host, normalised. One that is no alias has its values for a target."""
    record = raw["A"]
    alias = record.get("AliasTarget") or {}
    values = ",".join(sorted(item["Value"] for item in record.get("ResourceRecords") or ()))
    target = alias.get("DNSName", values).rstrip(".").lower().removeprefix("dualstack.")
    return normalise(
        DnsRecord(
            name=host,
            zone=zone,
            target=target,
            target_zone=alias.get("HostedZoneId") or "",
            owner=owner_of(raw),
            type=record["Type"],
            evaluate_health=bool(alias.get("EvaluateTargetHealth")),
        )
    )
