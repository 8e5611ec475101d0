"""What actions on instances' manifests share: editing each of the selected, and naming them in a subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from molthub.manifest.documents import LoadedInstance
from molthub.manifest.rewriting import plain, rewrite
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity

Change = Callable[[LoadedInstance, dict[str, Any]], None]
"""Changes a manifest's plain document in place."""


def content_of(fleet: CheckedFleet, loaded: LoadedInstance) -> bytes:
    """The manifest as it is written."""
    return fleet.snapshot.files[loaded.path].content


def edited(fleet: CheckedFleet, instances: Sequence[LoadedInstance], change: Change) -> dict[str, bytes | None]:
    """Path → new content of those manifests that the change really changes."""
    files: dict[str, bytes | None] = {}
    for loaded in instances:
        content = content_of(fleet, loaded)
        document = plain(content)
        change(loaded, document)
        new = rewrite(content, document)
        if new != content:
            files[loaded.path] = new
    return files


def changed_only(instances: Sequence[LoadedInstance], files: dict[str, bytes | None]) -> tuple[LoadedInstance, ...]:
    """Those whose manifest is among the files."""
    return tuple(loaded for loaded in instances if loaded.path in files)


def identities(fleet: CheckedFleet, instances: Sequence[LoadedInstance]) -> tuple[Identity, ...]:
    """Who they are, in the order given."""
    assert fleet.documents.fleet is not None, "the runner refuses a tree without a Fleet"
    name = fleet.documents.fleet.model.metadata.name
    return tuple(loaded.identity(name) for loaded in instances)


def named(instances: Sequence[LoadedInstance]) -> str:
    """For a subject: the one's name, or how many."""
    return instances[0].display_name if len(instances) == 1 else f"{len(instances)} instances"
