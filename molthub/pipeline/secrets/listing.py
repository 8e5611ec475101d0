"""Every secret of an environment with where it is, how it is, and who uses it; never its value. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from molthub.desired.secrets import SecretKey
from molthub.pipeline.secrets.places import Holder, Use, gateway_owner, users
from molthub.provider.secrets import SecretRecord
from molthub.resources.identity import EnvironmentKey, names_of

GATEWAY = "(gateway token)"


class State(StrEnum):
    """How a secret is. Whether a JSON secret has a key is not looked at: that takes reading it."""

    PRESENT = "present"
    EMPTY = "without a value"
    MISSING = "missing"
    DELETED = "scheduled for deletion"


@dataclass(frozen=True, slots=True)
class Row:
    """One secret, or one key of it.

    names        variables it is injected as, `(gateway token)` for the gateway's
    used_by      display names of instances; empty: no manifest uses it
    deletion_at  when it goes, while it waits for that
    """

    environment: EnvironmentKey
    place: SecretKey
    names: tuple[str, ...]
    used_by: tuple[str, ...]
    state: State
    version_id: str | None = None
    changed_at: datetime | None = None
    deletion_at: datetime | None = None


def rows(
    key: EnvironmentKey,
    found: Iterable[Use],
    known: Iterable[Holder],
    records: Mapping[str, SecretRecord],
    *,
    tagged: Iterable[SecretRecord] = (),
    around: tuple[Use, ...] = (),
) -> tuple[Row, ...]:
    """By place.

    records  by source as manifests name it
    tagged   all of the environment, for those that no manifest of its own uses; around: who else may (uses_around)
    """
    used: dict[SecretKey, list[Use]] = {}
    for use in found:
        used.setdefault(use.place, []).append(use)
    mine = [holder for holder in known if holder.key == key]
    for holder in mine:
        gateway = SecretKey(names_of(holder.identity).gateway_secret, None)
        used[gateway] = [Use(holder.name, GATEWAY, gateway)]
    listed = {name for place in used for name in _names(place.source, records)}
    result = [_row(key, place, uses, records.get(place.source)) for place, uses in used.items()]
    result += [
        _row(key, place, list(users(around, place, arn=record.arn)), record)
        for record in tagged
        for place in [SecretKey(record.name, None)]
        if record.name not in listed and gateway_owner(mine, record.name) is None
    ]
    return tuple(sorted(result, key=lambda row: (row.place.source, row.place.json_key or "")))


def _names(source: str, records: Mapping[str, SecretRecord]) -> set[str]:
    record = records.get(source)
    return {source, record.name} if record else {source}


def _row(key: EnvironmentKey, place: SecretKey, uses: list[Use], record: SecretRecord | None) -> Row:
    names = tuple(sorted({use.name for use in uses}))
    used_by = tuple(sorted({use.instance for use in uses}))
    if record is None:
        return Row(key, place, names, used_by, State.MISSING)
    state = State.DELETED if record.deletion_at else State.PRESENT if record.version_id else State.EMPTY
    return Row(key, place, names, used_by, state, record.version_id, record.changed_at, record.deletion_at)
