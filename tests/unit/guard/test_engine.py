"""The engine: findings become located diagnostics, and a waiver never disappears quietly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from molthub.errors import Diagnostic, Severity
from molthub.guard.engine import Finding, Subject, Verdicts, run
from tests.builders import loaded_instance

TODAY = date(2026, 11, 23)
IMAGE = ("spec", "runtime", "image")


@dataclass(frozen=True, slots=True)
class Complaining:
    """A rule that always has the same findings."""

    found: tuple[Finding, ...]
    ref: str = "MH-IMG-900"
    title: str = "a test"
    waivable: bool = True

    def check(self, subject: Subject) -> Iterator[Finding]:  # noqa: ARG002 - the protocol's signature
        yield from self.found


BAD = Finding("the image is bad", IMAGE, "Take a good one")
BAD_FOR_EVER = Finding("the image is awful", IMAGE, "Take a good one", waivable=False)
DUBIOUS = Finding("the image is dubious", IMAGE, severity=Severity.WARNING)


def waiver(until: str, rule: str = "MH-IMG-900", reason: str = "tested by hand last week") -> dict[str, Any]:
    return {"rule": rule, "reason": reason, "until": until}


def verdicts(*rules: Complaining, waivers: list[dict[str, Any]] | None = None) -> Verdicts:
    instance = loaded_instance(spec={"policies": {"waivers": waivers or []}})
    return run(rules, Subject(instance, None, None), today=TODAY)


def said(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    return [(item.ref, item.message) for item in diagnostics]


def test_a_finding_becomes_a_diagnostic_at_its_place() -> None:
    found = verdicts(Complaining((BAD,)))
    (error,) = found.errors
    assert str(error) == (
        "instances/acme/prod/support-bot.yaml:9:12: error: MH-IMG-900 the image is bad (Take a good one)"
    )
    assert error.subject == "acme/prod/support-bot"
    assert found.notices == ()


def test_every_rule_is_run_and_every_finding_kept() -> None:
    found = verdicts(Complaining((BAD, DUBIOUS)), Complaining((BAD_FOR_EVER,), ref="MH-IMG-901"))
    assert said(found.errors) == [("MH-IMG-900", "the image is bad"), ("MH-IMG-901", "the image is awful")]
    assert said(found.notices) == [("MH-IMG-900", "the image is dubious")]


def test_no_finding_no_verdict() -> None:
    assert verdicts(Complaining(())) == Verdicts((), ())


@pytest.mark.parametrize("until", ["2026-11-23", "2027-01-31"])
def test_a_live_waiver_shouts_instead_of_stopping(until: str) -> None:
    found = verdicts(Complaining((BAD,)), waivers=[waiver(until)])
    assert found.errors == ()
    (notice,) = found.notices
    assert notice.severity is Severity.WARNING
    assert notice.ref == "MH-IMG-900"
    assert notice.message == f"WAIVED until {until}: tested by hand last week [MH-IMG-900: the image is bad]"
    assert notice.location is not None
    assert notice.location.line == 9


def test_an_expired_waiver_is_an_error_and_so_is_what_it_covered() -> None:
    found = verdicts(Complaining((BAD,)), waivers=[waiver("2026-11-22")])
    assert said(found.errors) == [
        ("MH-IMG-900", "the image is bad"),
        ("MH-POL-001", "the waiver of MH-IMG-900 ended on 2026-11-22"),
    ]
    assert found.notices == ()


def test_an_expired_waiver_is_an_error_though_there_is_nothing_to_waive() -> None:
    found = verdicts(Complaining(()), waivers=[waiver("2026-11-22")])
    assert said(found.errors) == [("MH-POL-001", "the waiver of MH-IMG-900 ended on 2026-11-22")]


def test_a_waiver_of_an_unknown_rule_is_an_error() -> None:
    found = verdicts(Complaining(()), waivers=[waiver("2027-01-31", rule="MH-IMG-999")])
    assert said(found.errors) == [("MH-POL-002", "the waiver names MH-IMG-999, which is no rule")]


def test_a_waiver_of_a_rule_that_has_none_is_an_error_even_when_the_rule_is_content() -> None:
    strict = Complaining((), waivable=False)
    assert said(verdicts(strict, waivers=[waiver("2027-01-31")]).errors) == [
        ("MH-POL-003", "MH-IMG-900 cannot be waived")
    ]


def test_a_rule_that_cannot_be_waived_is_not_waived() -> None:
    found = verdicts(Complaining((BAD,), waivable=False), waivers=[waiver("2027-01-31")])
    assert said(found.errors)[0] == ("MH-IMG-900", "the image is bad")


def test_a_waiver_covers_only_the_findings_that_may_be_waived() -> None:
    found = verdicts(Complaining((BAD_FOR_EVER, BAD)), waivers=[waiver("2027-01-31")])
    assert said(found.errors) == [("MH-IMG-900", "the image is awful")]
    assert [item.message for item in found.notices] == [
        "WAIVED until 2027-01-31: tested by hand last week [MH-IMG-900: the image is bad]"
    ]


@pytest.mark.parametrize("found_anyway", [(), (DUBIOUS,), (BAD_FOR_EVER,)])
def test_a_waiver_that_waives_nothing_is_a_warning(found_anyway: tuple[Finding, ...]) -> None:
    found = verdicts(Complaining(found_anyway), waivers=[waiver("2027-01-31")])
    assert ("MH-POL-004", "the waiver of MH-IMG-900 waives nothing") in said(found.notices)


def test_a_warning_stays_a_warning_under_a_waiver() -> None:
    found = verdicts(Complaining((DUBIOUS,)), waivers=[waiver("2027-01-31")])
    assert said(found.notices)[0] == ("MH-IMG-900", "the image is dubious")


@pytest.mark.parametrize(("until", "is_far"), [("2027-11-24", False), ("2027-11-25", True)])
def test_a_waiver_for_more_than_a_year_is_a_warning(until: str, is_far: bool) -> None:
    found = verdicts(Complaining((BAD,)), waivers=[waiver(until)])
    far = f"the waiver of MH-IMG-900 holds until {until}, more than a year from now"
    assert (("MH-POL-005", far) in said(found.notices)) is is_far
    assert found.errors == ()


def test_the_waivers_own_complaint_points_at_the_waiver() -> None:
    found = verdicts(Complaining(()), waivers=[waiver("2026-11-22")])
    location = found.errors[0].location
    assert location is not None
    assert location.line is not None
    assert location.line > 20


def test_a_reason_that_a_rule_complains_about_is_not_repeated() -> None:
    about_reason = Finding("the reason holds a token", ("spec", "policies", "waivers", 0, "reason"), waivable=False)
    rules = (Complaining((BAD,)), Complaining((about_reason,), ref="MH-SEC-900"))
    found = verdicts(*rules, waivers=[waiver("2027-01-31", reason="the token is hunter2hunter2")])
    assert "hunter2" not in "".join(map(str, (*found.errors, *found.notices)))
    assert found.notices[0].message == "WAIVED until 2027-01-31: (reason not shown) [MH-IMG-900: the image is bad]"


def test_every_reference_of_the_engine_has_its_section() -> None:
    code = files("molthub.guard").joinpath("engine.py").read_text(encoding="utf-8")
    pages = files("molthub.errors").joinpath("pages", "pol.md").read_text(encoding="utf-8")
    references = set(re.findall(r'"(MH-POL-[0-9]{3})"', code))
    assert references == set(re.findall(r"^## (MH-POL-[0-9]{3}) \w", pages, re.MULTILINE))
    assert len(references) == 5
