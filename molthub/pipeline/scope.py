"""Which part of the fleet a person means: environments and instances by name."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.errors import InvalidInputError
from molthub.manifest.selection import resolve, unknown
from molthub.pipeline.types import CheckedFleet, Scope
from molthub.resources.identity import EnvironmentKey, Identity


@dataclass(frozen=True, slots=True)
class Selection:
    """A scope, resolved. identities None: every instance of the environments."""

    fleet: str
    environments: tuple[EnvironmentKey, ...]
    identities: frozenset[Identity] | None

    def means(self, identity: Identity) -> bool:
        return self.identities is None or identity in self.identities

    def only(self, key: EnvironmentKey) -> frozenset[Identity] | None:
        """The identities to read in one environment, None for all of it."""
        if self.identities is None:
            return None
        return frozenset(identity for identity in self.identities if identity.key == key)


def select(checked: CheckedFleet, scope: Scope) -> Selection:
    """The environments and identities a scope names.

    Raises InvalidInputError when the tree has no usable Fleet, StallingError for a name that is unknown or
    not unique.
    """
    documents = checked.documents
    if documents.fleet is None:
        raise InvalidInputError(checked.errors or documents.diagnostics)
    fleet = documents.fleet.model.metadata.name
    known = sorted(documents.environments)
    for key in scope.environments - set(known):
        raise unknown("environment", str(key), [str(item) for item in known])
    keys = [key for key in known if not scope.environments or key in scope.environments]
    named = {resolve_name(checked, name, keys) for name in scope.instances}
    identities = frozenset(named | scope.identities) if scope.instances or scope.identities else None
    if identities is not None:
        keys = [key for key in keys if any(identity.key == key for identity in identities)]
    return Selection(fleet=fleet, environments=tuple(keys), identities=identities)


def resolve_name(checked: CheckedFleet, name: str, keys: list[EnvironmentKey] | None = None) -> Identity:
    """`workspace/environment/name`, or just the name (or id) where it is unique, to an identity."""
    instances = checked.documents.instances
    return resolve({item: loaded for item, loaded in instances.items() if keys is None or item.key in keys}, name)
