"""Host names: the alias and the record that says whose it is are written and removed in one change batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.errors import foreign
from molthub.aws.readers import dns_records
from molthub.aws.readers.dns_records import OWNER_PREFIX, project_record
from molthub.aws.tags import whose
from molthub.aws.writers.target import Target
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import identity_from_tags
from molthub.resources.normal import normalise
from molthub.resources.types import DnsRecord, Kind

Raw = Mapping[str, Any]
OWNER_TTL = 300


def ensure(target: Target, wanted: DnsRecord) -> WriteResult:
    """Makes host and owner as they should be; a host that somebody else made raises StallingError."""
    after = normalise(wanted)
    raw = _ours(target, after)
    if raw is None or project_record(raw, host=after.name, zone=after.zone) != after:
        _change(target, after, [_upsert(_alias(after)), _upsert(_owner(after))])
    return target.result(f"alias of {after.target}")


def _ours(target: Target, record: DnsRecord) -> Raw | None:
    """The host's records; None where there is nothing or only an owner that was left behind."""
    raw = dns_records.read_record(target.api, record.zone, record.name)
    if raw is None or not raw.keys() & {"A", "CNAME"}:
        return None
    reason = whose(dns_records.tags_of(raw), target.identity)
    if reason is not None:
        raise foreign(Kind.DNS_RECORD.value, record.name, reason)
    return raw


def _alias(record: DnsRecord) -> dict[str, Any]:
    alias = {
        "HostedZoneId": record.target_zone,
        "DNSName": f"{record.target}.",
        "EvaluateTargetHealth": record.evaluate_health,
    }
    return {"Name": f"{record.name}.", "Type": record.type, "AliasTarget": alias}


def _owner(record: DnsRecord) -> dict[str, Any]:
    values = [{"Value": f'"{record.owner}"'}]
    return {"Name": f"{OWNER_PREFIX}{record.name}.", "Type": "TXT", "TTL": OWNER_TTL, "ResourceRecords": values}


def _upsert(record_set: Raw) -> dict[str, Any]:
    return {"Action": "UPSERT", "ResourceRecordSet": dict(record_set)}


def _change(target: Target, record: DnsRecord, changes: list[dict[str, Any]]) -> None:
    target.write(
        "route53",
        "ChangeResourceRecordSets",
        subject=f"host {record.name}",
        HostedZoneId=record.zone,
        ChangeBatch={"Comment": f"Molthub instance {target.identity}", "Changes": changes},
    )


def replace(target: Target, before: DnsRecord | None, after: DnsRecord) -> WriteResult:
    """Another host or zone: the new name is made before the old one goes."""
    result = ensure(target, after)
    if before is not None and (before.name, before.zone) != (after.name, after.zone):
        delete(target, before)
    return result


def delete(target: Target, before: DnsRecord) -> WriteResult:
    """Deletes host and owner, exactly as they are; what is gone is done, and so is what another instance has taken
    over: one of the same id in another environment of the same domain has the same host."""
    raw = dns_records.read_record(target.api, before.zone, before.name)
    if raw is not None and identity_from_tags(dns_records.tags_of(raw)) == target.identity:
        changes = [{"Action": "DELETE", "ResourceRecordSet": raw[kind]} for kind in ("A", "TXT") if kind in raw]
        _change(target, before, changes)
    return target.result("deleted")
