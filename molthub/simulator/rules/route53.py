"""Route 53: a change batch is judged as a whole before any of it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.refusals import RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World


def _batch_is_sound(world: World, call: Call, account: str) -> None:
    zones = world.moto.backend("route53", account, "aws").zones
    zone = zones.get(call.params["HostedZoneId"].removeprefix("/hostedzone/"))
    if zone is None:
        return  # moto says that there is no such zone
    for change in call.params["ChangeBatch"]["Changes"]:
        problem = _problem(world, zone, change["Action"], change["ResourceRecordSet"], account)
        if problem is not None:
            raise RefusalError("InvalidChangeBatch", f"[{problem}]")


def _problem(world: World, zone: Any, action: str, wanted: Mapping[str, Any], account: str) -> str | None:
    name, kind = _absolute(wanted["Name"]), wanted["Type"]
    described = f"[name='{name}', type='{kind}']"
    if not f".{name}".endswith(f".{_absolute(zone.name)}"):
        return f"RRSet with DNS name {name} is not permitted in zone {_absolute(zone.name)}"
    held = next((item for item in zone.rrsets if _absolute(item.name) == name and item.type == kind), None)
    if action == "DELETE":
        return _delete_problem(held, wanted, described)
    others = {item.type for item in zone.rrsets if _absolute(item.name) == name} - {kind}
    if (kind == "CNAME" and others) or "CNAME" in others:
        return (
            f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {_absolute(zone.name)}"
        )
    if action == "CREATE" and held is not None:
        return f"Tried to create resource record set {described} but it already exists"
    return _content_problem(world, wanted, described, account)


def _delete_problem(held: Any, wanted: Mapping[str, Any], described: str) -> str | None:
    if held is None:
        return f"Tried to delete resource record set {described} but it was not found"
    values = sorted(str(item["Value"]) for item in wanted.get("ResourceRecords", ()))
    have = sorted(str(item if isinstance(item, str) else item["Value"]) for item in held.records or ())
    target = _absolute((held.alias_target or {}).get("DNSName", ""))
    if values != have or _absolute(wanted.get("AliasTarget", {}).get("DNSName", "")) != target:
        return (
            f"Tried to delete resource record set {described} but the values provided do not match the current values"
        )
    return None


def _content_problem(world: World, wanted: Mapping[str, Any], described: str, account: str) -> str | None:
    alias, records = wanted.get("AliasTarget"), wanted.get("ResourceRecords")
    if (alias is None) == (records is None):
        return "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"
    if records is not None and "TTL" not in wanted:
        return f"Invalid request: Missing field 'TTL' in Change with {described}"
    quoted = [str(item["Value"]) for item in records or ()] if wanted["Type"] == "TXT" else []
    if any(not (value.startswith('"') and value.endswith('"')) for value in quoted):
        return f"Invalid Resource Record: TXTRDATA is not enclosed in quotation marks {described}"
    if alias is not None and not _is_balancer(world, alias, account):
        return (
            f"Tried to create an alias that targets {alias['DNSName']}, type {wanted['Type']} in zone "
            f"{alias['HostedZoneId']}, but the alias target name does not lie within the target zone"
        )
    return None


def _is_balancer(world: World, alias: Mapping[str, Any], account: str) -> bool:
    """Molthub makes aliases of load balancers and of nothing else."""
    name = _absolute(alias["DNSName"]).removeprefix("dualstack.").rstrip(".")
    for _, region in world.places() | {(account, "eu-west-1")}:
        for balancer in world.moto.backend("elbv2", account, region).load_balancers.values():
            if balancer.dns_name.lower() == name:
                return True
    return False


def _absolute(name: str) -> str:
    return f"{name.lower().rstrip('.')}." if name else ""


RULES: Mapping[str, tuple[Any, ...]] = {"route53:ChangeResourceRecordSets": (_batch_is_sound,)}
