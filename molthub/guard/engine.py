"""Runs every rule over one instance, applies its waivers, and never stops at the first finding.

Pure: today's date comes in. A rule that raises is a bug and is not caught here.

A waiver (`spec.policies.waivers`) names a rule, a reason and the last day it holds, in UTC. While it lives, the
rule's waivable errors become warnings that shout rule, day and reason. A waiver never disappears quietly:

    expired                                MH-POL-001  error, and the finding stays an error as well
    for a rule nobody knows                MH-POL-002  error
    for a rule that cannot be waived       MH-POL-003  error
    live, but there is nothing to waive    MH-POL-004  warning
    live for more than a year from today   MH-POL-005  warning
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from molthub.errors import Diagnostic, Severity
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.manifest.models import Waiver
from molthub.resources.types import ResourceSet

LONGEST_WAIVER = timedelta(days=366)
"""A waiver that outlives this is worth a word: nobody will remember why."""

Path = tuple[str | int, ...]


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
    """A rule's complaint. path: keys and indexes from the document's root, for its place in the file.

    waivable  False for a complaint that no waiver covers, though the rule's others may be waived
    """

    message: str
    path: Path
    fix: str = ""
    severity: Severity = Severity.ERROR
    waivable: bool = True


class GuardRule(Protocol):
    """One guardrail.

    ref       `MH-TOPIC-NNN`, for ever
    title     one line, as its page has it
    waivable  whether a waiver may name it at all
    """

    @property
    def ref(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def waivable(self) -> bool: ...

    def check(self, subject: Subject) -> Iterable[Finding]: ...


@dataclass(frozen=True, slots=True)
class Verdicts:
    """errors stop the instance; notices (warnings and live waivers) are shouted in every plan.
    An expired waiver is among the errors: it blocks writes and never stops a running task.
    """

    errors: tuple[Diagnostic, ...]
    notices: tuple[Diagnostic, ...]


def run(rules: Sequence[GuardRule], subject: Subject, *, today: date) -> Verdicts:
    """Every rule's findings on one instance, its waivers applied; `today` is the date in UTC."""
    found = [(rule, finding) for rule in rules for finding in rule.check(subject)]
    waivers = subject.instance.model.spec.policies.waivers
    live = {waiver.rule: (index, waiver) for index, waiver in enumerate(waivers) if waiver.until >= today}
    complained = frozenset(finding.path for _, finding in found)
    used: set[int] = set()
    diagnostics: list[Diagnostic] = []
    for rule, finding in found:
        index, waiver = live.get(rule.ref, (-1, None))
        if waiver is not None and _covers(rule, finding):
            used.add(index)
            diagnostics.append(_waived(rule, finding, subject, _reason(index, waiver, complained)))
        else:
            diagnostics.append(_diagnostic(subject, rule.ref, finding))
    known = {rule.ref: rule for rule in rules}
    for index, waiver in enumerate(waivers):
        complaint = _judge_waiver(index, waiver, known.get(waiver.rule), today=today, used=index in used)
        if complaint:
            diagnostics.append(_diagnostic(subject, *complaint))
    return _split(diagnostics)


def _split(diagnostics: list[Diagnostic]) -> Verdicts:
    errors = tuple(item for item in diagnostics if item.severity is Severity.ERROR)
    return Verdicts(errors=errors, notices=tuple(item for item in diagnostics if item.severity is not Severity.ERROR))


def _covers(rule: GuardRule, finding: Finding) -> bool:
    return rule.waivable and finding.waivable and finding.severity is Severity.ERROR


def _reason(index: int, waiver: Waiver, complained: frozenset[Path]) -> str:
    """When, and why; a reason that some rule complains about may hold a secret and is not repeated."""
    hidden = ("spec", "policies", "waivers", index, "reason") in complained
    return f"until {waiver.until}: {'(reason not shown)' if hidden else waiver.reason}"


def _waived(rule: GuardRule, finding: Finding, subject: Subject, why: str) -> Diagnostic:
    return Diagnostic(
        ref=rule.ref,
        message=f"WAIVED {why} [{rule.ref}: {finding.message}]",
        location=subject.instance.locate(finding.path),
        fix=finding.fix,
        severity=Severity.WARNING,
        subject=subject.instance.display_name,
    )


def _diagnostic(subject: Subject, ref: str, finding: Finding) -> Diagnostic:
    return Diagnostic(
        ref=ref,
        message=finding.message,
        location=subject.instance.locate(finding.path),
        fix=finding.fix,
        severity=finding.severity,
        subject=subject.instance.display_name,
    )


def _judge_waiver(
    index: int, waiver: Waiver, rule: GuardRule | None, *, today: date, used: bool
) -> tuple[str, Finding] | None:
    """What is wrong with a waiver itself: the reference and the words."""
    path: Path = ("spec", "policies", "waivers", index)
    named, until = (*path, "rule"), (*path, "until")
    if rule is None:
        fix = "Correct the reference, or remove the waiver"
        return "MH-POL-002", Finding(f"the waiver names {waiver.rule}, which is no rule", named, fix)
    if not rule.waivable:
        return "MH-POL-003", Finding(f"{waiver.rule} cannot be waived", named, "Mend what it finds instead")
    if waiver.until < today:
        fix = "Mend what it covered and remove the waiver, or set a later day deliberately"
        return "MH-POL-001", Finding(f"the waiver of {waiver.rule} ended on {waiver.until}", until, fix)
    if not used:
        message = f"the waiver of {waiver.rule} waives nothing"
        return "MH-POL-004", Finding(message, named, "Remove it", Severity.WARNING)
    if waiver.until - today > LONGEST_WAIVER:
        message = f"the waiver of {waiver.rule} holds until {waiver.until}, more than a year from now"
        return "MH-POL-005", Finding(message, until, "Choose a nearer day", Severity.WARNING)
    return None
