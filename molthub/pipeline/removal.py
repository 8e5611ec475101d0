"""Asks the deletion guard about one environment, with what Git's past and the tree have to say to it.

Where nothing that exists is unwanted, no history is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from molthub.errors import Diagnostic
from molthub.manifest.documents import FleetDocuments
from molthub.pipeline.history import History
from molthub.pipeline.types import CheckedFleet
from molthub.planning.deletion import DeletionRequest, DeletionVerdict, guard_deletions, read_confirmations
from molthub.resources.identity import Identity
from molthub.resources.observation import Observation


@dataclass(frozen=True, slots=True)
class RemovalContext:
    """One environment's deletions. history None: a working tree, whose plan is shown and never applied.

    decided  what a full plan of the same commit decided
    """

    checked: CheckedFleet
    observation: Observation
    history: History | None
    decided: DeletionVerdict | None = None


def judge_removals(context: RemovalContext) -> DeletionVerdict:
    """What exists in the environment and is not wanted, and whether it may be deleted."""
    documents = context.checked.documents
    present = frozenset(i for i, one in context.observation.instances.items() if not one.resources.is_empty)
    unwanted = present - documents.instances.keys()
    if context.decided is not None:
        return DeletionVerdict(
            removals={identity: _decided(context.decided, identity) for identity in unwanted},
            creations=context.decided.creations,
        )
    if not unwanted:
        return DeletionVerdict(removals={}, creations={})
    return guard_deletions(_request(context, documents, present, unwanted))


def _decided(decided: DeletionVerdict, identity: Identity) -> Diagnostic | None:
    """An earlier decision; what turned up since then waits for the next full look."""
    undecided = Diagnostic(
        "MH-PIPE-009",
        f"{identity} turned up without a manifest since the environment was last looked at whole",
        fix="Wait for the next full look; it decides",
        subject=str(identity),
    )
    return decided.removals.get(identity, undecided)


def _request(
    context: RemovalContext, documents: FleetDocuments, present: frozenset[Identity], unwanted: frozenset[Identity]
) -> DeletionRequest:
    observation = context.observation
    confirmed, _ = read_confirmations(context.history.confirmations(unwanted) if context.history else ())
    unread = bool(observation.failures) or not observation.complete
    return DeletionRequest(
        observed=present,
        wanted=frozenset(documents.instances),
        environments=frozenset(documents.environments),
        tree_is_valid=documents.is_valid_for_deletion,
        invalid=documents.invalid,
        former_paths=_former_paths(context, unwanted),
        present_paths=_present_paths(context.checked),
        confirmations=confirmed,
        unread=frozenset({observation.key}) if unread else frozenset(),
        protected=frozenset(i for i in present if observation.instances[i].protected),
        remnants=frozenset(i for i in present if observation.instances[i].resources.service is None),
    )


def _former_paths(context: RemovalContext, unwanted: frozenset[Identity]) -> dict[Identity, str]:
    if context.history is None:
        return {}
    found = {
        identity: context.history.path_of(identity, context.observation.instances[identity].commit)
        for identity in unwanted
    }
    return {identity: path for identity, path in found.items() if path is not None}


def _present_paths(checked: CheckedFleet) -> Mapping[str, Identity | None]:
    paths: dict[str, Identity | None] = dict.fromkeys(checked.snapshot.files)
    paths.update({loaded.path: identity for identity, loaded in checked.documents.instances.items()})
    return paths
