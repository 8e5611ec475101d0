"""Who a name means and where that instance lives, also while its manifest cannot be used: its log tells why."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.errors import InvalidInputError, StallingError
from molthub.pipeline.places import location_of
from molthub.pipeline.scope import resolve_name
from molthub.pipeline.types import CheckedFleet
from molthub.provider.protocols import Location
from molthub.resources.identity import EnvironmentKey, Identity

PARTS = 3
"""Of `workspace/environment/name`."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One instance. name: `workspace/environment/name`."""

    identity: Identity
    name: str
    location: Location


def whereabouts(checked: CheckedFleet, text: str) -> Whereabouts:
    """Of `workspace/environment/name`, or just the name (or id) where it is unique.

    An Invalid manifest will do, and for one that is gone `workspace/environment/id`. Raises InvalidInputError when the
    tree has no usable Fleet, StallingError MH-PIPE-001 or MH-PIPE-002 for a name that nothing or more than one has.
    """
    documents = checked.documents
    if documents.fleet is None:
        raise InvalidInputError(checked.errors or documents.diagnostics)
    fleet = documents.fleet.model.metadata.name
    try:
        identity = resolve_name(checked, text)
        name = documents.instances[identity].display_name
    except StallingError as error:
        found = None if error.ref != "MH-PIPE-001" else _without_manifest(checked, fleet, text)
        if found is None:
            raise
        identity, name = found
    environment = documents.environments.get(identity.key)
    if environment is None:
        raise StallingError(
            "MH-PIPE-001",
            f"there is no usable environment {identity.key} in this fleet",
            fix="Mend it: `molthub validate` shows what is wrong",
        )
    return Whereabouts(identity, name, location_of(environment, fleet))


def _without_manifest(checked: CheckedFleet, fleet: str, text: str) -> tuple[Identity, str] | None:
    """By what could still be read of an Invalid file, or by its full id."""
    named: dict[Identity, str] = {}
    for file in checked.documents.invalid:
        if file.kind == "MoltbotInstance" and file.workspace and file.environment and file.name:
            identity = Identity(fleet, file.workspace, file.environment, file.id or file.name)
            name = f"{identity.key}/{file.name}"
            if text in (name, file.name, str(identity), identity.id):
                named[identity] = name
    if len(named) == 1:
        return next(iter(named.items()))
    parts = text.split("/")
    if len(parts) == PARTS and all(parts) and EnvironmentKey(parts[0], parts[1]) in checked.documents.environments:
        return Identity(fleet, *parts), text
    return None
