"""A fleet before and after an edit: checked as far as somebody asks, and what the edit brings.

Judging an instance renders it; a fleet of a thousand takes seconds, and an action mostly touches one. So verdicts are
made when they are asked for, and the two fleets are compared only where they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from molthub.errors import Diagnostic
from molthub.guard.engine import Verdicts
from molthub.manifest.documents import FleetDocuments
from molthub.manifest.loader import ReadCache
from molthub.pipeline.engine import judge, load, with_judged_templates
from molthub.pipeline.types import CheckedFleet, Rules
from molthub.resources.identity import Identity
from molthub.source.types import FileEntry, Snapshot


@dataclass(slots=True)
class LazyVerdicts(Mapping[Identity, Verdicts]):
    """The guardrails' word on each instance, asked for when somebody looks, and once."""

    documents: FleetDocuments
    rules: Rules
    now: datetime
    _made: dict[Identity, Verdicts] = field(default_factory=dict)

    def __getitem__(self, identity: Identity) -> Verdicts:
        loaded = self.documents.instances[identity]
        if identity not in self._made:
            self._made[identity] = judge(loaded, self.documents, rules=self.rules, now=self.now)
        return self._made[identity]

    def __iter__(self) -> Iterator[Identity]:
        return iter(self.documents.instances)

    def __len__(self) -> int:
        return len(self.documents.instances)


def checked(snapshot: Snapshot, *, rules: Rules, now: datetime, cache: ReadCache) -> CheckedFleet:
    """What `engine.check` says of a snapshot, with verdicts made when they are asked for. cache: as for `load`."""
    documents = with_judged_templates(load(snapshot, cache=cache), rules=rules, now=now)
    return CheckedFleet(snapshot=snapshot, documents=documents, verdicts=LazyVerdicts(documents, rules, now))


def with_files(snapshot: Snapshot, files: Mapping[str, bytes | None]) -> Snapshot:
    """The snapshot with these files in it; None removes one."""
    kept = {path: entry for path, entry in snapshot.files.items() if path not in files}
    new = {path: FileEntry(path, "", content) for path, content in files.items() if content is not None}
    return replace(snapshot, commit=None, files={**kept, **new})


def news(before: CheckedFleet, after: CheckedFleet) -> tuple[Diagnostic, ...]:
    """Diagnostics that were not there before, wherever they are: nothing else changed, so the edit brings them."""
    known = {_key(item) for item in before.documents.diagnostics}
    found = [item for item in after.documents.diagnostics if _key(item) not in known]
    for identity in _differing(before.documents, after.documents):
        old = _said(before.verdicts[identity]) if identity in before.documents.instances else ()
        mentioned = {(item.ref, item.message) for item in old}
        found += [item for item in _said(after.verdicts[identity]) if (item.ref, item.message) not in mentioned]
    return tuple(dict.fromkeys(found))


def _differing(before: FleetDocuments, after: FleetDocuments) -> Iterator[Identity]:
    """Instances of the second tree about which a rule may say something else than in the first."""
    around = before.environments == after.environments and before.fleet == after.fleet
    for identity, loaded in after.instances.items():
        if not around or loaded != before.instances.get(identity):
            yield identity


def _said(verdicts: Verdicts) -> Iterable[Diagnostic]:
    return (*verdicts.errors, *verdicts.notices)


def _key(item: Diagnostic) -> tuple[str, str, str, str | None]:
    """What makes a diagnostic of a file the same one although lines moved."""
    return (item.ref, item.message, item.location.path if item.location else "", item.subject)
