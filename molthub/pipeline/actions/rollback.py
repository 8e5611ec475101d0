"""`rollback` and `abort`: an instance's spec as it was at an earlier commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.rewriting import plain
from molthub.manifest.selection import Selector, resolve, select
from molthub.pipeline.actions.manifests import changed_only, content_of, edited, identities, named
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity


@dataclass(frozen=True, slots=True)
class Rollback:
    """Puts back what an earlier version said: its spec. What is about now stays: the name, the labels, a pause,
    the last restart, the protection. An instance that was deleted comes back whole.

    former  the fleet at the earlier commit
    commit  that commit, full hash
    name    `rollback`, or `abort`: what a person meant
    """

    selector: Selector
    former: CheckedFleet
    commit: str
    name: str = "rollback"

    def edit(self, fleet: CheckedFleet) -> Edit:
        gone = self._deleted(fleet)
        if gone is not None:
            return self._restored(fleet, gone)
        instances = select(fleet.documents, self.selector)
        files = edited(fleet, instances, lambda loaded, document: self._change(fleet, loaded, document))
        changed = changed_only(instances, files) or instances
        subject = f"Roll {named(changed)} back to {self.commit[:12]}"
        if self.name == "abort":
            subject = f"Abort the rollout of {named(changed)}: back to {self.commit[:12]}"
        return Edit(files, identities(fleet, changed), subject)

    def _change(self, fleet: CheckedFleet, loaded: LoadedInstance, document: dict[str, Any]) -> None:
        (identity,) = identities(fleet, (loaded,))
        before = self.former.documents.instances.get(identity)
        if before is None:
            raise self._absent(loaded.display_name)
        former = plain(content_of(self.former, before))
        spec = {key: value for key, value in former["spec"].items() if key != "lifecycle"}
        lifecycle = document["spec"].get("lifecycle")
        document["spec"] = spec | ({"lifecycle": lifecycle} if lifecycle is not None else {})

    def _deleted(self, fleet: CheckedFleet) -> Identity | None:
        """The one instance meant, when it is only in the earlier fleet."""
        if len(self.selector.names) != 1:
            return None
        (name,) = self.selector.names
        try:
            resolve(fleet.documents.instances, name)
        except StallingError:
            return _only(self.former, name)
        return None

    def _restored(self, fleet: CheckedFleet, identity: Identity) -> Edit:
        loaded = self.former.documents.instances[identity]
        if loaded.path in fleet.snapshot.files:
            raise StallingError(
                "MH-ACT-032",
                f"{loaded.path} holds something else by now, so {loaded.display_name} cannot come back there",
                fix=f"Move that file, or bring the manifest back yourself: git show {self.commit[:12]}:{loaded.path}",
            )
        files: dict[str, bytes | None] = {loaded.path: content_of(self.former, loaded)}
        return Edit(files, (identity,), f"Bring {loaded.display_name} back as it was at {self.commit[:12]}")

    def _absent(self, name: str) -> StallingError:
        return StallingError(
            "MH-ACT-031",
            f"{name} was not in the fleet at {self.commit[:12]}, or its manifest was not valid then",
            fix=f"See `molthub history {name}` for the versions that there are",
        )


def _only(fleet: CheckedFleet, name: str) -> Identity | None:
    try:
        return resolve(fleet.documents.instances, name)
    except StallingError:
        return None
