"""What `validate` found, for people and as `molthub.dev/validation/v1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural
from molthub.errors import Diagnostic, Severity

VALIDATION_FORMAT = "molthub.dev/validation/v1"


@dataclass(frozen=True, slots=True)
class Validation:
    """files: manifests looked at, valid or not. cross_checked: references between documents were checked too."""

    files: int
    instances: int
    diagnostics: tuple[Diagnostic, ...]
    cross_checked: bool

    def count(self, severity: Severity) -> int:
        return sum(item.severity is severity for item in self.diagnostics)

    def ok(self, *, strict: bool) -> bool:
        """No error; under strict no warning either."""
        return not self.count(Severity.ERROR) and not (strict and self.count(Severity.WARNING))


def human(result: Validation, *, strict: bool, colour: bool) -> str:
    """The diagnostics, and one line that sums up."""
    found = diagnostics.human(result.diagnostics, colour=colour)
    errors, warnings = result.count(Severity.ERROR), result.count(Severity.WARNING)
    tint = "green" if result.ok(strict=strict) else "red"
    counts = [plural(result.files, "file"), plural(result.instances, "instance"), plural(errors, "error")]
    if warnings:
        counts.append(plural(warnings, "warning") + (" (--strict: they count)" if strict else ""))
    lines = [*([found, ""] if found else []), paint(", ".join(counts), tint, on=colour)]
    if not result.cross_checked:
        lines.append("Skipped: checks across documents, which need a fleet repository (a molthub.yaml at its root).")
    return "\n".join(lines)


def data(result: Validation, *, strict: bool) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": VALIDATION_FORMAT,
        "ok": result.ok(strict=strict),
        "strict": strict,
        "crossDocument": "checked" if result.cross_checked else "skipped",
        "summary": {
            "files": result.files,
            "instances": result.instances,
            "errors": result.count(Severity.ERROR),
            "warnings": result.count(Severity.WARNING),
        },
        "diagnostics": [diagnostics.data(item) for item in result.diagnostics],
    }
