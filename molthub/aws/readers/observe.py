"""One environment observed: raw answers collected, put to their instances, projected onto our types.

What a failed read means is decided here. A kind that could not be read is a ReadFailure on every instance
concerned, and so is every kind that speaks of it: a service names groups, a definition and a policy name
secrets, and without those the comparison would show differences that are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from molthub.aws.arns import Names as ArnNames
from molthub.aws.arns import is_arn, secret_arns
from molthub.aws.lookup import Lookup
from molthub.aws.readers import file_systems, secrets, security_groups, services
from molthub.aws.readers.assemble import Assembly
from molthub.aws.readers.assemble_ingress import IngressAssembly
from molthub.aws.readers.collect import CALLS_AT_ONCE, Collected, Collector
from molthub.aws.readers.collect_ingress import LISTENER
from molthub.aws.readers.load_balancing import claimed, hosts_of, name_in, targets_of
from molthub.aws.readers.reading import KindRead, as_failure, each
from molthub.aws.readers.restarts import explained
from molthub.aws.readers.roles import texts_of
from molthub.aws.readers.task_definitions import TaskDefinitionCache, read_latest, read_revision, secret_values
from molthub.provider.protocols import Query
from molthub.resources.identity import Identity, Names, identity_from_tags, names_of
from molthub.resources.observation import Observation, ReadFailure, SecretFacts
from molthub.resources.types import Kind

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Observer:
    """Observes one environment. Stateless but for the cache of task definitions."""

    collector: Collector
    cache: TaskDefinitionCache
    lookup: Lookup

    def observe(self, query: Query) -> Observation:
        """Reads, never writes; failures are inside the Observation, never raised."""
        collected = self.collector.collect(query)
        identities = sorted(query.only) if query.only is not None else sorted(discover(query, collected))
        named = {identity: names_of(identity) for identity in identities}
        self._complete(query, collected, named)
        definitions = self._definitions(collected, named)
        if query.only is not None:
            self.collector.complete_secrets(collected, _arns_in(collected, definitions))
        claims = claimed(
            collected.rules.found.values(),
            collected.rules.tags,
            {names.target_group: identity for identity, names in named.items()},
        )
        self.collector.complete_ingress(collected, query, claims, [names.target_group for names in named.values()])
        names = self._names(query, collected)
        self.lookup.learn(names)
        assembly = Assembly(
            collected,
            definitions,
            names,
            self.collector.location.cluster,
            ingress=IngressAssembly(collected, names, claims, query),
        )
        parts = {identity: assembly.instance(identity, named[identity]) for identity in identities}
        instances = explained(self.collector.api, self.collector.location.cluster, parts)
        failures = _failures(collected)
        return Observation(
            key=query.key,
            instances=instances,
            secrets=_facts(query, collected),
            failures=failures,
            complete=query.only is None and not failures and all(read.is_whole for read in collected.reads),
            secret_failures=_secret_failures(query, collected),
            routes=_routes(self.collector.listeners, collected),
        )

    def _complete(self, query: Query, collected: Collected, named: Mapping[Identity, Names]) -> None:
        if query.only is None:
            self.collector.complete_services(collected, [names.service for names in named.values()])
        self.collector.complete_log_tags(collected, [names.log_group for names in named.values()])

    def _definitions(self, collected: Collected, named: Mapping[Identity, Names]) -> KindRead:
        """Task definitions: by ARN those that services name, and by family where there is no live service but
        something else of the instance exists (a crash before the service, or a deletion half done)."""
        services_found = collected.services.found
        live = {raw["taskDefinition"] for raw in services_found.values() if raw.get("status") == services.ACTIVE}
        live |= {item["taskDefinition"] for raw in services_found.values() for item in _primaries(raw)}
        families = [names.family for names in named.values() if _is_remnant(collected, names)]
        api, read = self.collector.api, KindRead()
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            done, read.failed = each(pool, sorted(live), lambda arn: read_revision(api, self.cache, arn))
            latest, failed = each(pool, families, lambda family: read_latest(api, self.cache, family))
        read.failed |= failed
        read.found = done | {family: raw for family, raw in latest.items() if raw is not None}
        return read

    def _names(self, query: Query, collected: Collected) -> ArnNames:
        return ArnNames(
            account=self.collector.account,
            role_path=f"/molthub/{query.fleet}/",
            groups=security_groups.names_by_id(collected.groups.found.values()),
            secrets={raw["ARN"]: name for name, raw in collected.secrets.found.items()},
            pinned=frozenset(item for item in query.secrets if is_arn(item)),
            stores={
                name: file_systems.store_of(raw, raw["accessPoints"])
                for name, raw in collected.file_systems.found.items()
            },
            targets={raw["TargetGroupArn"]: name for name, raw in collected.target_groups.found.items()},
        )


def discover(query: Query, collected: Collected) -> set[Identity]:
    """The instances the manifests hold, and those whose tags and deterministic name are found on AWS."""
    found = set(query.desired)
    for attribute, read in (
        ("service", collected.services),
        ("security_group", collected.groups),
        ("file_system", collected.file_systems),
        ("task_role", collected.roles),
        ("execution_role", collected.roles),
        ("log_group", collected.log_groups),
        ("gateway_secret", collected.secrets),
        ("target_group", collected.target_groups),
    ):
        for name in read.found.keys() & read.tags.keys():
            identity = identity_from_tags(read.tags[name])
            if identity is None or identity.fleet != query.fleet or identity.key != query.key:
                continue
            if getattr(names_of(identity), attribute) == name and not _is_gone(attribute, read.found[name]):
                found.add(identity)
    return found | {item for item in _at_the_door(collected) if item.fleet == query.fleet and item.key == query.key}


def _at_the_door(collected: Collected) -> Iterator[Identity]:
    """Identities that rules and host names belong to: each by what says so and by what it is called."""
    for arn, tags in collected.rules.tags.items():
        identity = identity_from_tags(tags)
        leads_to = [name_in(target) for target in targets_of(collected.rules.found[arn])]
        if identity is not None and names_of(identity).target_group in leads_to:
            yield identity
    for host, tags in collected.records.tags.items():
        identity = identity_from_tags(tags)
        if identity is not None and "A" in collected.records.found[host] and host.startswith(f"{identity.id}."):
            yield identity


def _is_gone(attribute: str, raw: Raw) -> bool:
    """A secret waiting for deletion does not keep an instance alive."""
    return attribute == "gateway_secret" and secrets.is_deleted(raw)


def _primaries(raw: Raw) -> Iterable[Raw]:
    current = services.primary(raw)
    return () if current is None else (current,)


def _is_remnant(collected: Collected, names: Names) -> bool:
    service = collected.services.found.get(names.service)
    if service is not None and service.get("status") == services.ACTIVE:
        return False
    return (
        service is not None
        or names.security_group in collected.groups.found
        or names.file_system in collected.file_systems.found
        or names.log_group in collected.log_groups.found
        or names.task_role in collected.roles.found
        or names.execution_role in collected.roles.found
    )


def _arns_in(collected: Collected, definitions: KindRead) -> set[str]:
    texts = [texts_of(raw) for raw in collected.roles.found.values()]
    values = [value for raw in definitions.found.values() for value in secret_values(raw)]
    return {arn for text in (*texts, *values) for arn in secret_arns(text)}


def _facts(query: Query, collected: Collected) -> dict[str, SecretFacts]:
    """By name for this account, by ARN for what was asked for by ARN."""
    facts = {name: secrets.project_facts(raw) for name, raw in collected.secrets.found.items()}
    by_arn = {fact.arn: fact for fact in facts.values()}
    linked = {arn: secrets.project_facts(raw) for arn, raw in collected.linked.found.items()}
    return facts | linked | {item: by_arn[item] for item in query.secrets if item in by_arn}


_KINDS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("services", (Kind.SERVICE,)),
    ("groups", (Kind.SECURITY_GROUP,)),
    ("file_systems", (Kind.FILE_SYSTEM,)),
    ("roles", (Kind.TASK_ROLE, Kind.EXECUTION_ROLE)),
    ("log_groups", (Kind.LOG_GROUP,)),
    ("secrets", (Kind.SECRET,)),
    ("rules", (Kind.LISTENER_RULE,)),
    ("target_groups", (Kind.TARGET_GROUP,)),
)


def _failures(collected: Collected) -> tuple[ReadFailure, ...]:
    return tuple(
        as_failure(error, kind)
        for attribute, kinds in _KINDS
        for kind in kinds
        if (error := getattr(collected, attribute).failure) is not None
    )


def _routes(listeners: Iterable[str], collected: Collected) -> dict[str, tuple[str, ...]]:
    """The hosts of all rules by listener."""
    routes: dict[str, tuple[str, ...]] = dict.fromkeys(listeners, ())
    for rule in collected.rules.found.values():
        host = next(iter(hosts_of(rule)), "")
        routes[rule[LISTENER]] = (*routes[rule[LISTENER]], host)
    return routes


def _secret_failures(query: Query, collected: Collected) -> dict[str, ReadFailure]:
    found = {}
    for item in sorted(query.secrets):
        error = collected.linked.failed.get(item) or collected.secrets.error(item) or collected.linked.failure
        if error is not None:
            found[item] = as_failure(error, Kind.SECRET)
    return found
