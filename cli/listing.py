"""Which instances a list of statuses shows, in which order, and in which groups. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar

from molthub.health.types import Health, Status, StatusRecord
from molthub.resources.identity import EnvironmentKey
from molthub.resources.states import Verdict

Listed = tuple[StatusRecord, Mapping[str, str]]
"""A record with the labels of its manifest."""

WORST_HEALTH = (
    *(Health.UNKNOWN, Health.DEGRADED, Health.MISSING),
    *(Health.PROGRESSING, Health.STOPPED, Health.HEALTHY),
)
WORST_STATUS = (Status.DEGRADED, Status.DELETING, Status.CREATING, Status.STOPPED, Status.RUNNING)
WORST_SYNC = (
    *(Verdict.UNKNOWN, Verdict.INVALID, Verdict.BLOCKED),
    *(Verdict.OUT_OF_SYNC, Verdict.SUSPENDED, Verdict.SYNCED),
)
_NEVER = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

SORTS: Mapping[str, Callable[[StatusRecord], Any]] = {
    "name": lambda record: record.name,
    "status": lambda record: WORST_STATUS.index(record.status),
    "health": lambda record: WORST_HEALTH.index(record.health),
    "sync": lambda record: WORST_SYNC.index(record.sync),
    "age": lambda record: record.created_at or _NEVER,
    "deployed": lambda record: _NEVER - (record.deployment.at if record.deployment else _LONG_AGO),
}
"""What one may sort by: states the worst first, age the oldest first, deployed the newest first."""

Word = TypeVar("Word", Health, Status, Verdict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown; an empty set is all."""

    labels: Mapping[str, str] = field(default_factory=dict)
    statuses: frozenset[Status] = frozenset()
    healths: frozenset[Health] = frozenset()
    syncs: frozenset[Verdict] = frozenset()

    def shows(self, record: StatusRecord, labels: Mapping[str, str]) -> bool:
        return (
            self.labels.items() <= labels.items()
            and (not self.statuses or record.status in self.statuses)
            and (not self.healths or record.health in self.healths)
            and (not self.syncs or record.sync in self.syncs)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """One environment's part of a list. counts: by health, the worst first, only those that are there."""

    key: EnvironmentKey
    listed: tuple[Listed, ...]
    counts: tuple[tuple[Health, int], ...]


def words_of(kind: type[Word], texts: Iterable[str] | None) -> frozenset[Word]:
    """What people type as states, by any case. Raises ValueError with the words there are."""
    known = {word.value.lower(): word for word in kind}
    found = set()
    for text in texts or ():
        if text.lower() not in known:
            raise ValueError(f"{text!r} is none of {', '.join(word.value for word in kind)}")
        found.add(known[text.lower()])
    return frozenset(found)


def groups_of(listed: Iterable[Listed], *, sort: str = "name") -> tuple[Group, ...]:
    """By workspace and environment; within each in the order of SORTS, then by name."""
    ordered = sorted(listed, key=lambda item: (item[0].identity.key, SORTS[sort](item[0]), item[0].name))
    return tuple(
        Group(key, members, counts_of(members))
        for key, found in groupby(ordered, key=lambda item: item[0].identity.key)
        for members in (tuple(found),)
    )


def counts_of(listed: Sequence[Listed]) -> tuple[tuple[Health, int], ...]:
    counted = Counter(record.health for record, _ in listed)
    return tuple((health, counted[health]) for health in WORST_HEALTH if counted[health])
