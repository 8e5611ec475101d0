"""What an action is: the contract between the commands and the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity

ACTION_TRAILER = "Molthub-Action"
INSTANCE_TRAILER = "Molthub-Instance"

RECONCILE = "reconcile"
"""The action whose commit asks the controller to look at its instances now."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What an action comes to on one base.

    files         path → whole new content, None removes the file; empty means that it holds already: no commit
    instances     whose manifests this is about; each becomes a trailer `Molthub-Instance: WORKSPACE/ENVIRONMENT/ID`
    subject       the commit's subject: imperative, one line, no full stop
    body          a reason, or ""
    trailers      further trailers; each line of a value becomes one of its own
    empty_commit  commit although no file changes
    """

    files: Mapping[str, bytes | None]
    instances: tuple[Identity, ...]
    subject: str
    body: str = ""
    trailers: Mapping[str, str] = field(default_factory=dict)
    empty_commit: bool = False

    @property
    def holds_already(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.files and not self.empty_commit


class Action(Protocol):
    """One thing that a person wants to be so. Evaluated anew on every base it is tried on."""

    @property
    def name(self) -> str:
        """Its name in the trailer `Molthub-Action`: `pause`, `image-set`."""
        ...

    def edit(self, fleet: CheckedFleet) -> Edit:
        """What it comes to on this fleet. Pure. Raises MolthubError with the reason when it cannot be.

        A file whose new content is the one it has may be left in `files`; the runner leaves it out.
        """
        ...
