"""Tags in AWS's spellings, which are ours to compare, and whose object it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from molthub.resources.identity import TAG_COMMIT, TAG_FLEET, Identity
from molthub.resources.types import Pairs

Tags = Mapping[str, str]


def from_lower(items: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """ECS: [{key, value}]."""
    return {item["key"]: item.get("value", "") for item in items or ()}


def from_upper(items: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """EC2, IAM, Secrets Manager, tagging: [{Key, Value}]."""
    return {item["Key"]: item.get("Value", "") for item in items or ()}


def to_lower(tags: Tags) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def to_upper(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def compared(tags: Tags) -> Pairs:
    """The tags that are compared: all but AWS's own and the commit."""
    return tuple(sorted((k, v) for k, v in tags.items() if not k.startswith("aws:") and k != TAG_COMMIT))


def written(tags: Pairs, commit: str) -> dict[str, str]:
    """The tags to write on something new: the desired ones and the commit."""
    return dict(tags) | {TAG_COMMIT: commit}


def whose(tags: Tags, identity: Identity) -> str | None:
    """Why an object with our name is not ours, or None when it is."""
    fleet = tags.get(TAG_FLEET)
    if fleet is None:
        return f"it has no tag {TAG_FLEET}"
    if fleet != identity.fleet:
        return f"its tag {TAG_FLEET} says {fleet}"
    return None


@dataclass(frozen=True, slots=True)
class TagChange:
    """What to put and what to take away, so that the tags become the desired ones."""

    put: Mapping[str, str]
    remove: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.put and not self.remove


def difference(have: Tags, want: Pairs) -> TagChange:
    """Only the tags that differ; AWS's own and the commit are left out."""
    now = dict(compared(have))
    wanted = dict(want)
    put = {key: value for key, value in wanted.items() if now.get(key) != value}
    return TagChange(put, tuple(sorted(now.keys() - wanted.keys())))
