"""The reconciler's policy, put together from the table: a statement for each scope, its actions sorted.

Scopes with the same tags for a condition share one, for a managed policy is short."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from molthub.aws.permissions.operations import grants
from molthub.aws.permissions.scopes import Place, Scope

Document = dict[str, Any]

LONGEST_MANAGED = 6_144
"""Characters of a managed policy, white space not counted (IAM quotas)."""

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_LONGEST_PART = 63
"""What a CloudFormation placeholder is taken to become, at most: names of fleets and clusters are shorter."""


def reconciler_policies(place: Place) -> tuple[Document, ...]:
    """The managed policies that the reconciler's role needs, together; the same for the same place.

    As many documents as IAM's size limit asks for (a role takes ten). A placeholder in `place` counts as the longest
    text it may become.
    """
    return tuple(_packed(_joined(place, _by_scope(place))))


def reader_policy(place: Place) -> Document:
    """What `status`, `plan`, `drift` and `explain` ask of AWS, and no more: the reconciler's reads.

    No read of Molthub's tells the value of a secret. Raises ValueError where it is longer than a managed policy.
    """
    reads = {scope: {action for action in actions if is_read(action)} for scope, actions in _by_scope(place).items()}
    (document,) = _packed(_joined(place, {scope: actions for scope, actions in reads.items() if actions}))
    return document


def is_read(action: str) -> bool:
    """Whether an action of the table changes nothing, by the verb that AWS gives it."""
    return action.partition(":")[2].startswith(("Describe", "Get", "List"))


def _by_scope(place: Place) -> dict[Scope, set[str]]:
    found: dict[Scope, set[str]] = {}
    for action, scope in grants():
        if scope.exists(place):
            found.setdefault(scope, set()).add(action)
    return found


def _joined(place: Place, by_scope: Mapping[Scope, set[str]]) -> list[Document]:
    """A statement for each scope, one for all that go together. Raises ValueError where their conditions differ."""
    found: dict[str, Document] = {}
    for scope, actions in by_scope.items():
        name = scope.together or scope.sid
        made = scope.statement(place, sorted(actions)) | {"Sid": name}
        other = found.setdefault(name, made)
        if other.get("Condition") != made.get("Condition"):
            raise ValueError(f"the scopes of {name} have not the same conditions")
        for member in ("Action", "Resource"):
            other[member] = sorted({*other[member], *made[member]})
    return [found[name] for name in sorted(found)]


def size_of(document: Document) -> int:
    """Characters as IAM counts them; a placeholder counts as the longest text it may become."""
    text = re.sub(r"\s", "", json.dumps(document, separators=(",", ":"), sort_keys=True))
    return len(_PLACEHOLDER.sub("x" * _LONGEST_PART, text))


def document_of(statements: Sequence[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _packed(statements: Sequence[Document]) -> list[Document]:
    """Documents of IAM's size, filled in order. Raises ValueError for a statement that fits in none."""
    packed: list[list[Document]] = [[]]
    for statement in statements:
        if packed[-1] and size_of(document_of([*packed[-1], statement])) > LONGEST_MANAGED:
            packed.append([])
        packed[-1].append(statement)
    documents = [document_of(group) for group in packed]
    for document in documents:
        if size_of(document) > LONGEST_MANAGED:
            raise ValueError(f"the statement {document['Statement'][0]['Sid']} is longer than a managed policy")
    return documents
