"""How a resource type is described."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from molthub.simulator.cloudformation.calling import Caller
from molthub.simulator.cloudformation.state import Resource

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource to be made or changed. properties: resolved; tags: the stack's and its own together."""

    name: str
    stack: str
    properties: Json
    tags: dict[str, str]

    def generated(self, longest: int) -> str:
        """The name CloudFormation makes up where the template gives none."""
        text = f"{self.stack}-{self.name}-{abs(hash_of(self.stack + self.name)):012X}"[-longest:]
        return text.lstrip("-")

    @property
    def tag_list(self) -> list[Json]:
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags.items())]


def hash_of(text: str) -> int:
    """The same in every process, unlike hash()."""
    value = 0
    for character in text:
        value = (value * 131 + ord(character)) % (1 << 40)
    return value


Made = tuple[str, Json]
"""Physical id, and what Fn::GetAtt gives."""

Create = Callable[[Caller, Wanted], Made]
Update = Callable[[Caller, Resource, Wanted], Json | None]
"""Changes in place; new attributes, or None for the same ones."""
Delete = Callable[[Caller, Resource], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """fixed: properties that cannot change without replacing (AWS's resource schemas, `createOnlyProperties`);
    seconds: how long making it takes, simulated."""

    create: Create
    delete: Delete
    update: Update | None = None
    fixed: frozenset[str] = frozenset()
    seconds: float = 2.0
