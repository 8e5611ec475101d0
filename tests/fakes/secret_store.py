"""A secret store in memory: `molthub.provider.secrets.SecretStore`, with versions that count up."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from molthub.errors import StallingError, TransientError
from molthub.provider.protocols import Location
from molthub.provider.secrets import NewSecret, SecretRecord, SecretText, SecretVersion

AT = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class FakeSecretStore:
    """before_put: called before a put takes effect, as somebody else who is faster would be."""

    records: dict[str, SecretRecord] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)
    before_put: Callable[[], None] | None = None
    unreadable: StallingError | None = None
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def hold(self, name: str, value: str | None, **record: object) -> None:
        """Make a secret without the commands' doing."""
        version = None if value is None else f"version-{next(self._ids):024d}"
        arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf"
        self.records[name] = replace(SecretRecord(name, arn, version, changed_at=AT), **record)  # type: ignore[arg-type]
        if value is not None:
            self.values[name] = value

    def factory(self) -> Callable[[Location], FakeSecretStore]:
        return lambda _location: self

    def _name(self, source: str) -> str | None:
        return next((name for name, record in self.records.items() if source in (name, record.arn)), None)

    def _known(self, source: str) -> str:
        name = self._name(source)
        if name is None:
            raise StallingError("MH-AWS-009", f"AWS does not find it: {source}")
        return name

    def describe(self, source: str) -> SecretRecord | None:
        name = self._name(source)
        return None if name is None else self.records[name]

    def describe_all(self, sources: Iterable[str]) -> Mapping[str, SecretRecord]:
        found = {source: self.describe(source) for source in sources}
        return {source: record for source, record in found.items() if record is not None}

    def tagged(self, tags: Mapping[str, str]) -> tuple[SecretRecord, ...]:
        return tuple(record for _, record in sorted(self.records.items()) if tags.items() <= record.tags.items())

    def read(self, source: str) -> SecretVersion:
        if self.unreadable is not None:
            raise self.unreadable
        record = self.records[self._known(source)]
        if record.version_id is None:
            raise StallingError("MH-AWS-009", f"AWS does not find it: {source} has no value")
        return SecretVersion(record.version_id, SecretText(self.values[record.name]))

    def create(self, wanted: NewSecret, value: SecretText) -> str:
        self.hold(wanted.name, value.text, kms_key=wanted.kms_key, tags=dict(wanted.tags))
        self.described[wanted.name] = wanted.description
        return str(self.records[wanted.name].version_id)

    def put(self, source: str, value: SecretText, *, replacing: str | None) -> str:
        if self.before_put is not None:
            act, self.before_put = self.before_put, None
            act()
        name = self._known(source)
        if self.records[name].deletion_at is not None:
            raise StallingError("MH-AWS-010", f"AWS refuses: {name} is marked for deletion")
        if self.records[name].version_id != replacing:
            raise TransientError("MH-SCRT-005", f"somebody else changed the secret {name} at the same moment")
        version = f"version-{next(self._ids):024d}"
        self.records[name] = replace(self.records[name], version_id=version)
        self.values[name] = value.text
        return version

    def rekey(self, source: str, kms_key: str) -> None:
        name = self._known(source)
        self.records[name] = replace(self.records[name], kms_key=kms_key)

    def restore(self, source: str) -> None:
        name = self._known(source)
        self.records[name] = replace(self.records[name], deletion_at=None)

    def delete(self, source: str, *, recovery_days: int) -> datetime:
        name = self._known(source)
        goes = AT + timedelta(days=recovery_days)
        self.records[name] = replace(self.records[name], deletion_at=goes)
        return goes
