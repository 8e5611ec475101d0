"""`set` and `image set`: fields of manifests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molthub.manifest.assigning import Assignment, assign
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.selection import Selector
from molthub.pipeline.actions.manifests import edit_selected
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.types import CheckedFleet

LONGEST = 60
"""Characters of the assignments in a subject; what is longer is told in the diff."""


@dataclass(frozen=True, slots=True)
class SetFields:
    """assignments: carried out in their order."""

    selector: Selector
    assignments: tuple[Assignment, ...]
    name: str = "set"

    def edit(self, fleet: CheckedFleet) -> Edit:
        words = ", ".join(item.text for item in self.assignments)
        if len(words) > LONGEST or not words.isprintable():
            words = f"{len(self.assignments)} fields" if len(self.assignments) > 1 else _path(self.assignments[0])
        return edit_selected(fleet, self.selector, self._change, subject=lambda whom: f"Set {words} of {whom}")

    def _change(self, _loaded: LoadedInstance, document: dict[str, Any]) -> None:
        for item in self.assignments:
            assign(document, item)


def _path(assignment: Assignment) -> str:
    return ".".join(str(part) for part in assignment.path)


@dataclass(frozen=True, slots=True)
class SetImage:
    """image: the whole reference, tag or digest included."""

    selector: Selector
    image: str
    name: str = "image-set"

    def edit(self, fleet: CheckedFleet) -> Edit:
        subject = "Set the image of {} to {}"
        return edit_selected(fleet, self.selector, self._change, subject=lambda whom: subject.format(whom, self.image))

    def _change(self, _loaded: LoadedInstance, document: dict[str, Any]) -> None:
        document["spec"]["runtime"]["image"] = self.image
