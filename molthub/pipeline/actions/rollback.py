"""`rollback` and `abort`: an instance's spec as it was at an earlier commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from molthub.errors import StallingError
from molthub.history.entries import Entry, Outcome
from molthub.history.versions import Version
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.rewriting import plain
from molthub.manifest.selection import Selector, resolve, select
from molthub.pipeline.actions.manifests import changed_only, content_of, edited, identities, named
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity


@dataclass(frozen=True, slots=True)
class Former:
    """The fleet as it was. commit: full hash."""

    commit: str
    fleet: CheckedFleet


@dataclass(frozen=True, slots=True)
class Rollback:
    """Puts back what an earlier version said: its spec. What is about now stays: the name, the labels, a pause,
    the last restart, the protection. An instance that was deleted comes back whole.

    find    the commit that this is evaluated on → where to go back to; reads Git, and raises what that raises
    name    `rollback`, or `abort`: what a person meant
    """

    selector: Selector
    find: Callable[[str], Former]
    name: str = "rollback"

    def edit(self, fleet: CheckedFleet) -> Edit:
        assert fleet.snapshot.commit is not None, "an action is evaluated on a commit"
        former = self.find(fleet.snapshot.commit)
        gone = self._deleted(fleet, former)
        if gone is not None:
            return _restored(fleet, former, gone)
        instances = select(fleet.documents, self.selector)
        files = edited(fleet, instances, lambda loaded, document: _go_back(fleet, former, loaded, document))
        changed = changed_only(instances, files) or instances
        subject = f"Roll {named(changed)} back to {former.commit[:12]}"
        if self.name == "abort":
            subject = f"Abort the rollout of {named(changed)}: back to {former.commit[:12]}"
        return Edit(files, identities(fleet, changed), subject)

    def _deleted(self, fleet: CheckedFleet, former: Former) -> Identity | None:
        """The one instance meant, when it is only in the earlier fleet."""
        if len(self.selector.names) != 1:
            return None
        (name,) = self.selector.names
        before = _only(former.fleet, name)
        return before if before is not None and before not in fleet.documents.instances else None


def _go_back(fleet: CheckedFleet, former: Former, loaded: LoadedInstance, document: dict[str, Any]) -> None:
    """Change the document to what the earlier one says."""
    (identity,) = identities(fleet, (loaded,))
    before = former.fleet.documents.instances.get(identity)
    if before is None:
        raise StallingError(
            "MH-ACT-031",
            f"{loaded.display_name} was not in the fleet at {former.commit[:12]}, or its manifest was not valid then",
            fix=f"See `molthub history {loaded.display_name}` for the versions that there are",
        )
    earlier = plain(content_of(former.fleet, before))
    spec = {key: value for key, value in earlier["spec"].items() if key != "lifecycle"}
    lifecycle = document["spec"].get("lifecycle")
    document["spec"] = spec | ({"lifecycle": lifecycle} if lifecycle is not None else {})


def _restored(fleet: CheckedFleet, former: Former, identity: Identity) -> Edit:
    loaded = former.fleet.documents.instances[identity]
    at = former.commit[:12]
    if loaded.path in fleet.snapshot.files:
        raise StallingError(
            "MH-ACT-032",
            f"{loaded.path} holds something else by now, so {loaded.display_name} cannot come back there",
            fix=f"Move that file, or bring the manifest back yourself: git show {at}:{loaded.path}",
        )
    files: dict[str, bytes | None] = {loaded.path: content_of(former.fleet, loaded)}
    return Edit(files, (identity,), f"Bring {loaded.display_name} back as it was at {at}")


def _only(fleet: CheckedFleet, name: str) -> Identity | None:
    try:
        return resolve(fleet.documents.instances, name)
    except StallingError:
        return None


def version_before(found: Sequence[Version]) -> Version | None:
    """The version that a rollback goes back to: the newest one before the last change of what runs.

    found: newest first. What only paused, restarted or labelled an instance changed nothing that runs. A version that
    cannot be read is none to go back to.
    """
    changes = [place for place, one in enumerate(found) if _changes_what_runs(one.entry)]
    if not changes:
        return None
    return next((one for one in found[changes[0] + 1 :] if one.number is not None and _readable(one.entry)), None)


def _changes_what_runs(entry: Entry) -> bool:
    if entry.outcome is not Outcome.CHANGED:
        return entry.outcome is not Outcome.SAME
    return any(name.startswith("spec.") and not name.startswith("spec.lifecycle") for name, _ in entry.fields)


def _readable(entry: Entry) -> bool:
    return entry.outcome not in (Outcome.INVALID, Outcome.DELETED)
