"""The secrets of an instance that is to be made: where each goes, and with whom it would be shared. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.manifest.documents import LoadedInstance
from molthub.pipeline.secrets.places import Holder, Target, holders, of_instance, users, uses_around
from molthub.pipeline.types import CheckedFleet


@dataclass(frozen=True, slots=True)
class Needed:
    """One entry of `spec.secrets`. shared_with: names of other instances that use the same place."""

    variable: str
    target: Target
    shared_with: tuple[str, ...]


def needed(fleet: CheckedFleet, loaded: LoadedInstance, name: str) -> tuple[Needed, ...]:
    """Every secret of an instance, in its order. name: the fleet's; () where its Environment is not usable."""
    if loaded.key not in fleet.documents.environments:
        return ()
    entries = {entry.name: entry.key for entry in loaded.model.spec.secrets}
    holder = Holder(loaded.identity(name), loaded.display_name, loaded.path, entries)
    others = [item for item in holders(fleet, name) if item.identity != holder.identity]
    around = uses_around(others, fleet.documents, loaded.key)
    found = []
    for variable in entries:
        target = of_instance(fleet.documents, holder, variable)
        shared = sorted({use.instance for use in users(around, target.place)})
        found.append(Needed(variable, target, tuple(shared)))
    return tuple(found)
