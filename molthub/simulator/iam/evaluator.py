"""One decision, as the IAM user guide's "Policy evaluation logic" has it for a role in its own account.

An explicit Deny anywhere ends it. Else an identity policy must allow it and, where there is a permissions boundary,
the boundary must allow it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from molthub.simulator.iam.conditions import holds, listed
from molthub.simulator.iam.matching import Context, filled, is_action, is_arn_like

Document = Mapping[str, Any]
Statement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks IAM for, once. context: keys in lower case → values."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a principal has. boundary None: it has no boundary."""

    policies: Sequence[Document]
    boundary: Document | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """allowed, and if not the end of AWS's sentence: `because no identity-based policy allows the … action`."""

    allowed: bool
    why: str = ""


def decide(rights: Rights, ask: Ask) -> Decision:
    """Whether the principal may. Raises UnknownOperatorError for a condition that cannot be judged."""
    kinds = [("identity-based policy", tuple(rights.policies))]
    if rights.boundary is not None:
        kinds.append(("permissions boundary", (rights.boundary,)))
    for kind, documents in kinds:
        if _applies(documents, "Deny", ask):
            article = "an" if kind.startswith("i") else "a"
            return Decision(allowed=False, why=f"with an explicit deny in {article} {kind}")
    for kind, documents in kinds:
        if not _applies(documents, "Allow", ask):
            return Decision(allowed=False, why=f"because no {kind} allows the {ask.action} action")
    return Decision(allowed=True)


def statements_of(documents: Iterable[Document]) -> list[Statement]:
    return [statement for document in documents for statement in listed(document.get("Statement", []))]


def _applies(documents: Iterable[Document], effect: str, ask: Ask) -> bool:
    return any(
        statement.get("Effect") == effect
        and _names_action(statement, ask.action)
        and _names_resource(statement, ask)
        and holds(statement.get("Condition", {}), ask.context)
        for statement in statements_of(documents)
    )


def _names_action(statement: Statement, action: str) -> bool:
    if "NotAction" in statement:
        return not any(is_action(action, pattern) for pattern in listed(statement["NotAction"]))
    return any(is_action(action, pattern) for pattern in listed(statement.get("Action", [])))


def _names_resource(statement: Statement, ask: Ask) -> bool:
    if "NotResource" in statement:
        return not _is_among(statement["NotResource"], ask)
    return _is_among(statement.get("Resource", []), ask)


def _is_among(patterns: Any, ask: Ask) -> bool:
    known = (filled(pattern, ask.context) for pattern in listed(patterns))
    return any(pattern is not None and is_arn_like(ask.resource, pattern) for pattern in known)
