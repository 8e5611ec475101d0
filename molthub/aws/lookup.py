"""What a provider remembers of secrets between calls: which ARN is whose, and which ARNs manifests name as such.

Reading a task definition takes both (a revision holds only ARNs). Never holds anything of a secret's value.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from molthub.aws.api import Api
from molthub.aws.arns import Account, Ids, Names, Store, belongs_to, secret_arns
from molthub.aws.errors import no_secret
from molthub.aws.readers import file_systems as efs
from molthub.aws.readers import load_balancing, secrets, security_groups
from molthub.provider.protocols import Location


class Lookup:
    """Translates between names and AWS's ids for one environment. Thread-safe."""

    def __init__(self, api: Api, location: Location, account: Account) -> None:
        self._api = api
        self._location = location
        self._lock = threading.Lock()
        self._by_arn: dict[str, str] = {}
        self._gone: set[str] = set()
        self._pinned: frozenset[str] = frozenset()
        self._stores: dict[str, Store] = {}
        self.account = account

    def learn(self, names: Names) -> None:
        """Takes over what an observation saw; a re-created secret's older ARN is forgotten."""
        fresh = set(names.secrets.values())
        with self._lock:
            kept = {arn: name for arn, name in self._by_arn.items() if name not in fresh}
            self._by_arn = kept | dict(names.secrets)
            self._gone.clear()
            self._pinned |= names.pinned
            self._stores |= names.stores

    def names(self, fleet: str, texts: Iterable[str], *, file_systems: Iterable[str] = ()) -> Names:
        """The table to read these texts with. One read for each secret of this account not met before.

        file_systems: names of those that must be known; those that neither an observation nor a write met are read.
        """
        with self._lock:
            unmet = [name for name in file_systems if name not in self._stores]
        self.stores(fleet, unmet)
        for arn in sorted({arn for text in texts for arn in secret_arns(text)}):
            if belongs_to(arn, self.account.account_id, self.account.region) and not self._is_known(arn):
                self._ask(arn)
        with self._lock:
            return Names(
                self.account,
                f"/molthub/{fleet}/",
                secrets=dict(self._by_arn),
                pinned=self._pinned,
                stores=dict(self._stores),
            )

    def stores(self, fleet: str, names: Iterable[str]) -> dict[str, Store]:
        """The active file systems with these names, read now."""
        wanted = sorted(set(names))
        if not wanted:
            return {}
        found = efs.of_fleet(efs.list_all(self._api), fleet, "")
        active = {name: raw for name in wanted if (raw := efs.active_of(found.get(name, ()))) is not None}
        points = efs.list_access_points(self._api) if active else []
        stores = {name: efs.store_of(raw, points) for name, raw in active.items()}
        with self._lock:
            kept = {name: store for name, store in self._stores.items() if name not in wanted}
            self._stores = kept | stores
        return stores

    def with_groups(self, names: Names, group_ids: Iterable[str]) -> Names:
        """The same table with the names of these security groups; an id that is not there stays an id."""
        found = security_groups.read_by_id(self._api, self._location.vpc_id, group_ids)
        return replace(names, groups=security_groups.names_by_id(found))

    def with_targets(self, names: Names, arns: Iterable[str]) -> Names:
        """The same table with the names of these target groups, where just they exist now under their names."""
        found = {}
        for arn in arns:
            raw = load_balancing.read_target_group(self._api, load_balancing.name_in(arn))
            if raw is not None and raw["TargetGroupArn"] == arn:
                found[arn] = raw["TargetGroupName"]
        return replace(names, targets=found)

    def ids(
        self,
        fleet: str,
        *,
        secret_names: Iterable[str] = (),
        group_names: Iterable[str] = (),
        file_systems: Iterable[str] = (),
        target_groups: Iterable[str] = (),
    ) -> Ids:
        """The table to write with, read now. Raises StallingError for a secret that is missing or being deleted."""
        targets = {name: load_balancing.read_target_group(self._api, name) for name in sorted(set(target_groups))}
        found = {name: self._arn(name) for name in sorted(set(secret_names))}
        wanted = [name for name in group_names if not name.startswith("sg-")]
        groups = security_groups.read_groups(self._api, self._location.vpc_id, wanted) if wanted else {}
        ids = {name: raw["GroupId"] for name, raw in groups.items()}
        with self._lock:
            self._by_arn |= {arn: name for name, arn in found.items()}
        stores = self.stores(fleet, file_systems)
        path = f"/molthub/{fleet}/"
        return Ids(self.account, path, groups=ids, secrets=found, stores=stores, targets=_arns(targets))

    def _is_known(self, arn: str) -> bool:
        with self._lock:
            return arn in self._by_arn or arn in self._gone

    def _ask(self, arn: str) -> None:
        raw = secrets.read_secret(self._api, arn)
        with self._lock:
            if raw is not None and raw["ARN"] == arn:
                self._by_arn[arn] = raw["Name"]
            else:
                self._gone.add(arn)

    def _arn(self, name: str) -> str:
        raw = secrets.read_secret(self._api, name)
        if raw is None:
            raise no_secret(name)
        if secrets.is_deleted(raw):
            raise no_secret(name, "is scheduled for deletion")
        return str(raw["ARN"])


def _arns(found: Mapping[str, Mapping[str, Any] | None]) -> dict[str, str]:
    return {name: str(raw["TargetGroupArn"]) for name, raw in found.items() if raw is not None}
