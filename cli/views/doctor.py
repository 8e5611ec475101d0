"""What the doctor found, for people and as `molthub.dev/doctor/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molthub.cli.views.text import paint, safe
from molthub.pipeline.doctor.running import Result, State

DOCTOR_FORMAT = "molthub.dev/doctor/v1"
COLOURS = {State.OK: "green", State.FAIL: "red", State.SKIP: "yellow"}
WIDTH = 12


def human(results: Sequence[Result], *, colour: bool) -> str:
    """A line for each check under its environment, the next step below, and the sum."""
    lines: list[str] = []
    subject: str | None = None
    for result in results:
        if result.subject != subject:
            subject = result.subject
            lines += ["", safe(subject)] if subject else ["This machine"]
        finding = result.finding
        mark = paint(f"{finding.state:<4}", COLOURS[finding.state], on=colour)
        ref = f"{finding.ref} " if finding.ref else ""
        lines.append(f"  {mark}  {result.name:<{WIDTH}}  {ref}{safe(finding.message)}")
        if finding.fix:
            lines.append(f"{' ' * (WIDTH + 10)}fix: {safe(finding.fix)}")
    return "\n".join([*lines, "", summary(results)])


def summary(results: Sequence[Result]) -> str:
    counts = [(state, sum(result.finding.state is state for result in results)) for state in State]
    return f"Doctor: {', '.join(f'{count} {state}' for state, count in counts if count)}."


def data(results: Sequence[Result]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": DOCTOR_FORMAT,
        "ok": not any(result.finding.state is State.FAIL for result in results),
        "checks": [
            {
                "environment": result.subject or None,
                "name": result.name,
                "state": result.finding.state.value,
                "message": result.finding.message,
                "fix": result.finding.fix,
                "ref": result.finding.ref,
            }
            for result in results
        ],
    }
