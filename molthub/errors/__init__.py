"""What can go wrong, as values: diagnostics with a stable reference, and errors told apart by their effect.

No input or output here, and no knowledge of who raises them. The page that `molthub explain MH-…` prints
for a reference lives in `pages/<area>.md`, a `## MH-AREA-NNN Title` section each; the page of a guardrail
lives beside its code in policies/.

A message never repeats the value of a secret, nor of anything that might be one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops its instance, a warning is only said."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file of the fleet repository; line and column count from 1, None where unknown."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong, as a person needs it: what, where, and how to mend it.

    ref      stable reference, `MH-AREA-NNN`; `molthub explain REF` prints its page
    message  what is wrong, one sentence, no full stop
    fix      what to do about it, one imperative sentence, or "" when the message says it
    subject  the instance (`workspace/environment/name`) it concerns, when known
    """

    ref: str
    message: str
    location: Location | None = None
    fix: str = ""
    severity: Severity = Severity.ERROR
    subject: str | None = None

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{where}{self.severity}: {self.ref} {self.message}{fix}"


class MolthubError(Exception):
    """A failure a person meets. Its subclasses say what it does to the work, so that nobody guesses from a message."""

    def __init__(self, ref: str, message: str, *, fix: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(ref=ref, message=message, fix=fix, location=location)

    @property
    def ref(self) -> str:
        return self.diagnostic.ref

    def __str__(self) -> str:
        return str(self.diagnostic)


class StallingError(MolthubError):
    """Trying again changes nothing until a person does something: bad input, denied, wrong account."""


class TransientError(MolthubError):
    """The surroundings failed: throttled, unreachable, a server error. Back off and try again."""


class WaitingError(MolthubError):
    """Not an error yet: something needs time. Come back after `after` seconds."""

    def __init__(self, ref: str, message: str, *, after: float, fix: str = "") -> None:
        super().__init__(ref, message, fix=fix)
        self.after = after


class InvalidInputError(StallingError):
    """What somebody wrote cannot be used; carries every diagnostic found, not just the first."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        first = diagnostics[0]
        super().__init__(first.ref, first.message, fix=first.fix, location=first.location)
        self.diagnostics = diagnostics


@dataclass(slots=True)
class Findings:
    """Collects diagnostics on the way; never stops at the first."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        self.items.append(diagnostic)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(item for item in self.items if item.severity is Severity.ERROR)
