"""Which instances run with a secret, by what was observed. Pure."""

from __future__ import annotations

from molthub.desired.secrets import SecretKey
from molthub.provider.secrets import SecretRecord
from molthub.resources.observation import Observation


def instances_given(seen: Observation, place: SecretKey, record: SecretRecord) -> list[str]:
    """Identities whose task definition is given the secret, or the one JSON key; those that cannot be told, too."""
    return sorted(
        str(identity)
        for identity, one in seen.instances.items()
        if one.failures or any(_is_given(value, place, record) for value in _values(one.resources.task_definition))
    )


def _values(definition: object) -> list[str]:
    containers = getattr(definition, "containers", ())
    return [value for container in containers for _, value in container.secrets]


def _is_given(value: str, place: SecretKey, record: SecretRecord) -> bool:
    """value: `${secret:NAME}` or an ARN, with `:jsonKey::` behind it for one key of a JSON secret."""
    for start in (f"${{secret:{record.name}}}", record.arn):
        if value == start or (value.startswith(f"{start}:") and place.json_key is None):
            return True
        if place.json_key is not None and value == f"{start}:{place.json_key}::":
            return True
    return False
