"""Diagnostics: `file:line:column: error: REF message`, and below it what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from molthub.cli.views.text import paint, safe
from molthub.errors import Diagnostic, Severity

REPEATED = 3
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def lines(diagnostic: Diagnostic, *, colour: bool, indent: str = "") -> list[str]:
    """One diagnostic for people: the place first, so that editors and terminals can jump to it."""
    where = f"{safe(str(diagnostic.location))}: " if diagnostic.location else ""
    if not where and diagnostic.subject:
        where = f"{safe(diagnostic.subject)}: "
    mark = paint(f"{diagnostic.severity}:", COLOURS[diagnostic.severity], on=colour)
    found = [f"{indent}{where}{mark} {diagnostic.ref} {safe(diagnostic.message)}"]
    if diagnostic.fix:
        found.append(f"{indent}    {paint('fix:', 'cyan', on=colour)} {safe(diagnostic.fix)}")
    return found


def condensed(diagnostics: Iterable[Diagnostic], *, colour: bool, indent: str = "") -> list[str]:
    """Several about one thing: none twice, and of one reference at most REPEATED, for a lost account is one trouble."""
    shown: list[str] = []
    counts: Counter[str] = Counter()
    for item in dict.fromkeys(diagnostics):
        counts[item.ref] += 1
        if counts[item.ref] <= REPEATED:
            shown += lines(item, colour=colour, indent=indent)
    more = [f"{indent}… and {count - REPEATED} more of {ref}" for ref, count in counts.items() if count > REPEATED]
    return shown + more


def human(diagnostics: Iterable[Diagnostic], *, colour: bool) -> str:
    """Several, in the order given."""
    return "\n".join(line for item in diagnostics for line in lines(item, colour=colour))


def data(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic for machines; the shape is documented in docs/reference/json.md."""
    location = diagnostic.location
    return {
        "ref": diagnostic.ref,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "fix": diagnostic.fix,
        "path": location.path if location else None,
        "line": location.line if location else None,
        "column": location.column if location else None,
        "subject": diagnostic.subject,
    }
