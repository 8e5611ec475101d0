"""Collects the raw answers of one environment: all of it in batches, or a few instances by name.

The reads run beside each other, one for each kind of thing; each spreads its own calls over a second pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from molthub.aws.api import Api
from molthub.aws.arns import Account, belongs_to, is_arn
from molthub.aws.readers import file_systems, log_groups, roles, secrets, security_groups, services
from molthub.aws.readers.collect_ingress import IngressCollector
from molthub.aws.readers.load_balancing import Claims, hosts_of
from molthub.aws.readers.reading import KindRead, each, guarded
from molthub.provider.protocols import Location, Query
from molthub.resources.identity import EnvironmentKey, Names, names_of, slug

Raw = Mapping[str, Any]
KINDS_AT_ONCE = 9
CALLS_AT_ONCE = 16


@dataclass(slots=True)
class Collected:
    """Raw answers by kind. linked: secrets that were asked for and are not of this account, by ARN."""

    services: KindRead = field(default_factory=KindRead)
    groups: KindRead = field(default_factory=KindRead)
    file_systems: KindRead = field(default_factory=KindRead)
    roles: KindRead = field(default_factory=KindRead)
    log_groups: KindRead = field(default_factory=KindRead)
    secrets: KindRead = field(default_factory=KindRead)
    linked: KindRead = field(default_factory=KindRead)
    rules: KindRead = field(default_factory=KindRead)
    target_groups: KindRead = field(default_factory=KindRead)
    records: KindRead = field(default_factory=KindRead)

    @property
    def reads(self) -> tuple[KindRead, ...]:
        own = (self.services, self.groups, self.file_systems, self.roles, self.log_groups, self.secrets)
        return (*own, self.rules, self.target_groups, self.records)


@dataclass(frozen=True, slots=True)
class Collector:
    """Reads one environment through one Api."""

    api: Api
    location: Location
    account: Account
    listeners: tuple[str, ...] = ()

    @property
    def ingress(self) -> IngressCollector:
        return IngressCollector(self.api, self.location.vpc_id, self.listeners)

    def collect(self, query: Query) -> Collected:
        """Everything the query asks for; failures are inside, never raised."""
        with ThreadPoolExecutor(KINDS_AT_ONCE + 1) as kinds, ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            reads = self._sweep(query, pool) if query.only is None else self._named(query, pool)
            futures = {name: kinds.submit(guarded, read) for name, read in reads.items()}
            return Collected(**{name: future.result() for name, future in futures.items()})

    # -- everything --------------------------------------------------------------------------------------------

    def _sweep(self, query: Query, pool: Executor) -> dict[str, Callable[[], KindRead]]:
        prefix = environment_slug(query.key)
        role_path = f"/molthub/{query.fleet}/"
        return {
            "services": lambda: self._sweep_services(f"molthub-{prefix}", pool),
            "groups": lambda: _with_tags(
                security_groups.list_groups(self.api, self.location.vpc_id, f"molthub-{prefix}"),
                security_groups.tags_of,
            ),
            "file_systems": lambda: self._file_systems(query, f"molthub-{prefix}", pool),
            "roles": lambda: self._sweep_roles(role_path, f"mh-{prefix}", pool),
            "log_groups": lambda: self._sweep_log_groups(query, f"/molthub/{query.fleet}/{prefix}"),
            "secrets": lambda: _with_tags(secrets.list_secrets(self.api), secrets.tags_of),
            "linked": lambda: self._linked(query, pool),
            "rules": lambda: self.ingress.rules(pool, of=None),
            "target_groups": self.ingress.all_target_groups,
            "records": lambda: self.ingress.records(query, pool),
        }

    def _sweep_services(self, prefix: str, pool: Executor) -> KindRead:
        return self._describe(services.list_names(self.api, self.location.cluster, prefix), pool)

    def _describe(self, names: Iterable[str], pool: Executor) -> KindRead:
        read = KindRead()
        batches = {tuple(batch): batch for batch in services.batches(names)}
        done, failed = each(pool, batches, lambda batch: services.describe(self.api, self.location.cluster, batch))
        for found in done.values():
            read.add(found, services.tags_of)
        read.failed = {name: error for batch, error in failed.items() for name in batch}
        return read

    def _sweep_roles(self, path: str, prefix: str, pool: Executor) -> KindRead:
        found = roles.list_roles(self.api, path, prefix)
        if found is not None:
            return _with_tags(found, roles.tags_of)
        listed = roles.list_described(self.api, path)
        return self._roles([name for name in listed if name.startswith(prefix)], pool)

    def _sweep_log_groups(self, query: Query, prefix: str) -> KindRead:
        read = KindRead(found=dict(log_groups.list_groups(self.api, prefix)))
        read.tags = log_groups.list_tags(self.api, query.fleet, query.key)
        return read

    # -- a few, by name ----------------------------------------------------------------------------------------

    def _named(self, query: Query, pool: Executor) -> dict[str, Callable[[], KindRead]]:
        named = [names_of(identity) for identity in sorted(query.only or ())]
        return {
            "services": lambda: self._describe([names.service for names in named], pool),
            "groups": lambda: self._groups(named),
            "file_systems": lambda: self._file_systems(query, "", pool, {names.file_system for names in named}),
            "roles": lambda: self._roles(
                [name for names in named for name in (names.task_role, names.execution_role)], pool
            ),
            "log_groups": lambda: self._log_groups([names.log_group for names in named], pool),
            "secrets": lambda: self._secrets(self._own(query, named), pool),
            "linked": lambda: self._linked(query, pool),
            "rules": lambda: self.ingress.rules(pool, of=frozenset(names.target_group for names in named)),
            "target_groups": lambda: self.ingress.target_groups([names.target_group for names in named], pool),
            "records": lambda: self.ingress.records(query, pool),
        }

    def _groups(self, named: list[Names]) -> KindRead:
        wanted = [names.security_group for names in named]
        return _with_tags(security_groups.read_groups(self.api, self.location.vpc_id, wanted), security_groups.tags_of)

    def _roles(self, names: Iterable[str], pool: Executor) -> KindRead:
        read = KindRead()
        done, read.failed = each(pool, names, lambda name: roles.read_role(self.api, name))
        read.add({name: raw for name, raw in done.items() if raw is not None}, roles.tags_of)
        return read

    def _log_groups(self, names: Iterable[str], pool: Executor) -> KindRead:
        read = KindRead()
        done, read.failed = each(pool, names, lambda name: log_groups.read_group(self.api, name))
        read.found = {name: raw for name, raw in done.items() if raw is not None}
        return read

    def _own(self, query: Query, named: list[Names]) -> set[str]:
        """Gateway secrets, and linked ones of this account (names, or ARNs of it)."""
        linked = {item for item in query.secrets if not self._is_elsewhere(item)}
        return {names.gateway_secret for names in named} | linked

    def _secrets(self, ids: Iterable[str], pool: Executor) -> KindRead:
        read = KindRead()
        done, read.failed = each(pool, ids, lambda item: secrets.read_secret(self.api, item))
        read.add({raw["Name"]: raw for raw in done.values() if raw is not None}, secrets.tags_of)
        return read

    def _file_systems(self, query: Query, prefix: str, pool: Executor, only: set[str] | None = None) -> KindRead:
        """EFS finds none by tag: both ways list the account's, a hundred a call, and look closer at ours."""
        found = file_systems.of_fleet(file_systems.list_all(self.api), query.fleet, prefix)
        return file_systems.read(self.api, {n: item for n, item in found.items() if only is None or n in only}, pool)

    # -- both --------------------------------------------------------------------------------------------------

    def _linked(self, query: Query, pool: Executor) -> KindRead:
        read = KindRead()
        ids = [item for item in query.secrets if self._is_elsewhere(item)]
        done, read.failed = each(pool, ids, lambda item: secrets.read_secret(self.api, item))
        read.found = {arn: raw for arn, raw in done.items() if raw is not None}
        return read

    def _is_elsewhere(self, item: str) -> bool:
        return is_arn(item) and not belongs_to(item, self.account.account_id, self.account.region)

    def complete_services(self, collected: Collected, names: Iterable[str]) -> None:
        """Describes services that ListServices did not tell of: they are DRAINING, or there are none."""
        missing = [name for name in names if name not in collected.services.found]
        if missing and collected.services.failure is None:
            with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
                more = self._describe(missing, pool)
            collected.services.found |= more.found
            collected.services.tags |= more.tags
            collected.services.failed |= more.failed

    def complete_log_tags(self, collected: Collected, names: Iterable[str]) -> None:
        """Reads the tags of log groups that the tagging service did not tell of, one call each.

        Asked for by our tags, it is silent of a group that lacks one; and it lags behind what was just made.
        """
        read = collected.log_groups
        untold = [name for name in names if name in read.found and name not in read.tags]
        if not untold:
            return
        arn = self.account.log_group_arn
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            done, failed = each(pool, untold, lambda name: log_groups.read_tags(self.api, arn(name)))
        read.tags |= done
        read.failed |= failed

    def complete_ingress(self, collected: Collected, query: Query, claims: Claims, names: Iterable[str]) -> None:
        """Adds the attributes of these target groups, and records that only a rule tells of: of a manifest that went.

        claims: whose rule is which.
        """
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            self.ingress.complete_target_groups(collected.target_groups, names, pool)
            if query.only is None or query.zone is None:
                return
            orphans = [rule for identity, rule in claims.items() if identity not in query.hosts]
            hosts = sorted({host for rule in orphans for host in hosts_of(rule)})
            more = self.ingress.named_records(query.zone, hosts, pool)
        collected.records.found |= more.found
        collected.records.tags |= more.tags
        collected.records.failed |= more.failed

    def complete_secrets(self, collected: Collected, arns: Iterable[str]) -> None:
        """Describes secrets of this account that a definition or policy names by an ARN not read so far."""
        known = {raw["ARN"] for raw in collected.secrets.found.values()}
        own = [arn for arn in sorted(arns) if not self._is_elsewhere(arn) and arn not in known]
        if own and collected.secrets.failure is None:
            with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
                more = self._secrets(own, pool)
            collected.secrets.found |= {n: raw for n, raw in more.found.items() if raw["ARN"] in own}
            collected.secrets.tags |= more.tags
            collected.secrets.failed |= more.failed


def environment_slug(key: EnvironmentKey) -> str:
    """What the names of all instances of an environment begin with (`names_of`); those of `acme/prod2`, too."""
    return slug(f"{key.workspace}-{key.environment}")


def _with_tags(found: Mapping[str, Raw], tags_of: Callable[[Raw], dict[str, str]]) -> KindRead:
    read = KindRead()
    read.add(found, tags_of)
    return read
