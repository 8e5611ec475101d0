"""One instance while it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from molthub.aws.readers.reading import as_failure
from molthub.aws.tags import whose
from molthub.errors import MolthubError
from molthub.resources.identity import Identity
from molthub.resources.observation import ForeignObject, ReadFailure, ServiceRuntime
from molthub.resources.types import Kind, Resource


@dataclass(slots=True)
class Parts:
    """What was found of one instance, by kind; what could not be read; what is not ours."""

    identity: Identity
    found: dict[Kind, Resource] = field(default_factory=dict)
    tags: dict[Kind, Mapping[str, str]] = field(default_factory=dict)
    failures: dict[Kind, ReadFailure] = field(default_factory=dict)
    foreign: list[ForeignObject] = field(default_factory=list)
    runtime: ServiceRuntime | None = None

    def fail(self, kind: Kind, error: MolthubError) -> None:
        self.failures[kind] = as_failure(error, kind)

    def owned(self, kind: Kind, name: str, tags: Mapping[str, str]) -> bool:
        """Remembers a foreign object; True when it is ours."""
        reason = whose(tags, self.identity)
        if reason is not None:
            self.foreign.append(ForeignObject(kind, name, reason))
            return False
        self.tags[kind] = tags
        return True
