"""Collects what load balancers and DNS hold of one environment. Makes no call where it has no listener."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from molthub.aws.api import Api
from molthub.aws.readers import dns_records, load_balancing
from molthub.aws.readers.reading import KindRead, each
from molthub.provider.protocols import Query

Raw = Mapping[str, Any]
OUR_GROUPS = "mh-"
"""What the names of all target groups of Molthub's begin with (`names_of`)."""

ATTRIBUTES = "Attributes"
LISTENER = "ListenerArn"


@dataclass(frozen=True, slots=True)
class IngressCollector:
    """Reads through one Api. listeners: ARNs of the environment's shared listeners."""

    api: Api
    vpc_id: str
    listeners: tuple[str, ...]

    def rules(self, pool: Executor, *, of: frozenset[str] | None) -> KindRead:
        """Every rule of the listeners by ARN, with the listener's ARN in it.

        of: names of target groups; tags are read only of rules that lead to one of them, or to none of Molthub's
        (where a person may have turned one). None reads all tags.
        """
        read = KindRead()
        done, read.failed = each(pool, self.listeners, lambda arn: load_balancing.list_rules(self.api, arn))
        read.failure = next(iter(read.failed.values()), None)
        read.found = {
            str(rule["RuleArn"]): {**rule, LISTENER: listener} for listener, rules in done.items() for rule in rules
        }
        wanted = [arn for arn, rule in read.found.items() if of is None or _concerns(rule, of)]
        read.tags = load_balancing.read_tags(self.api, wanted)
        return read

    def all_target_groups(self) -> KindRead:
        """Every target group of the VPC that may be an instance's, by name, without attributes."""
        read = KindRead()
        if self.listeners:
            found = load_balancing.list_target_groups(self.api)
            mine = {n: raw for n, raw in found.items() if n.startswith(OUR_GROUPS) and raw.get("VpcId") == self.vpc_id}
            self._add(read, mine)
        return read

    def target_groups(self, names: Iterable[str], pool: Executor) -> KindRead:
        """These, by name, without attributes."""
        read = KindRead()
        if self.listeners:
            done, read.failed = each(pool, names, lambda name: load_balancing.read_target_group(self.api, name))
            self._add(read, {name: raw for name, raw in done.items() if raw is not None})
        return read

    def _add(self, read: KindRead, found: Mapping[str, Raw]) -> None:
        tags = load_balancing.read_tags(self.api, (raw["TargetGroupArn"] for raw in found.values()))
        read.add(found, lambda raw: tags.get(raw["TargetGroupArn"], {}))

    def complete_target_groups(self, read: KindRead, names: Iterable[str], pool: Executor) -> None:
        """Adds the attributes of these: one call each."""
        arns = {name: str(read.found[name]["TargetGroupArn"]) for name in names if name in read.found}
        done, failed = each(pool, arns, lambda name: load_balancing.read_attributes(self.api, arns[name]))
        read.failed |= failed
        for name, attributes in done.items():
            read.found[name] = {**read.found[name], ATTRIBUTES: attributes}

    def records(self, query: Query, pool: Executor) -> KindRead:
        """Host names by host: all of the zone for a sweep, else those of the instances asked for."""
        if query.zone is None or not self.listeners:
            return KindRead()
        if query.only is None:
            read = KindRead()
            read.add(dns_records.list_records(self.api, query.zone), dns_records.tags_of)
            return read
        hosts = [query.hosts[identity] for identity in sorted(query.only) if identity in query.hosts]
        return self.named_records(query.zone, hosts, pool)

    def named_records(self, zone: str, hosts: Iterable[str], pool: Executor) -> KindRead:
        read = KindRead()
        done, read.failed = each(pool, hosts, lambda host: dns_records.read_record(self.api, zone, host))
        read.add({host: raw for host, raw in done.items() if raw is not None}, dns_records.tags_of)
        return read


def _concerns(rule: Raw, names: frozenset[str]) -> bool:
    leads_to = [load_balancing.name_in(arn) for arn in load_balancing.targets_of(rule)]
    return any(name in names for name in leads_to) or not any(name.startswith(OUR_GROUPS) for name in leads_to)
