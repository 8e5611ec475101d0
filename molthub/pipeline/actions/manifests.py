"""What actions on instances' manifests share: edit each of the selected, leave out those that are so already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.rewriting import plain, rewrite
from molthub.manifest.selection import Selector, select
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity

OF_THE_FILE = ("MH-ACT-003", "MH-ACT-006")
"""Refusals about how a manifest is written, which are told with their place."""

Change = Callable[[LoadedInstance, dict[str, Any]], None]
"""Changes a manifest's plain document in place. Raises MolthubError where that cannot be."""


def edit_selected(
    fleet: CheckedFleet, selector: Selector, change: Change, *, subject: Callable[[str], str], body: str = ""
) -> Edit:
    """One edit for all of the selected; only those that change are in it.

    subject: from what is meant (`acme/prod/support-bot`, `3 instances`) to the commit's subject
    """
    instances = select(fleet.documents, selector)
    files = edited(fleet, instances, change)
    changed = changed_only(instances, files) or instances
    return Edit(files=files, instances=identities(fleet, changed), subject=subject(named(changed)), body=body)


def edited(fleet: CheckedFleet, instances: Sequence[LoadedInstance], change: Change) -> dict[str, bytes | None]:
    """Path → new content of those manifests that the change really changes."""
    files: dict[str, bytes | None] = {}
    for loaded in instances:
        content = content_of(fleet, loaded)
        document = plain(content)
        try:
            change(loaded, document)
            new = rewrite(content, document)
        except StallingError as error:
            if error.diagnostic.location is not None or error.ref not in OF_THE_FILE:
                raise
            raise _placed(error, loaded) from error
        if new != content:
            files[loaded.path] = new
    return files


def _placed(error: StallingError, loaded: LoadedInstance) -> StallingError:
    found = error.diagnostic
    return StallingError(found.ref, found.message, fix=found.fix, location=loaded.locate(("spec",)))


def changed_only(instances: Sequence[LoadedInstance], files: Mapping[str, bytes | None]) -> tuple[LoadedInstance, ...]:
    """Those whose manifest is among the files."""
    return tuple(loaded for loaded in instances if loaded.path in files)


def content_of(fleet: CheckedFleet, loaded: LoadedInstance) -> bytes:
    """The manifest as it is written."""
    return fleet.snapshot.files[loaded.path].content


def identities(fleet: CheckedFleet, instances: Sequence[LoadedInstance]) -> tuple[Identity, ...]:
    """Who they are, in the order given."""
    assert fleet.documents.fleet is not None, "the runner refuses a tree without a Fleet"
    name = fleet.documents.fleet.model.metadata.name
    return tuple(loaded.identity(name) for loaded in instances)


def named(instances: Sequence[LoadedInstance]) -> str:
    """For a subject: the one's name, or how many."""
    return instances[0].display_name if len(instances) == 1 else f"{len(instances)} instances"
