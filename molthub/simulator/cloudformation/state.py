"""What CloudFormation remembers. Moments are simulated seconds; the views turn them into dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Resource:
    """One resource that exists. declared: its template as written; properties: with everything resolved."""

    name: str
    kind: str
    id: str
    declared: Json
    properties: Json
    attributes: Json
    status: str
    changed_at: float


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a change set. action: Add, Modify, Remove; replacement: True, False, Conditional."""

    action: str
    name: str
    kind: str
    id: str = ""
    replacement: str = ""
    details: tuple[tuple[str, str, str, str], ...] = ()
    """Attribute (Properties, Tags), name, RequiresRecreation, Evaluation (Static, Dynamic)."""


@dataclass(slots=True)
class ChangeSet:
    id: str
    name: str
    kind: str
    template: Json
    tags: dict[str, str]
    changes: tuple[Change, ...]
    created_at: float
    status: str = "CREATE_PENDING"
    execution: str = "UNAVAILABLE"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    at: float
    name: str
    kind: str
    physical: str
    status: str
    reason: str
    token: str


@dataclass(slots=True)
class Stack:
    """One stack. token: of the request that the operation under way was started with."""

    id: str
    name: str
    created_at: float
    status: str
    template: Json = field(default_factory=lambda: {"Resources": {}})
    tags: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    protected: bool = False
    updated_at: float | None = None
    deleted_at: float | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    token: str = ""

    @property
    def gone(self) -> bool:
        return self.status == "DELETE_COMPLETE"

    @property
    def busy(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(slots=True)
class Place:
    """CloudFormation in one account and region; deleted stacks stay readable by their id."""

    account: str
    region: str
    stacks: list[Stack] = field(default_factory=list)

    def find(self, reference: str) -> Stack | None:
        """By id, or by the name of one that was not deleted."""
        for stack in self.stacks:
            if reference == stack.id or (reference == stack.name and not stack.gone):
                return stack
        return None
