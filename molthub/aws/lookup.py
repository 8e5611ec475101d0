"""What a provider remembers of secrets between calls: which ARN is whose, and which ARNs manifests name as such.

Reading a task definition takes both (a revision holds only ARNs). Never holds anything of a secret's value.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from molthub.aws.api import Api
from molthub.aws.arns import Account, Ids, Names, belongs_to, secret_arns
from molthub.aws.errors import no_secret
from molthub.aws.readers import secrets, security_groups
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
        self.account = account

    def learn(self, names: Names) -> None:
        """Takes over what an observation saw; a re-created secret's older ARN is forgotten."""
        fresh = set(names.secrets.values())
        with self._lock:
            kept = {arn: name for arn, name in self._by_arn.items() if name not in fresh}
            self._by_arn = kept | dict(names.secrets)
            self._gone.clear()
            self._pinned |= names.pinned

    def names(self, fleet: str, texts: Iterable[str]) -> Names:
        """The table to read these texts with. One read for each secret of this account not met before."""
        for arn in sorted({arn for text in texts for arn in secret_arns(text)}):
            if belongs_to(arn, self.account.account_id, self.account.region) and not self._is_known(arn):
                self._ask(arn)
        with self._lock:
            return Names(self.account, f"/molthub/{fleet}/", secrets=dict(self._by_arn), pinned=self._pinned)

    def with_groups(self, names: Names, group_ids: Iterable[str]) -> Names:
        """The same table with the names of these security groups; an id that is not there stays an id."""
        found = security_groups.read_by_id(self._api, self._location.vpc_id, group_ids)
        return replace(names, groups={raw["GroupId"]: raw["GroupName"] for raw in found})

    def ids(self, fleet: str, *, secret_names: Iterable[str] = (), group_names: Iterable[str] = ()) -> Ids:
        """The table to write with, read now. Raises StallingError for a secret that is missing or being deleted."""
        found = {name: self._arn(name) for name in sorted(set(secret_names))}
        wanted = [name for name in group_names if not name.startswith("sg-")]
        groups = security_groups.read_groups(self._api, self._location.vpc_id, wanted) if wanted else {}
        ids = {name: raw["GroupId"] for name, raw in groups.items()}
        with self._lock:
            self._by_arn |= {arn: name for name, arn in found.items()}
        return Ids(self.account, f"/molthub/{fleet}/", groups=ids, secrets=found)

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
