"""Who did what: what commits changed, what they say was done beside Git, and what the controller did, in one list.

Every commit that the head comes from counts, on whatever line it was made, once: a merge is told as a merge, and only
what it changed by itself is told as its own change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from molthub.events.types import Event
from molthub.history.action import told
from molthub.history.difference import Difference
from molthub.history.entries import INSTANCE, CommitRecord, Entry, Outcome, Resource, made_in_merging
from molthub.history.graph import everything
from molthub.pipeline.past.reading import Past
from molthub.pipeline.past.signers import SignedBy

AT_ONCE = 500
GIT, CONTROLLER = "git", "controller"
MERGE = "merge"
INSTANCE_TRAILER = "molthub-instance"

DIRECT = {
    "molthub-secret": "secret",
    "molthub-backup": "backup",
    "molthub-restore": "restore",
    "molthub-bootstrap": "bootstrap",
    "molthub-confirm-delete": "confirm-delete",
    "molthub-accept-rewrite": "accept-rewrite",
}
"""Trailers of what was done beside the manifests → the action. Only the commit says so: it is its author's word."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did.

    source    GIT: actor and email are what the commit claims. CONTROLLER: what its database says
    about     every resource it concerns; the first is the one shown
    summary   in words, with text from Git: print it escaped
    signed    the commit's signature, once it was looked at; None for what is no commit
    effect    what the change amounts to, whatever the commit calls it; "" where nothing can be compared
    """

    at: datetime
    source: str
    actor: str
    email: str
    action: str
    about: tuple[Resource, ...]
    summary: str
    commit: str | None
    signed: SignedBy | None = None
    effect: str = ""

    @property
    def resource(self) -> str:
        """`acme/prod/support-bot`, or how many there are."""
        return str(self.about[0]) if len(self.about) == 1 else f"{len(self.about)} resources" if self.about else ""

    @property
    def kind(self) -> str:
        kinds = {one.kind for one in self.about}
        return kinds.pop() if len(kinds) == 1 else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the audit is asked for; None is no limit. actor: a part of a name or address, any case; until: before."""

    resource: Resource | None = None
    actor: str | None = None
    actions: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None

    def means(self, line: AuditLine, *, who: str = "") -> bool:
        """who: the verified signer, when it is known."""
        named = self.actor is None or any(
            self.actor.casefold() in text.casefold() for text in (line.actor, line.email, who)
        )
        return (
            named
            and (self.resource is None or self.resource in line.about)
            and (not self.actions or bool(self.actions & {line.action, line.effect}))
            and (self.since is None or line.at >= self.since)
            and (self.until is None or line.at < self.until)
        )


Look = Callable[[list[str]], Mapping[str, SignedBy]]
"""Hashes → the commits' signatures."""


def from_git(past: Past, wanted: Wanted, look: Look) -> Iterator[AuditLine]:
    """The commits' lines that are wanted, the newest commit first; at most the limit."""
    order = everything(past.parents, past.head)
    left = wanted.limit
    for start in range(0, len(order), AT_ONCE):
        shas = order[start : start + AT_ONCE]
        records, entries = past.index.commits(shas), past.index.entries_in(shas)
        lines = [
            line
            for sha in shas
            for line in of_commit(
                records[sha],
                [_told_whole(past, entry) for entry in entries.get(sha, ())],
                brought=past.line.brought.get(sha),
                look_up=past.index.entries_in,
            )
        ]
        chosen = _chosen(lines, wanted, look)
        yield from chosen[:left]
        if left is not None and (left := left - len(chosen)) <= 0:
            return


def _told_whole(past: Past, entry: Entry) -> Entry:
    """A mended document's own entry does not know what it was before it broke; its history does."""
    if entry.outcome is not Outcome.MENDED:
        return entry
    found = past.versions(entry.resource, every_line=True)
    return next((one.entry for one in found if one.record.sha == entry.sha), entry)


def _chosen(lines: list[AuditLine], wanted: Wanted, look: Look) -> list[AuditLine]:
    """By everything but the signer first: a look at a signature costs a process."""
    anybody = replace(wanted, actor=None)
    lines = [line for line in lines if anybody.means(line)]
    if wanted.actor is None and wanted.limit is not None:
        lines = lines[: wanted.limit]
    signed = look(list(dict.fromkeys(line.commit for line in lines if line.commit)))
    told_by = [replace(line, signed=signed.get(line.commit or "")) for line in lines]
    return [line for line in told_by if wanted.means(line, who=(line.signed.who or "") if line.signed else "")]


LookUp = Callable[[Collection[str]], Mapping[str, tuple[Entry, ...]]]
"""Hashes → the commits' entries."""


def of_commit(
    record: CommitRecord, entries: Sequence[Entry], *, brought: frozenset[str] | None, look_up: LookUp
) -> list[AuditLine]:
    """What one commit did: its changes, what it merged, and what its trailers say.

    brought: of a merge on the main line, the commits it brought; None for every other commit
    """
    if len(record.parents) > 1:
        lines = _merge(record, entries, look_up(brought) if brought is not None else None)
    else:
        lines = [_change(record, entry) for entry in entries]
    named = _named(record)
    for trailer, action in DIRECT.items():
        said = told(action, record.trailers)
        lines += [_line(record, said, named, value) for value in record.trailers.get(trailer, ())]
    if not lines and record.trailers.get("molthub-action"):
        lines.append(_line(record, told("update", record.trailers), named, record.subject))
    return lines


def _merge(
    record: CommitRecord, entries: Sequence[Entry], brought: Mapping[str, tuple[Entry, ...]] | None
) -> list[AuditLine]:
    """One line for what it brought, and one for each thing that none of the merged commits did."""
    theirs = None if brought is None else [one for listed in brought.values() for one in listed]
    made = [entry for entry in entries if made_in_merging(entry, theirs)]
    taken = tuple(entry.resource for entry in entries if entry not in made)
    lines = [_change(record, entry) for entry in made]
    return [*lines, _line(record, MERGE, taken, record.subject)] if taken else lines


def _change(record: CommitRecord, entry: Entry) -> AuditLine:
    action = told(entry.action, record.trailers)
    line = _line(record, action, (entry.resource,), Difference(words=entry.words).summary)
    return replace(line, effect=entry.action)


def _line(record: CommitRecord, action: str, about: tuple[Resource, ...], summary: str) -> AuditLine:
    return AuditLine(record.at, GIT, record.author, record.email, action, about, summary, record.sha)


def _named(record: CommitRecord) -> tuple[Resource, ...]:
    """The instances that the commit's trailers name."""
    parts = [value.split("/") for value in record.trailers.get(INSTANCE_TRAILER, ())]
    return tuple(Resource(INSTANCE, *part) for part in parts if len(part) == 3)  # noqa: PLR2004 - as an identity


def of_event(event: Event) -> AuditLine:
    """What the controller, or somebody's `apply`, did."""
    identity = event.identity
    where = (Resource(INSTANCE, identity.workspace, identity.environment, identity.id),)
    said = f"{event.message} ({event.ref})" if event.ref else event.message
    return AuditLine(event.at, CONTROLLER, event.actor, "", event.type.value, where, said, event.commit)


def merged(git: Iterable[AuditLine], events: Iterable[AuditLine], limit: int | None) -> tuple[AuditLine, ...]:
    """Newest first, of one moment what the commit says before what came of it."""
    both = [*git, *events]
    both.sort(key=lambda line: line.at, reverse=True)
    return tuple(both[:limit])
