"""Changes of a secret's value: made, replaced, merged into JSON, taken out. The only code that holds a value.

A key of a JSON secret is changed by reading the secret, changing the one member and putting it back, provided that
nobody else put another version meanwhile (the store refuses otherwise).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molthub.desired.secrets import SecretKey
from molthub.errors import StallingError
from molthub.pipeline.secrets.places import Target, written
from molthub.provider.secrets import NewSecret, SecretRecord, SecretStore, SecretText
from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE, EnvironmentKey, identity_tags
from molthub.resources.types import Pairs

MOST_BYTES = 65_536
"""Of a secret's value (Secrets Manager, quotas)."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a secret.

    done        `created`, `updated`, or `unchanged` when it held that very value
    version_id  of the version that is current now
    restored    it was waiting for its deletion and was taken back
    """

    done: str
    version_id: str
    restored: bool = False


def check_ours(record: SecretRecord | None, fleet: str) -> None:
    """Raise MH-SCRT-004 for a secret of another fleet. One without a tag was made by hand, and a person may set it."""
    owner = record.tags.get(TAG_FLEET, fleet) if record else fleet
    if owner != fleet:
        raise StallingError(
            "MH-SCRT-004",
            f"the secret {record.name if record else ''} belongs to the fleet {owner}",
            fix="Change it from that fleet's repository, or choose another path",
        )


def tags_for(target: Target, fleet: str) -> Pairs:
    """The tags of a secret made for a target: the instance's identity, or of a shared one the environment's."""
    key: EnvironmentKey = target.environment.key
    if target.holder is not None and not target.place.source.startswith("arn:"):
        own = identity_tags(target.holder.identity)
    else:
        own = {TAG_FLEET: fleet, TAG_WORKSPACE: key.workspace, TAG_ENVIRONMENT: key.environment}
    return tuple(sorted(own.items()))


def set_value(
    store: SecretStore,
    target: Target,
    value: SecretText,
    *,
    fleet: str,
    record: SecretRecord | None,
    kms_key: str | None = None,
) -> Changed:
    """Make the target hold the value. record: the secret as described just now.

    kms_key  a customer key for it; None leaves the key of one that exists alone
    """
    check_ours(record, fleet)
    place = target.place
    if record is None:
        text = value if place.json_key is None else _json({place.json_key: value.text})
        return Changed("created", store.create(_new(target, fleet, kms_key), _fits(text, place)))
    restored = record.deletion_at is not None
    if restored:
        store.restore(place.source)
    if kms_key is not None and kms_key != record.kms_key:
        store.rekey(place.source, kms_key)
    if place.json_key is None:
        return Changed("updated", store.put(place.source, _fits(value, place), replacing=record.version_id), restored)
    return _merge(store, place, value, record, restored=restored)


def _merge(store: SecretStore, place: SecretKey, value: SecretText, record: SecretRecord, *, restored: bool) -> Changed:
    assert place.json_key is not None
    if record.version_id is None:
        text = _fits(_json({place.json_key: value.text}), place)
        return Changed("updated", store.put(place.source, text, replacing=None), restored)
    current = store.read(place.source)
    members = _members(current.value, place.source)
    if members.get(place.json_key) == value.text:
        return Changed("unchanged", current.version_id, restored)
    text = _fits(_json({**members, place.json_key: value.text}), place)
    return Changed("updated", store.put(place.source, text, replacing=current.version_id), restored)


def remove_key(store: SecretStore, place: SecretKey) -> str:
    """Take one key out of a JSON secret; the new version's id. Raises MH-SCRT-007 when it has no such key."""
    current = store.read(place.source)
    members = _members(current.value, place.source)
    if place.json_key not in members:
        raise no_key(place)
    rest = {name: member for name, member in members.items() if name != place.json_key}
    return store.put(place.source, _json(rest), replacing=current.version_id)


def check_readable(store: SecretStore, place: SecretKey) -> None:
    """Raise when the place holds no value: MH-SCRT-006 for no JSON object, -007 for no such key."""
    current = store.read(place.source)
    if place.json_key is not None and place.json_key not in _members(current.value, place.source):
        raise no_key(place)


def no_key(place: SecretKey) -> StallingError:
    return StallingError(
        "MH-SCRT-007",
        f"the secret {place.source} has no JSON key {place.json_key}",
        fix=f"Set it with `molthub secret set --environment WORKSPACE/NAME --path {written(place)}`",
    )


def _new(target: Target, fleet: str, kms_key: str | None) -> NewSecret:
    whose = target.holder.name if target.holder else str(target.environment.key)
    return NewSecret(target.place.source, f"Set with molthub for {whose}", tags_for(target, fleet), kms_key)


def _members(value: SecretText, source: str) -> dict[str, Any]:
    try:
        held = json.loads(value.text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise StallingError(
            "MH-SCRT-006",
            f"the secret {source} holds no JSON object, so it has no keys",
            fix="Name the whole secret, without #jsonKey, or use another path",
        )
    return held


def _json(members: Mapping[str, Any]) -> SecretText:
    return SecretText(json.dumps(members, ensure_ascii=False, separators=(",", ":")))


def _fits(value: SecretText, place: SecretKey) -> SecretText:
    size = len(value.text.encode())
    if size > MOST_BYTES:
        raise StallingError(
            "MH-SCRT-009",
            f"the value of {place.source} would take {size} bytes, and a secret takes {MOST_BYTES}",
            fix="Put it into a secret of its own, or shorten it",
        )
    return value
