"""Runs checks in their order. Whatever goes wrong in one is its own finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from molthub.errors import MolthubError

BUG = "MH-DOC-001"


class State(StrEnum):
    """How a check ended."""

    OK = "OK"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. fix: the next step, of one that failed or was skipped; ref: its page."""

    state: State
    message: str
    fix: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. subject: the environment it is of, "" for this machine; needs: checks of the same subject."""

    name: str
    run: Callable[[], Finding]
    subject: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A check's finding, with its name."""

    name: str
    subject: str
    finding: Finding


def ok(message: str) -> Finding:
    return Finding(State.OK, message)


def fail(ref: str, message: str, fix: str) -> Finding:
    return Finding(State.FAIL, message, fix, ref)


def skip(message: str, fix: str = "") -> Finding:
    return Finding(State.SKIP, message, fix)


def run_checks(checks: Iterable[Check], report: Callable[[Result], None]) -> tuple[Result, ...]:
    """Every check's result, in order; `report` hears each as soon as it is known."""
    results: list[Result] = []
    bad: dict[tuple[str, str], State] = {}
    for check in checks:
        missing = [name for name in check.needs if (check.subject, name) in bad]
        result = Result(check.name, check.subject, _skipped(missing) if missing else _found(check))
        if result.finding.state is not State.OK:
            bad[check.subject, check.name] = result.finding.state
        results.append(result)
        report(result)
    return tuple(results)


def _skipped(missing: list[str]) -> Finding:
    return skip(f"needs {' and '.join(missing)}, which did not pass")


def _found(check: Check) -> Finding:
    try:
        return check.run()
    except MolthubError as error:
        return fail(error.ref, error.diagnostic.message, error.diagnostic.fix)
    except Exception as error:  # noqa: BLE001 - a bug in one check hides no other; its text may hold anything
        message = f"the check met a bug in Molthub ({type(error).__name__})"
        return fail(BUG, message, "Report it; the other checks are not touched by it")
