"""What comparing two revisions gives, as values."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.errors import Diagnostic, Severity
from molthub.pipeline.types import CheckedFleet
from molthub.planning.types import Plan
from molthub.resources.identity import Identity


@dataclass(frozen=True, slots=True)
class Base:
    """What is compared with. ref: as it was asked for; commit: the full hash of the common ancestor with the head."""

    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two checked revisions.

    before    verdicts of the instances in `affected` only: of all others they are the same as now
    paths     YAML files that were added, changed or removed
    affected  instances of either side whose manifest differs, or something that it depends on
    """

    base: Base
    before: CheckedFleet
    now: CheckedFleet
    paths: frozenset[str]
    affected: frozenset[Identity]


@dataclass(frozen=True, slots=True)
class NewFindings:
    """What is wrong, and whose doing that is.

    new    findings of the head that the base had not, or that are in a changed file, in path order
    known  all others: they were there before, somewhere else
    """

    new: tuple[Diagnostic, ...]
    known: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The new ones that stop something."""
        return tuple(item for item in self.new if item.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan from what the base says to what the head says. Never applicable; nothing on AWS was looked at.

    plan     only affected instances; its diagnostics are the new findings that are no instance's own
    findings everything new, the guardrails' included
    notices  what else the change asks for: a base to be brought up to date, state that was assumed
    """

    comparison: Comparison
    plan: Plan
    findings: NewFindings
    notices: tuple[Diagnostic, ...]
