"""What an environment's writers leave in its bucket, read by everybody else: who writes, and what was last applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from molthub.errors import Diagnostic, MolthubError, Severity

if TYPE_CHECKING:
    from molthub.leases.published import Published
    from molthub.leases.record import LeaseRecord
    from molthub.pipeline.types import CheckedFleet, Collaborators, Scope
    from molthub.provider.documents import SharedDocuments
    from molthub.resources.identity import EnvironmentKey
    from molthub.source.protocol import FleetSource


@dataclass(frozen=True, slots=True)
class WritersWord:
    """What the writers of one environment say. AWS itself remains the truth.

    placeless     it has no bucket, so nobody can say anything
    over          the lease ran out: its holder died or was stopped
    published_at  when it was written, by the store's clock
    problem       why it could not be read
    """

    environment: str
    placeless: bool = False
    lease: LeaseRecord | None = None
    over: bool = False
    published: Published | None = None
    published_at: datetime | None = None
    problem: Diagnostic | None = None


def words_of_writers(checked: CheckedFleet, collaborators: Collaborators, *, scope: Scope) -> tuple[WritersWord, ...]:
    """One for each environment in scope. What cannot be read is said in it, and raises nothing."""
    from molthub.pipeline.places import location_of
    from molthub.pipeline.scope import select

    selection = select(checked, scope)
    environments = checked.documents.environments
    found = []
    for key in selection.environments:
        try:
            provider = collaborators.providers(key, location_of(environments[key], selection.fleet))
            found.append(_word(key, provider.documents()))
        except MolthubError as error:
            found.append(WritersWord(str(key), problem=error.diagnostic))
    return tuple(found)


def _word(key: EnvironmentKey, documents: SharedDocuments | None) -> WritersWord:
    from molthub.leases.lease import is_over
    from molthub.leases.published import STATUS, parse
    from molthub.leases.record import LEASE
    from molthub.leases.record import parse as parse_lease

    if documents is None:
        return WritersWord(str(key), placeless=True)
    word = WritersWord(str(key))
    held = documents.read(LEASE)
    if held is not None:
        record = parse_lease(held.body, environment=str(key))
        word = replace(word, lease=record, over=is_over(record, held))
    said = documents.read(STATUS)
    if said is not None:
        word = replace(word, published=parse(said.body, environment=str(key)), published_at=said.written)
    return word


def notes_on_the_past(
    words: tuple[WritersWord, ...], source: FleetSource, commit: str | None
) -> tuple[Diagnostic, ...]:
    """Warnings of a plan: what was last applied is no part of the planned commit's history; or nobody could tell."""
    from molthub.pipeline.history import History

    notes = []
    for word in words:
        if word.problem is not None:
            notes.append(replace(word.problem, severity=Severity.WARNING, subject=word.environment))
        elif commit is not None and word.published is not None and word.published.applied is not None:
            problem = History(source, commit).rewrite_problem(word.published.applied, word.environment)
            if problem is not None:
                notes.append(replace(problem, severity=Severity.WARNING))
    return tuple(notes)
