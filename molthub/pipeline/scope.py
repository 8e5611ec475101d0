"""Which part of the fleet a person means: environments and instances by name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from molthub.errors import InvalidInputError, StallingError
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
        raise _unknown("environment", str(key), [str(item) for item in known])
    keys = [key for key in known if not scope.environments or key in scope.environments]
    named = {resolve_name(checked, name, keys) for name in scope.instances}
    identities = frozenset(named | scope.identities) if scope.instances or scope.identities else None
    if identities is not None:
        keys = [key for key in keys if any(identity.key == key for identity in identities)]
    return Selection(fleet=fleet, environments=tuple(keys), identities=identities)


def resolve_name(checked: CheckedFleet, name: str, keys: list[EnvironmentKey] | None = None) -> Identity:
    """`workspace/environment/name`, or just the name (or id) where it is unique, to an identity."""
    candidates = {
        identity: loaded
        for identity, loaded in checked.documents.instances.items()
        if keys is None or identity.key in keys
    }
    exact = [
        identity
        for identity, loaded in candidates.items()
        if name in (loaded.display_name, str(identity), loaded.model.metadata.name, identity.id)
    ]
    if len(exact) == 1:
        return exact[0]
    if exact:
        names = ", ".join(sorted(candidates[identity].display_name for identity in exact))
        raise StallingError("MH-PIPE-002", f"{name} is not unique: {names}", fix="Say workspace/environment/name")
    raise _unknown("instance", name, [loaded.display_name for loaded in candidates.values()])


def _unknown(what: str, name: str, known: list[str]) -> StallingError:
    short = {item.rsplit("/", 1)[-1]: item for item in known} | {item: item for item in known}
    near = difflib.get_close_matches(name, short, n=1)
    fix = f"Did you mean {short[near[0]]}?" if near else "See `molthub status` for what there is"
    return StallingError("MH-PIPE-001", f"there is no {what} {name} in this fleet", fix=fix)
