"""What commits change: documents by subject, whatever file they lie in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from molthub.history.document import whole
from molthub.manifest.reading import ReadFile, salvage
from molthub.resources.identity import EnvironmentKey, Identity

INSTANCE, ENVIRONMENT, FLEET, TEMPLATE, ACCESS = (
    *("MoltbotInstance", "Environment", "Fleet", "MoltbotTemplate", "AccessPolicy"),
)


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What a document is about. key: `acme/prod/support-bot`, `acme/prod`, a template's name, or ""."""

    kind: str
    key: str = ""

    @property
    def where(self) -> EnvironmentKey | None:
        """The environment it belongs to; None for what belongs to the whole fleet."""
        parts = self.key.split("/")
        return EnvironmentKey(parts[0], parts[1]) if self.kind in (INSTANCE, ENVIRONMENT) else None

    def __str__(self) -> str:
        names = {INSTANCE: self.key, ENVIRONMENT: f"the environment {self.key}", FLEET: "the fleet"}
        return names.get(self.kind) or (f"the template {self.key}" if self.kind == TEMPLATE else "the access policy")


FLEET_SUBJECT = Subject(FLEET)


def instance_subject(identity: Identity) -> Subject:
    return Subject(INSTANCE, str(identity))


def environment_subject(key: EnvironmentKey) -> Subject:
    return Subject(ENVIRONMENT, str(key))


@dataclass(frozen=True, slots=True)
class Fact:
    """One file's meaning. key: the same for two files that mean the same. model: None where it cannot be used."""

    subject: Subject
    key: str
    model: BaseModel | None = field(default=None, compare=False)


Content = tuple[Fact, ...]
"""Everything that is said of one subject in one commit: one fact, none where it is not there, several where files
clash. Ordered by key."""


def fact_of(read: ReadFile | None, oid: str) -> Fact | None:
    """What a file says; None where that is nothing, or of nothing that can be named."""
    if read is None:
        return None
    parts = salvage(read.partial)
    subject = _subject(parts)
    if subject is None:
        return None
    if read.model is None:
        return Fact(subject, f"unreadable {oid}")
    text = json.dumps(whole(read.model), sort_keys=True, default=str)
    return Fact(subject, hashlib.sha256(text.encode()).hexdigest(), read.model)


def _subject(parts: Mapping[str, str | None]) -> Subject | None:
    kind, workspace, environment = parts["kind"], parts["workspace"], parts["environment"]
    name = parts["id"] or parts["name"]
    if kind in (FLEET, ACCESS):
        return Subject(kind)
    if kind == TEMPLATE:
        return Subject(TEMPLATE, parts["name"]) if parts["name"] else None
    if not (workspace and environment):
        return None
    if kind == ENVIRONMENT:
        return Subject(ENVIRONMENT, f"{workspace}/{environment}")
    return Subject(INSTANCE, f"{workspace}/{environment}/{name}") if kind == INSTANCE and name else None


def contents(facts: Iterable[Fact | None]) -> dict[Subject, Content]:
    """The facts of a whole tree, by subject."""
    found: dict[Subject, list[Fact]] = {}
    for fact in facts:
        if fact is not None:
            found.setdefault(fact.subject, []).append(fact)
    return {subject: tuple(sorted(items, key=lambda fact: fact.key)) for subject, items in found.items()}


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, before and after; None where it is not there, or says nothing."""

    before: Fact | None
    after: Fact | None


@dataclass(frozen=True, slots=True)
class CommitView:
    """One commit as the judge sees it. What it claims of times is not here.

    changes  against the first parent; of a commit without any, against nothing
    """

    sha: str
    parents: tuple[str, ...]
    email: str
    subject: str
    trailers: Mapping[str, tuple[str, ...]]
    changes: tuple[FileChange, ...]


def touched(changes: Iterable[FileChange]) -> dict[Subject, tuple[list[Fact], list[Fact]]]:
    """Each subject that is named → the facts taken away and those added."""
    found: dict[Subject, tuple[list[Fact], list[Fact]]] = {}
    for change in changes:
        if change.before is not None:
            found.setdefault(change.before.subject, ([], []))[0].append(change.before)
        if change.after is not None:
            found.setdefault(change.after.subject, ([], []))[1].append(change.after)
    return found


def after(current: Content, removed: Iterable[Fact], added: Iterable[Fact]) -> Content:
    """A subject's content once these facts went and those came."""
    left = list(current)
    for fact in removed:
        if fact in left:
            left.remove(fact)
    return tuple(sorted([*left, *added], key=lambda fact: fact.key))
