"""How an apply ended, for people and as `molthub.dev/apply/v1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

from molthub.apply.types import InstanceResult, Outcome
from molthub.cli.exit_codes import ExitCode
from molthub.cli.views import diagnostics
from molthub.cli.views.text import columns, paint, plural, safe
from molthub.errors import Diagnostic

APPLY_FORMAT = "molthub.dev/apply/v1"
COLOURS = {Outcome.APPLIED: "green", Outcome.UNCHANGED: "dim", Outcome.WAITING: "yellow", Outcome.FAILED: "red"}


def exit_code(results: Sequence[InstanceResult]) -> ExitCode:
    """0 when everything is as it should be; a failure outweighs what was cut off, and that what only needs time."""
    outcomes = {result.outcome for result in results}
    if outcomes & {Outcome.FAILED, Outcome.BLOCKED, Outcome.HELD}:
        return ExitCode.FAILED
    if Outcome.CANCELLED in outcomes:
        return ExitCode.INTERRUPTED
    return ExitCode.TRY_AGAIN if Outcome.WAITING in outcomes else ExitCode.OK


def human(results: Sequence[InstanceResult], *, colour: bool, told: Set[Diagnostic] = frozenset()) -> str:
    """One line for each instance that something was to be done about, its diagnostics, and the sum.

    told  what the plan above says already: of that a Blocked one names only the references
    """
    shown = [result for result in results if result.outcome is not Outcome.UNCHANGED]
    lines = []
    for result, row in zip(shown, columns([(safe(item.name), item.outcome.value) for item in shown]), strict=True):
        rollout = f"; its rollout {result.rollout.value}" if result.rollout else ""
        writes = f" ({plural(result.writes, 'write')}{rollout})" if result.writes or rollout else ""
        known = [item for item in result.diagnostics if item in told] if result.outcome is Outcome.BLOCKED else []
        refs = ", ".join(dict.fromkeys(item.ref for item in known))
        why = f" ({refs}; see the plan above)" if refs else ""
        lines.append(paint(row, COLOURS.get(result.outcome, "yellow"), on=colour) + writes + why)
        news = [item for item in result.diagnostics if item not in known]
        lines += diagnostics.condensed(news, colour=colour, indent="  ")
        lines += [f"  stays: {safe(left)}" for left in result.stays]
    return "\n".join([*lines, *([""] if lines else []), summary(results)])


def summary(results: Sequence[InstanceResult]) -> str:
    """`Apply: 2 applied, 1 failed, 3 unchanged; 14 writes.`"""
    counts = Counter(result.outcome for result in results)
    said = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    return f"Apply: {said or 'nothing to do'}; {plural(sum(result.writes for result in results), 'write')}."


def data(results: Sequence[InstanceResult], *, commit: str) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": APPLY_FORMAT,
        "commit": commit,
        "ok": exit_code(results) is ExitCode.OK,
        "instances": [
            {
                "workspace": result.identity.workspace,
                "environment": result.identity.environment,
                "id": result.identity.id,
                "name": result.name,
                "outcome": result.outcome.value,
                "rollout": result.rollout.value if result.rollout else None,
                "writes": result.writes,
                "retryAfter": result.retry_after,
                "stays": list(result.stays),
                "diagnostics": [diagnostics.data(item) for item in result.diagnostics],
            }
            for result in results
        ],
    }
