"""Puts an instance's way in together from raw answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.aws.arns import Names as ArnNames
from molthub.aws.readers import dns_records
from molthub.aws.readers.collect import Collected
from molthub.aws.readers.collect_ingress import ATTRIBUTES, LISTENER
from molthub.aws.readers.load_balancing import Claims, project_rule, project_target_group
from molthub.aws.readers.parts import Parts
from molthub.provider.protocols import Query
from molthub.resources.identity import Identity, Names, identity_from_tags
from molthub.resources.types import Kind


@dataclass(frozen=True, slots=True)
class IngressAssembly:
    """claims: whose rule is which."""

    collected: Collected
    names: ArnNames
    claims: Claims
    query: Query

    def add_to(self, parts: Parts, names: Names) -> None:
        """Adds target group, rule and DNS record of one instance."""
        self._target_group(parts, names.target_group)
        self._rule(parts, names.target_group)
        self._record(parts)

    def _target_group(self, parts: Parts, name: str) -> None:
        read = self.collected.target_groups
        error, raw = read.error(name), read.found.get(name)
        if error is not None:
            parts.fail(Kind.TARGET_GROUP, error)
        elif raw is not None and parts.owned(Kind.TARGET_GROUP, name, read.tags[name]):
            attributes = raw.get(ATTRIBUTES, {})
            parts.found[Kind.TARGET_GROUP] = project_target_group(raw, attributes=attributes, tags=read.tags[name])

    def _rule(self, parts: Parts, name: str) -> None:
        read, raw = self.collected.rules, self.claims.get(parts.identity)
        if read.failure is not None:
            parts.fail(Kind.LISTENER_RULE, read.failure)
        elif raw is not None:
            tags = read.tags.get(raw["RuleArn"], {})
            if parts.owned(Kind.LISTENER_RULE, name, tags):
                rule = project_rule(raw, name=name, listener=raw[LISTENER], tags=tags, names=self.names)
                parts.found[Kind.LISTENER_RULE] = rule

    def _record(self, parts: Parts) -> None:
        read, zone = self.collected.records, self.query.zone
        host = self._host_of(parts.identity)
        concerned = parts.identity in self.query.hosts or parts.identity in self.claims
        error = read.error(host) if host else read.failure
        if error is not None and concerned:
            parts.fail(Kind.DNS_RECORD, error)
        raw = read.found.get(host) if host else None
        if error is not None or zone is None or host is None or raw is None or not raw.keys() & {"A", "CNAME"}:
            return
        if parts.owned(Kind.DNS_RECORD, host, read.tags[host]):
            parts.found[Kind.DNS_RECORD] = dns_records.project_record(raw, host=host, zone=zone)

    def _host_of(self, identity: Identity) -> str | None:
        """The host its manifest wants, when that is there; else one whose owner's record names it."""
        records, wanted = self.collected.records, self.query.hosts.get(identity)
        if wanted in records.found or wanted in records.failed:
            return wanted
        owned = (host for host, tags in sorted(records.tags.items()) if identity_from_tags(tags) == identity)
        return next(owned, wanted)
