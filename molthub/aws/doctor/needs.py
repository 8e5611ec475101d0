"""What `apply` needs of IAM, as questions for SimulatePrincipalPolicy: one for each scope of the reconciler's policy.

A scope's patterns become examples (`mh-*-task` → `mh-doctor-task`), and its conditions the context in which they hold.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from molthub.aws.permissions.operations import grants
from molthub.aws.permissions.scopes import Place, Scope

EXAMPLE = "doctor"


@dataclass(frozen=True, slots=True)
class Need:
    """Actions that must be allowed on each of the resources. context: condition keys and their values."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: tuple[tuple[str, str], ...] = ()


def needs_of(place: Place) -> Iterator[Need]:
    """Everything, in the order of the policy. Writes of a place without a boundary are left out: none would pass."""
    by_scope: dict[Scope, set[str]] = {}
    for action, scope in grants():
        if scope.exists(place):
            by_scope.setdefault(scope, set()).add(action)
    for scope, actions in sorted(by_scope.items(), key=lambda item: item[0].sid):
        statement = scope.statement(place, sorted(actions))
        context = tuple(_context(statement.get("Condition", {})))
        yield Need(tuple(sorted(actions)), tuple(_example(item) for item in statement["Resource"]), context)


def _context(conditions: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Keys and values with which the conditions hold; `Null … false` only asks for the key to be there."""
    for operator, keys in conditions.items():
        for key, value in keys.items():
            yield key, EXAMPLE if operator == "Null" else _example(value)


def _example(pattern: str) -> str:
    """A text that the pattern matches; the lone star stays, for it is how IAM says "no resource"."""
    return pattern if pattern == "*" else pattern.replace("*", EXAMPLE)
