"""The fleet with only those Environments that somebody was allowed to write.

An Environment says which account, which role and which cluster Molthub turns to. So one that nobody allowed is not even
looked at: the last one that was allowed stands in for it, and one that never was is left out. Its instances are stopped
in either case, with the reason.
"""

from __future__ import annotations

from dataclasses import replace

from molthub.manifest.documents import LoadedEnvironment
from molthub.manifest.environment import Environment
from molthub.pipeline.access import Access
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import EnvironmentKey


def as_allowed(checked: CheckedFleet, access: Access) -> CheckedFleet:
    """The checked fleet, with the Environments that count. The same one again where all of them do."""
    written = checked.documents.environments
    counting: dict[EnvironmentKey, LoadedEnvironment] = {}
    for key, loaded in written.items():
        content = access.last_allowed(key)
        if content is None:
            counting[key] = loaded
        elif len(content) == 1 and isinstance(content[0].model, Environment):
            counting[key] = replace(loaded, model=content[0].model)
    if counting == written:
        return checked
    return replace(checked, documents=replace(checked.documents, environments=counting))
