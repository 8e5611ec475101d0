"""Permissions around a rollout: widened before it, narrowed only after it completed.

A rollout that fails is taken back to the revision before it, and ECS starts that one anew: with the role as it is
then. So a role that is about to lose a permission keeps it, in a policy of its own, until the new revision runs. That
policy is drift like any other, so a crash at any moment heals itself: the next plan takes it away, or keeps it for the
rollout that is still to come. Pure.

A security group is narrowed at once, on purpose. A permission that a rollout still needs is part of how the revision
before was rendered; `egressPreset` is a person's wish to let less out, and is meant to hold now, also for a revision
that a rollback brings back. That one may miss what it reached before, which is the price. NFS is no part of it: the
shared group that a task with state joins belongs to the service, so a rollback brings it back by itself.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from molthub.resources.normal import canonical_policy, normalise
from molthub.resources.observation import SecretFacts
from molthub.resources.types import Role

OURS = "molthub"
"""The policy that the renderer writes (desired/roles.py; a sibling, so not imported)."""

PREVIOUS = "molthub-previous"
"""The policy that holds what the revision before still needs."""

MOST_CHARACTERS = 10_240
"""IAM's limit of all inline policies of a role together, spaces not counted (IAM quotas)."""

ARN_CHARACTERS = 80
"""How much longer than its name a secret's ARN is at most (`arn:aws-us-gov:secretsmanager:…:secret:` and `-AbCdEf`)."""

STAR_ONLY = frozenset({"ecr:GetAuthorizationToken"})
"""Actions that AWS takes only with a star for a resource: the renderer writes them so."""

_SYMBOL = re.compile(r"\$\{secret:(?P<name>[^}]+)\}")

Statement = dict[str, Any]
Key = tuple[tuple[str, ...], str]
"""Actions, and the condition as text: statements of one key differ only in what they are about."""


def widened(before: Role, after: Role, *, secrets: Mapping[str, SecretFacts] | None = None) -> Role:
    """The wanted role, with what the present one allows beyond it; `after` itself where that is nothing.

    Only what a renderer could have written is kept: never a bare star, nothing of a policy that is not ours, and no
    secret that is gone. secrets: facts by name; None: they were not looked at.
    """
    keep: dict[Key, set[str]] = {}
    for key, resources in _allowed(before, (OURS, PREVIOUS)):
        left = {item for item in resources if _is_there(item, secrets)}
        for other, covered in _allowed(after, tuple(name for name, _ in after.inline_policies)):
            if other[1] == key[1] and set(key[0]) <= set(other[0]):
                left -= covered
        if left and _is_exact(key[0], left):
            keep.setdefault(key, set()).update(left)
    if not keep:
        return after
    statements = [_statement(key, resources) for key, resources in sorted(keep.items())]
    previous = canonical_policy({"Version": "2012-10-17", "Statement": statements})
    policies = (*((name, text) for name, text in after.inline_policies if name != PREVIOUS), (PREVIOUS, previous))
    if sum(_characters(text) for _, text in policies) > MOST_CHARACTERS:
        return after
    return normalise(dataclasses.replace(after, inline_policies=policies))


def _characters(text: str) -> int:
    """What IAM counts of a policy: no spaces, and a secret by its ARN."""
    return len("".join(_SYMBOL.sub(lambda found: found["name"] + "x" * ARN_CHARACTERS, text).split()))


def _allowed(role: Role, names: tuple[str, ...]) -> Iterator[tuple[Key, set[str]]]:
    """What the named policies allow, statement by statement; anything but a plain Allow is left out."""
    for name, text in role.inline_policies:
        if name not in names:
            continue
        for statement in _statements(text):
            plain = statement.get("Effect") == "Allow" and statement.keys() >= {"Action", "Resource"}
            if plain:
                condition = json.dumps(statement.get("Condition") or {}, sort_keys=True)
                yield (tuple(sorted(_listed(statement["Action"]))), condition), set(_listed(statement["Resource"]))


def _statements(text: str) -> list[Statement]:
    try:
        document = json.loads(text)
    except ValueError:
        return []
    found = document.get("Statement") if isinstance(document, dict) else None
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _is_exact(actions: tuple[str, ...], resources: set[str]) -> bool:
    if any("*" in action for action in actions):
        return False
    return "*" not in resources or set(actions) <= STAR_ONLY


def _is_there(resource: str, secrets: Mapping[str, SecretFacts] | None) -> bool:
    """A role that names a secret which is gone, or waits for its deletion, cannot be written."""
    symbol = _SYMBOL.search(resource)
    if symbol is None or secrets is None:
        return True
    facts = secrets.get(symbol["name"])
    return facts is not None and not facts.deleted


def _statement(key: Key, resources: set[str]) -> Statement:
    actions, condition = key
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": sorted(resources)}
    return statement | ({"Condition": json.loads(condition)} if condition != "{}" else {})
