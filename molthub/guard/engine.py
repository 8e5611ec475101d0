"""Runs every rule over one instance, applies its waivers, and never stops at the first finding.

Pure: `now` comes in. A rule that raises is a bug and is not caught here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from molthub.errors import Diagnostic, Severity
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.resources.types import ResourceSet


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule looks at.

    desired  what the manifest renders to; None where rendering needs more than one document
             (`validate` of a single file), and rules about it then have nothing to say
    """

    instance: LoadedInstance
    environment: LoadedEnvironment | None
    desired: ResourceSet | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's complaint. path: keys and indexes from the document's root, for its place in the file."""

    message: str
    path: tuple[str | int, ...]
    fix: str = ""
    severity: Severity = Severity.ERROR
    waivable: bool = True


class GuardRule(Protocol):
    """One guardrail. ref: `MH-TOPIC-NNN`, for ever. title: one line, as its page has it."""

    ref: str
    title: str

    def check(self, subject: Subject) -> Iterable[Finding]: ...


@dataclass(frozen=True, slots=True)
class Verdicts:
    """errors stop the instance; notices (warnings and live waivers) are shouted in every plan.
    An expired waiver is among the errors: it blocks writes and never stops a running task.
    """

    errors: tuple[Diagnostic, ...]
    notices: tuple[Diagnostic, ...]
