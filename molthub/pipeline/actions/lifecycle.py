"""`pause`, `resume`, `restart`, `retry` and `reconcile`: what stops, starts and looks at instances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.selection import Selector, select
from molthub.pipeline.actions.manifests import changed_only, edited, identities, named
from molthub.pipeline.actions.types import RECONCILE, Edit
from molthub.pipeline.types import CheckedFleet

SKEW = timedelta(minutes=5)
"""How far the clocks of two people may differ. A restart from further ahead is a slip, and holds up no later one."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Stops the task and keeps everything else. One that is paused for the same reason until the same time is left.

    by   who, as people know them: an e-mail address
    now  a pause of before that is over by then is none
    """

    selector: Selector
    by: str
    reason: str
    until: datetime | None
    now: datetime
    name: str = "pause"

    def edit(self, fleet: CheckedFleet) -> Edit:
        instances = select(fleet.documents, self.selector)
        files = edited(fleet, instances, self._change)
        changed = changed_only(instances, files) or instances
        until = f" until {self.until.astimezone(UTC):%Y-%m-%d %H:%MZ}" if self.until else ""
        return Edit(files, identities(fleet, changed), f"Pause {named(changed)}{until}", body=self.reason)

    def _change(self, loaded: LoadedInstance, document: dict[str, Any]) -> None:
        there = loaded.model.spec.lifecycle.paused
        if there and there.holds(self.now) and (there.reason, there.until) == (self.reason, self.until):
            return
        paused = {"by": self.by, "reason": self.reason}
        if self.until is not None:
            paused["until"] = written(self.until)
        document["spec"]["lifecycle"] = {**(document["spec"].get("lifecycle") or {}), "paused": paused}


@dataclass(frozen=True, slots=True)
class Resume:
    """Takes a pause away, also one that is over."""

    selector: Selector
    name: str = "resume"

    def edit(self, fleet: CheckedFleet) -> Edit:
        instances = select(fleet.documents, self.selector)
        files = edited(fleet, instances, self._change)
        changed = changed_only(instances, files) or instances
        return Edit(files, identities(fleet, changed), f"Resume {named(changed)}")

    def _change(self, _loaded: LoadedInstance, document: dict[str, Any]) -> None:
        lifecycle = dict(document["spec"].get("lifecycle") or {})
        if lifecycle.pop("paused", None) is None:
            return
        if lifecycle:
            document["spec"]["lifecycle"] = lifecycle
        else:
            del document["spec"]["lifecycle"]


@dataclass(frozen=True, slots=True)
class Restart:
    """Starts the Moltbot anew, and tries a rollout again that failed: its `restartedAt` becomes `at`.

    at    one that was restarted then or later is left as it is, so that the same command may be repeated
    now   who is paused then is not restarted: refused when named, left out when selected
    name  `restart`, or `retry`: what a person meant
    """

    selector: Selector
    at: datetime
    now: datetime
    name: str = "restart"

    def edit(self, fleet: CheckedFleet) -> Edit:
        instances = tuple(one for one in select(fleet.documents, self.selector) if not self._is_paused(one))
        if not instances:
            raise StallingError(
                "MH-ACT-001", "everything that is selected is paused", fix="Resume it first: molthub resume"
            )
        files = edited(fleet, instances, self._change)
        changed = changed_only(instances, files) or instances
        return Edit(files, identities(fleet, changed), f"{self.name.capitalize()} {named(changed)}")

    def _is_paused(self, loaded: LoadedInstance) -> bool:
        paused = loaded.model.spec.lifecycle.paused
        if paused is None or not paused.holds(self.now):
            return False
        if self.selector.names:
            raise StallingError(
                "MH-ACT-030",
                f"{loaded.display_name} is paused, by {paused.by}: {paused.reason}",
                fix=f"Resume it, which starts it anew: molthub resume {loaded.display_name}",
            )
        return True

    def _change(self, loaded: LoadedInstance, document: dict[str, Any]) -> None:
        last = loaded.model.spec.lifecycle.restartedAt
        if last is not None and self.at <= last <= self.now + SKEW:
            return
        lifecycle = document["spec"].get("lifecycle") or {}
        document["spec"]["lifecycle"] = {**lifecycle, "restartedAt": written(self.at)}


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Asks the controller to look now: a commit that changes no file and names the instances."""

    selector: Selector
    name: str = RECONCILE

    def edit(self, fleet: CheckedFleet) -> Edit:
        instances = select(fleet.documents, self.selector)
        subject = f"Ask to reconcile {named(instances)}"
        return Edit({}, identities(fleet, instances), subject, empty_commit=True)


def written(at: datetime) -> str:
    """A time as manifests write it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
