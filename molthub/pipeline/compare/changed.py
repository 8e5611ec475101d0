"""From two snapshots to what changed between them, and to whom that matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from molthub.errors import StallingError
from molthub.manifest.documents import FleetDocuments
from molthub.manifest.loader import ReadCache
from molthub.pipeline.compare.types import Base, Comparison
from molthub.pipeline.engine import judge, load, with_judged_templates
from molthub.pipeline.types import CheckedFleet, Rules
from molthub.resources.identity import Identity
from molthub.source.protocol import FleetSource
from molthub.source.types import Snapshot

SHALLOW, UNKNOWN, UNRELATED = "MH-CI-001", "MH-CI-002", "MH-CI-003"
WHOLE = "in CI check out the whole history (`fetch-depth: 0` of actions/checkout)"


def common_base(source: FleetSource, ref: str, head: str) -> Base:
    """Where the head began to differ from a branch, tag or commit. head: a full hash.

    Raises MH-CI-001 in a shallow clone, MH-CI-002 for a ref that is not there, MH-CI-003 without a common past.
    """
    try:
        other = source.resolve(ref)
    except StallingError as error:
        if error.ref != "MH-GIT-006":
            raise
        fix = f"Fetch it, for example with 'git fetch origin', or check its name; {WHOLE}"
        raise StallingError(UNKNOWN, f"there is no '{ref}' here to compare with", fix=fix) from error
    try:
        found = source.merge_base(other, head)
    except StallingError as error:
        if error.ref != "MH-GIT-008":
            raise
        message = f"this clone is shallow, so where the change left '{ref}' cannot be told"
        fix = f"Run 'git fetch --unshallow'; {WHOLE}"
        raise StallingError(SHALLOW, message, fix=fix) from error
    if found is None:
        message = f"'{ref}' and {head[:12]} have no commit in common"
        raise StallingError(UNRELATED, message, fix="Compare with the branch that this one was made from")
    return Base(ref, found)


def compare(
    base: Base, before: Snapshot, now: CheckedFleet, *, rules: Rules, at: datetime, cache: ReadCache | None = None
) -> Comparison:
    """Load the base, find what differs, and judge by today's rules what it said of the instances concerned.

    cache: the one that `now` was read with, so that what both sides share is parsed once.
    """
    documents = with_judged_templates(load(before, cache=cache), rules=rules, now=at)
    paths = changed_paths(before, now.snapshot)
    affected = frozenset(_affected(documents, now.documents, paths))
    verdicts = {
        identity: judge(documents.instances[identity], documents, rules=rules, now=at)
        for identity in sorted(affected & documents.instances.keys())
    }
    return Comparison(base, CheckedFleet(before, documents, verdicts), now, paths, affected)


def compared(base: Base, before: CheckedFleet, now: CheckedFleet) -> Comparison:
    """The same of two fleets that are checked already."""
    paths = changed_paths(before.snapshot, now.snapshot)
    affected = frozenset(_affected(before.documents, now.documents, paths))
    verdicts = {identity: verdict for identity, verdict in before.verdicts.items() if identity in affected}
    return Comparison(base, replace(before, verdicts=verdicts), now, paths, affected)


def changed_paths(before: Snapshot, now: Snapshot) -> frozenset[str]:
    """YAML files that differ, and what is refused on one side only."""
    both = before.files.keys() | now.files.keys()
    differing = {path for path in both if _content(before, path) != _content(now, path)}
    refused = set(before.refused) ^ set(now.refused)
    return frozenset(differing | {item.location.path for item in refused if item.location})


def _content(snapshot: Snapshot, path: str) -> bytes | None:
    entry = snapshot.files.get(path)
    return entry.content if entry is not None else None


def _affected(before: FleetDocuments, now: FleetDocuments, paths: frozenset[str]) -> Iterator[Identity]:
    """Instances whose own file or whose Environment differs, or that are on one side only."""
    for identity in before.instances.keys() | now.instances.keys():
        old, new = before.instances.get(identity), now.instances.get(identity)
        if old is None or new is None or old.path in paths or new.path in paths:
            yield identity
            continue
        was, now_is = before.environments.get(identity.key), now.environments.get(identity.key)
        if (was.model if was else None) != (now_is.model if now_is else None):
            yield identity
