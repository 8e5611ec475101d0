"""Which version of each secret a task definition was made with: a label of its gateway container. Pure.

A changed secret is thereby a changed task definition, and a failed rollout can name the secrets that changed with it.
The label holds short digests of version ids; nothing of a value.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from molthub.resources.observation import Cause, Rollout
from molthub.resources.types import Container, TaskDefinition

LABEL_SECRETS = "molthub.secret-versions"
NO_VERSION = "none"
MARK_LENGTH = 10
_SYMBOLIC = re.compile(r"\$\{secret:(?P<name>[^}]+)\}")
_ARN_PARTS = 7


@dataclass(frozen=True, slots=True)
class ChangedSecret:
    """A secret whose version differs. source: its name or full ARN; variables: those it is injected as."""

    source: str
    variables: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.source} ({', '.join(self.variables)})" if self.variables else self.source


def versions_label(versions: Mapping[str, str | None]) -> str:
    """The label's text. versions: source → version id, None where it has none."""
    marks = {source: _mark(version) for source, version in sorted(versions.items())}
    return json.dumps(marks, separators=(",", ":"))


def _mark(version: str | None) -> str:
    return hashlib.sha256(version.encode()).hexdigest()[:MARK_LENGTH] if version else NO_VERSION


def changed_secrets(before: object, after: object) -> tuple[ChangedSecret, ...]:
    """The secrets that both definitions have and whose version differs; () when a side is no task definition."""
    if not isinstance(before, TaskDefinition) or not isinstance(after, TaskDefinition):
        return ()
    old, new = _marks(before), _marks(after)
    return tuple(
        ChangedSecret(source, _variables(after, source))
        for source in sorted(old.keys() & new.keys())
        if old[source] != new[source]
    )


def only_secrets_changed(before: object, after: object) -> bool:
    """Whether the two definitions differ in nothing but the versions of their secrets."""
    if not isinstance(before, TaskDefinition) or not isinstance(after, TaskDefinition):
        return False
    return before != after and _unmarked(before) == _unmarked(after)


def points_to_a_secret(rollout: Rollout) -> bool:
    """Whether a failure may come from a secret: it could not be read, or the Moltbot itself did not live with it.

    The init container is given no secret, and memory is no matter of one.
    """
    text = rollout.reason.lower()
    if rollout.cause is Cause.SURROUNDINGS:
        return "secret" in text
    return not any(other in text for other in ("container init", "outofmemory", "oom"))


def _unmarked(definition: TaskDefinition) -> TaskDefinition:
    return replace(definition, containers=tuple(_without_label(item) for item in definition.containers))


def _without_label(container: Container) -> Container:
    return replace(container, labels=tuple(pair for pair in container.labels if pair[0] != LABEL_SECRETS))


def _marks(definition: TaskDefinition) -> dict[str, str]:
    """Source → mark. {} for a label of another shape: an older Molthub wrote one digest for all."""
    for container in definition.containers:
        text = dict(container.labels).get(LABEL_SECRETS, "")
        if text.startswith("{"):
            try:
                return {str(source): str(mark) for source, mark in json.loads(text).items()}
            except ValueError:
                return {}
    return {}


def _variables(definition: TaskDefinition, source: str) -> tuple[str, ...]:
    pairs = [pair for container in definition.containers for pair in container.secrets]
    return tuple(sorted({name for name, reference in pairs if _source_of(reference) == source}))


def _source_of(reference: str) -> str:
    symbolic = _SYMBOLIC.match(reference)
    return symbolic["name"] if symbolic else ":".join(reference.split(":")[:_ARN_PARTS])
