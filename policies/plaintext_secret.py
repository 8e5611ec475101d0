"""MH-SEC-001: no secret's value stands in a manifest, wherever in it somebody may have put one."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.manifest.secret_shapes import GENERIC, looks_secret, secret_kind
from molthub.policies.support.leaves import Leaf, leaves
from molthub.policies.support.quote import spell

FIX = (
    "Store the value in Secrets Manager, refer to it from spec.secrets, and replace it at its issuer: "
    "what was in Git is no longer secret"
)
LABELS = ("metadata", "labels")
ENV = ("spec", "runtime", "env")
COMMAND = ("spec", "runtime", "command")


class PlaintextSecret:
    """A known token is never waivable; a merely random string is a guess, and a waiver may say that it is none."""

    ref = "MH-SEC-001"
    title = "No plaintext secret anywhere in a manifest"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        previous = ""
        for leaf in leaves(subject.instance.model):
            kind = secret_kind(leaf.text, name=_name(leaf, previous))
            previous = leaf.text
            if kind:
                yield Finding(_message(leaf, kind), leaf.path, FIX, waivable=kind == GENERIC)


def _name(leaf: Leaf, previous: str) -> str:
    """What the value is called, where people choose that name themselves: a label, a variable, a flag.

    An env variable called like a secret is MH-SEC-002's, whatever its value.
    """
    if leaf.is_key:
        return ""
    if leaf.path[:2] == LABELS or (leaf.path[:3] == ENV and not looks_secret(leaf.name)):
        return leaf.name
    if leaf.path[:3] == COMMAND and previous.startswith("--") and "=" not in previous:
        return "" if leaf.text.startswith("-") else previous
    return ""


def _message(leaf: Leaf, kind: str) -> str:
    if leaf.is_key:
        return f"a key of {spell(leaf.path[:-1])} looks like {kind}"
    return f"{spell(leaf.path)} looks like it holds {kind}"
