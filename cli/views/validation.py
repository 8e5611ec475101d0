"""What `validate` found, for people and as `molthub.dev/validation/v1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural, safe
from molthub.errors import Diagnostic, Severity

VALIDATION_FORMAT = "molthub.dev/validation/v1"


@dataclass(frozen=True, slots=True)
class ComparedWith:
    """What a validation was narrowed to. known: findings that were there before, somewhere else."""

    ref: str
    commit: str
    known: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Validation:
    """files: manifests looked at, valid or not. cross_checked: references between documents were checked too.

    base  what it was compared with: files, instances and diagnostics are then the change's; None: it was not
    """

    files: int
    instances: int
    diagnostics: tuple[Diagnostic, ...]
    cross_checked: bool
    base: ComparedWith | None = None

    def count(self, severity: Severity) -> int:
        return sum(item.severity is severity for item in self.diagnostics)

    def ok(self, *, strict: bool) -> bool:
        """No error; under strict no warning either."""
        return not self.count(Severity.ERROR) and not (strict and self.count(Severity.WARNING))


def human(result: Validation, *, strict: bool, colour: bool) -> str:
    """The diagnostics, and one line that sums up."""
    found = diagnostics.human(result.diagnostics, colour=colour)
    lines = [*([found, ""] if found else []), summary(result, strict=strict, colour=colour)]
    if result.base is not None:
        lines += _known(result.base)
    if not result.cross_checked:
        lines.append("Skipped: checks across documents, which need a fleet repository (a molthub.yaml at its root).")
    return "\n".join(lines)


def summary(result: Validation, *, strict: bool, colour: bool) -> str:
    """`3 files, 2 instances, 1 error`."""
    errors, warnings = result.count(Severity.ERROR), result.count(Severity.WARNING)
    tint = "green" if result.ok(strict=strict) else "red"
    counts = [plural(result.files, "file"), plural(result.instances, "instance"), plural(errors, "error")]
    if warnings:
        counts.append(plural(warnings, "warning") + (" (--strict: they count)" if strict else ""))
    told = ", ".join(counts)
    return paint(f"Changed: {told}" if result.base is not None else told, tint, on=colour)


def _known(base: ComparedWith) -> list[str]:
    lines = [f"Compared with {safe(base.ref)} ({base.commit[:12]})"]
    if base.known:
        counts = [plural(sum(item.severity is one for item in base.known), one.value) for one in Severity]
        lines.append(f"There before, elsewhere: {', '.join(counts)}; `molthub validate` shows them all")
    return lines


def data(result: Validation, *, strict: bool) -> dict[str, Any]:
    """The same for machines."""
    return {
        **_data(result, strict=strict),
        **({"base": _base_data(result.base)} if result.base is not None else {}),
    }


def _base_data(base: ComparedWith) -> dict[str, Any]:
    known = {f"{one.value}s": sum(item.severity is one for item in base.known) for one in Severity}
    return {"ref": base.ref, "commit": base.commit, "known": known}


def _data(result: Validation, *, strict: bool) -> dict[str, Any]:
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
