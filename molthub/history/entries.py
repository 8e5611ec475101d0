"""What one commit did to each resource, worked out from the files it touched and from nothing else.

So an entry belongs to its commit for ever: it can be kept in an index, and a history that was rewritten is only another
walk over other commits. What spans several commits (a manifest that was broken for a while) is put together in
versions.py.

Resources are told apart by what the documents say they are, so a file that was moved or rewritten is the same one. One
that cannot be read at all counts as what its path held on the other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from molthub.errors import Severity
from molthub.history.action import CREATE, DELETE, UPDATE, inferred
from molthub.history.difference import Difference, between
from molthub.history.document import Document, Form, form_of, leaves, spelled, tree
from molthub.history.hiding import shown, shown_path
from molthub.manifest.models import KINDS
from molthub.manifest.reading import read_file, salvage

INSTANCE = "MoltbotInstance"
FORMAT = 1
"""Raised when entries are made differently: an index of another number is of no use."""


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """Something that a fleet repository describes. kind "" is a file that was never readable; its path is the id."""

    kind: str
    workspace: str = ""
    environment: str = ""
    id: str = ""

    def __str__(self) -> str:
        """`acme/prod/support-bot`, `acme/prod` for an Environment, the name for everything else."""
        return "/".join(part for part in (self.workspace, self.environment, self.id) if part)


class Outcome(StrEnum):
    """What became of a resource in one commit. The words are stored: add, never rename."""

    CREATED = "created"
    CHANGED = "changed"
    SAME = "same"  # moved, commented or formatted; it means what it meant
    INVALID = "invalid"  # from here on it cannot be read
    MENDED = "mended"  # it can be read again
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit, as claimed. at: committer time; trailers: lower-case key → values."""

    sha: str
    parents: tuple[str, ...]
    author: str
    email: str
    at: datetime
    subject: str
    trailers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one commit did to one resource.

    path, former  where it is now (None: nowhere), and where it was before when that was another file
    name          what it was called after the commit; of a deleted one, before it
    own           False in a merge that took the whole file from one of its parents
    action        what the change amounts to, whatever the commit says
    patch, fields as in Difference; the fields by their spelled path, with the value after (None: gone). Of a created
                  resource those that were written
    document      where readability changes: the last readable document, or of a mended one the new; else None
    problem       why it cannot be read, of an invalid one
    """

    sha: str
    resource: Resource
    path: str | None
    former: str | None
    name: str
    outcome: Outcome
    action: str
    words: tuple[str, ...] = ()
    patch: tuple[dict[str, Any], ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()
    document: Document | None = None
    problem: str = ""
    own: bool = True


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file of ours. resource None: it cannot even be told what it is; form None: it cannot be used."""

    resource: Resource | None
    name: str
    form: Form | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FilePair:
    """A file before and after one commit; None where there was none, or none of ours."""

    path: str
    before: Parsed | None
    after: Parsed | None
    own: bool = True


UNREADABLE = Parsed(None, "", None, "this is no regular file, or too large to be a manifest")


def parse(path: str, content: bytes) -> Parsed | None:
    """A file's content; None when it is none of ours. Raises nothing, whatever the bytes."""
    read = read_file(path, content)
    if read is None:
        return None
    parts = salvage(read.partial)
    first = next((item for item in read.diagnostics if item.severity is Severity.ERROR), None)
    line = f" (line {first.location.line})" if first and first.location and first.location.line else ""
    return Parsed(
        resource=_resource(parts),
        name=parts["name"] or "",
        form=form_of(read.model) if read.model is not None else None,
        problem=f"{first.ref} {first.message}{line}" if first else "",
    )


def form_again(kind: str, document: Document | None) -> Form | None:
    """The form of a document that was kept; None when this Molthub cannot read it any more."""
    if document is None or kind not in KINDS:
        return None
    try:
        return form_of(KINDS[kind].model_validate(document))
    except ValueError:
        return None


def _resource(parts: Mapping[str, str | None]) -> Resource | None:
    kind, workspace, environment = parts["kind"], parts["workspace"], parts["environment"]
    if kind is None:
        return None
    if kind == INSTANCE:
        wanted = (workspace, environment, parts["id"])
        return Resource(kind, workspace or "", environment or "", parts["id"] or "") if all(wanted) else None
    if kind == "Environment":
        return Resource(kind, workspace or "", environment or "") if workspace and environment else None
    return Resource(kind, "", "", parts["name"] or "") if parts["name"] else None


def entries_of(sha: str, pairs: Iterable[FilePair]) -> tuple[Entry, ...]:
    """What a commit did, from the files that differ between it and its (first) parent; ordered by resource.

    A document that meets a bug of ours is told as changed, and keeps nobody from the rest of the history.
    """
    sides = sides_of(pairs)
    return tuple(_entry_or_untold(sha, resource, sides) for resource in sorted(sides))


def _entry_or_untold(sha: str, resource: Resource, sides: Mapping[Resource, Sides]) -> Entry:
    one = sides[resource]
    try:
        return _entry(sha, resource, one, sides)
    except Exception:  # noqa: BLE001 - whatever it is, the other documents and commits go on
        path, former = (side[0] if side else None for side in (one.after, one.before))
        name = next((side[1].name for side in (one.after, one.before) if side), "")
        words = ("changed in a way that meets a bug in Molthub",)
        return Entry(sha, resource, path, former, name, Outcome.CHANGED, UPDATE, words, own=one.own)


@dataclass(slots=True)
class Sides:
    """Where one resource was and is: the path, and what was read there. own: as in FilePair, of any of its files."""

    before: tuple[str, Parsed] | None = None
    after: tuple[str, Parsed] | None = None
    own: bool = False


def sides_of(pairs: Iterable[FilePair]) -> dict[Resource, Sides]:
    """The files that differ, by what they say they are."""
    found: dict[Resource, Sides] = {}
    for pair in pairs:
        before, after = _told(pair.before, pair.after, pair.path), _told(pair.after, pair.before, pair.path)
        if before is not None and pair.before is not None:
            side = found.setdefault(before, Sides())
            if side.before is None or before == after:  # of two files with one identity, the one that stays in place
                side.before = (pair.path, pair.before)
            side.own = side.own or pair.own
        if after is not None and pair.after is not None:
            side = found.setdefault(after, Sides())
            if side.after is None or before == after:
                side.after = (pair.path, pair.after)
            side.own = side.own or pair.own
    return found


def _told(mine: Parsed | None, other: Parsed | None, path: str) -> Resource | None:
    """What one side of a file is: what it says; else what the other side says; else just a file."""
    if mine is None:
        return None
    if mine.resource is not None:
        return mine.resource
    return other.resource if other is not None and other.resource is not None else Resource("", id=path)


def _entry(sha: str, resource: Resource, sides: Sides, everything: Mapping[Resource, Sides]) -> Entry:
    before, after = (side[1] if side else None for side in (sides.before, sides.after))
    path, former = (side[0] if side else None for side in (sides.after, sides.before))
    base = Entry(
        sha=sha,
        resource=resource,
        path=path,
        former=former if former != path else None,
        name=(after.name if after else "") or (before.name if before else ""),
        outcome=Outcome.SAME,
        action=UPDATE,
        own=sides.own,
    )
    moved = (f"moved {former} → {path}",) if path and former and path != former else ()
    if after is None:
        return _deleted(base, before)
    if after.form is None:
        return _invalid(base, before, after, moved)
    if before is None:
        return _created(base, after.form, _in_place_of(path, resource, everything))
    if before.form is None:
        return replace(base, outcome=Outcome.MENDED, words=(*moved, "can be read again"), document=_kept(after.form))
    change = between(before.form, after.form)
    return replace(
        base,
        outcome=Outcome.SAME if change.is_empty else Outcome.CHANGED,
        action=inferred(change),
        words=(*change.words, *moved) or ("comments or formatting only",),
        patch=change.patch,
        fields=fields_of(change),
    )


def _deleted(base: Entry, before: Parsed | None) -> Entry:
    form = before.form if before else None
    change = between(form, None)
    return replace(
        base,
        outcome=Outcome.DELETED,
        action=DELETE,
        words=change.words or ("deleted",),
        patch=change.patch,
        document=_kept(form),
    )


def _invalid(base: Entry, before: Parsed | None, after: Parsed, moved: tuple[str, ...]) -> Entry:
    return replace(
        base,
        outcome=Outcome.INVALID,
        action=UPDATE if before else CREATE,
        words=(*moved, f"cannot be read: {after.problem}"),
        document=_kept(before.form if before else None),
        problem=after.problem,
    )


def _created(base: Entry, form: Form, remark: tuple[str, ...]) -> Entry:
    change = between(None, form)
    return replace(
        base,
        outcome=Outcome.CREATED,
        action=CREATE,
        words=(*change.words, *remark),
        patch=change.patch,
        fields=tuple(fields_of_document(form.written)),
    )


def made_in_merging(entry: Entry, theirs: Iterable[Entry] | None) -> bool:
    """Whether a merge did to a resource what none of the merged commits did. theirs: the entries of those commits.

    Taking a file whole from one parent may undo what the other did, so only what the merged commits tell is theirs. A
    merge off the main line has nothing to be compared with (None): there, a file as in none of its parents is its own.
    """
    if theirs is None:
        return entry.own
    same = [one for one in theirs if one.resource == entry.resource]
    if entry.outcome is Outcome.SAME:
        return False
    if not entry.fields:
        return all(one.outcome is not entry.outcome for one in same)
    return not all(any(field in one.fields for one in same) for field in entry.fields)


def _in_place_of(path: str | None, resource: Resource, everything: Mapping[Resource, Sides]) -> tuple[str, ...]:
    """A file that said it was another resource: a rename by hand that did not keep the id, most often."""
    other = [one for one, side in everything.items() if one != resource and side.before and side.before[0] == path]
    return (f"in the file of {other[0]}, so it is another {_noun(resource)}",) if other else ()


def _noun(resource: Resource) -> str:
    return "instance" if resource.kind == INSTANCE else "resource"


def fields_of(change: Difference) -> tuple[tuple[str, Any], ...]:
    """The fields of a difference by their spelled path."""
    return tuple((one.name, one.after) for one in change.fields)


def fields_of_document(document: Document) -> Iterable[tuple[str, Any]]:
    """Every field that a document writes."""
    for path, value in leaves(tree(document)):
        yield spelled(shown_path(path)), shown(value, path)


def _kept(form: Form | None) -> Document | None:
    """The document as it may be kept: without what looks like a secret."""
    if form is None:
        return None
    kept: Document = shown(form.written, ())
    return kept
