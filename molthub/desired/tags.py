"""The tags of everything an instance owns."""

from __future__ import annotations

from molthub.manifest.models import MoltbotInstance
from molthub.resources.identity import TAG_PROTECTED, Identity, identity_tags
from molthub.resources.types import Pairs


def tags_of(identity: Identity, instance: MoltbotInstance) -> Pairs:
    """The manifest's labels and the identity, which no label can replace. `molthub:commit` is added at each write."""
    return pairs({**instance.metadata.labels, **identity_tags(identity)})


def service_tags(identity: Identity, instance: MoltbotInstance) -> Pairs:
    """As `tags_of`, with the protection mark: it outlives the manifest that asked for it."""
    protected = {TAG_PROTECTED: "true"} if instance.spec.lifecycle.deletionProtection else {}
    return pairs({**dict(tags_of(identity, instance)), **protected})


def pairs(mapping: dict[str, str]) -> Pairs:
    """A mapping as sorted pairs."""
    return tuple(sorted(mapping.items()))
