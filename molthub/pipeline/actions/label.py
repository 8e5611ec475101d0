"""`label`: sets and removes labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from molthub.manifest.documents import LoadedInstance
from molthub.manifest.selection import Selector
from molthub.pipeline.actions.manifests import edit_selected
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.types import CheckedFleet


@dataclass(frozen=True, slots=True)
class Label:
    """put: labels to set; drop: keys to remove, whether they are there or not."""

    selector: Selector
    put: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    name: str = "label"

    def edit(self, fleet: CheckedFleet) -> Edit:
        words = ", ".join([*(f"{key}={value}" for key, value in self.put.items()), *(f"{key}-" for key in self.drop)])
        return edit_selected(fleet, self.selector, self._change, subject=lambda whom: f"Label {whom}: {words}")

    def _change(self, _loaded: LoadedInstance, document: dict[str, Any]) -> None:
        meta = document["metadata"]
        labels = {key: value for key, value in (meta.get("labels") or {}).items() if key not in self.drop}
        labels.update(self.put)
        if labels:
            meta["labels"] = labels
        elif meta.get("labels"):
            del meta["labels"]
