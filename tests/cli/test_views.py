"""What people see: escaped, short, and painted only where colours are wanted."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest

from molthub.cli.progress import line, progress
from molthub.cli.terminal import Terminal, terminal
from molthub.cli.views import diagnostics
from molthub.cli.views import plan as plan_view
from molthub.cli.views.status import age
from molthub.cli.views.text import columns, paint, safe
from molthub.cli.views.values import differences, show
from molthub.errors import Diagnostic, Location, Severity
from molthub.events.types import Event, EventType
from molthub.planning.types import Action, AttributeChange, Change, EnvironmentPlan, InstancePlan, Plan
from molthub.resources.identity import EnvironmentKey
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.fakes.clock import START
from tests.fakes.fleet import identity

HOSTILE = "a\x1b[2Jb\nc\u202ed\u2066e\u200bf\x9bg\u2028h"


def test_nothing_a_terminal_obeys_is_left() -> None:
    assert safe(HOSTILE) == r"a\e[2Jb\nc\u202ed\u2066e\u200bf\x9bg\u2028h"
    assert safe("Grüße, 東京 ✓") == "Grüße, 東京 ✓"
    assert safe("\U000e0041") == r"\U000e0041"


def plan_with(*changes: Change, verdict: Verdict = Verdict.OUT_OF_SYNC, **more: object) -> Plan:
    instance = InstancePlan(identity(), "acme/prod/support-bot", verdict, tuple(changes), **more)  # type: ignore[arg-type]
    return Plan("acme-bots", "a" * 40, (EnvironmentPlan(EnvironmentKey("acme", "prod"), (instance,)),))


def change(action: Action, *attributes: AttributeChange, **more: object) -> Change:
    return Change(action, Kind.SERVICE, "bot", None, None, attributes, **more)  # type: ignore[arg-type]


def test_a_hostile_manifest_cannot_drive_the_terminal() -> None:
    plan = plan_with(
        change(Action.UPDATE, AttributeChange(f"env[{HOSTILE}]", HOSTILE, HOSTILE + "!")),
        notices=(Diagnostic("MH-IMG-001", HOSTILE, Location(HOSTILE, 1, 1), HOSTILE, Severity.WARNING),),
    )
    shown = plan_view.human(plan, colour=False)
    assert not any(char in shown for char in "\x1b\u202e\u2066\u200b\x9b\u2028")
    assert len(shown.splitlines()) == 9


def test_the_symbols_are_terraforms() -> None:
    plan = plan_with(
        change(Action.CREATE, AttributeChange("desired_count", None, 1), AttributeChange("name", None, "bot")),
        change(Action.UPDATE, AttributeChange("desired_count", 0, 1), unchanged=27, restarts=True),
        change(Action.REPLACE, AttributeChange("cluster", "a", "b", forces_replacement=True), unchanged=1),
        change(Action.DELETE, AttributeChange("desired_count", 1, None)),
    )
    assert plan_view.human(plan, colour=False).splitlines() == [
        "# instance acme/prod/support-bot",
        "  + service bot will be created",
        "      + desired_count: 1",
        "        # (1 more attribute hidden; --full shows them)",
        "  ~ service bot will be updated in-place  # restarts the Moltbot",
        "      ~ desired_count: 0 -> 1",
        "        # (27 unchanged attributes hidden)",
        "-/+ service bot must be replaced",
        '      ~ cluster: "a" -> "b"  # forces replacement',
        "        # (1 unchanged attribute hidden)",
        "  - service bot will be deleted",
        "",
        "Plan: 1 to create, 1 to update, 1 to replace, 1 to delete.",
        "1 instance: 1 OutOfSync.",
    ]


def test_what_is_done_after_the_rollout_says_so() -> None:
    shown = plan_view.human(plan_with(change(Action.UPDATE, after_rollout=True)), colour=False)
    assert "  ~ service bot will be updated in-place  # after the rollout" in shown


def test_the_colour_comes_from_the_action() -> None:
    shown = plan_view.human(plan_with(change(Action.DELETE)), colour=True)
    assert "\x1b[31m  -\x1b[0m service bot will be deleted" in shown


def test_reasons_waivers_and_what_waits() -> None:
    blocked = plan_with(
        change(Action.UPDATE, AttributeChange("desired_count", 0, 1)),
        verdict=Verdict.BLOCKED,
        reasons=(Diagnostic("MH-IMG-001", "not pinned", fix="Pin it"),),
        notices=(Diagnostic("MH-POL-001", "waived until 2027-01-31", severity=Severity.WARNING),),
    )
    assert plan_view.human(blocked, colour=False).splitlines() == [
        "warning: MH-POL-001 waived until 2027-01-31",
        "",
        "# instance acme/prod/support-bot is Blocked",
        "  error: MH-IMG-001 not pinned",
        "      fix: Pin it",
        "  # not applied while it is so:",
        "  ~ service bot will be updated in-place",
        "",
        "Nothing can be applied.",
        "1 instance: 1 Blocked.",
    ]
    waiting = plan_with(verdict=Verdict.OUT_OF_SYNC, rollout_id="ecs-svc/1")
    assert "  # waits for the rollout ecs-svc/1" in plan_view.human(waiting, colour=False)
    assert plan_view.human(Plan("acme-bots", "a" * 40, ()), colour=False).splitlines()[-1] == "There is no instance."


def test_one_trouble_is_not_told_fourteen_times() -> None:
    many = [Diagnostic("MH-PLAN-001", f"could not read {kind}") for kind in "abcde"] * 2
    assert diagnostics.condensed(many, colour=False) == [
        "error: MH-PLAN-001 could not read a",
        "error: MH-PLAN-001 could not read b",
        "error: MH-PLAN-001 could not read c",
        "… and 2 more of MH-PLAN-001",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "(unset)"),
        (True, "true"),
        (0, "0"),
        ((), "[]"),
        ("", '""'),
        ('say "hi"', '"say \\"hi\\""'),
        ("x" * 100, f'"{"x" * 40}…" (100 characters, sha256 {"09ecb6eb"})'),
    ],
)
def test_values(value: object, shown: str) -> None:
    if isinstance(value, str) and len(value) == 100:
        assert show(value).startswith(shown[:42])
        assert show(value) != show("x" * 99 + "y")
    else:
        assert show(value) == shown


def test_documents_within_documents_are_taken_apart() -> None:
    before = json.dumps({"config": json.dumps({"a": {"b": 1, "c": 2}}), "uid": 1000})
    after = json.dumps({"config": json.dumps({"a": {"b": 1, "c": 3}}), "uid": 1000})
    assert differences("INIT", before, after) == [("INIT.config.a.c", 2, 3)]


def test_lists_of_texts_are_shown_as_what_came_and_went() -> None:
    before, after = ('{"Action":["a","b"]}', '{"Action":["b","c"]}')
    assert differences("p", before, after) == [("p.Action", "a", None), ("p.Action", None, "c")]


def test_what_is_no_document_is_shown_whole() -> None:
    assert differences("p", "old", '{"a":1}') == [("p", "old", '{"a":1}')]
    assert differences("p", 1, 2) == [("p", 1, 2)]


def test_columns_count_cells() -> None:
    assert columns([("東京", "x"), ("abcd", "y")]) == ["東京  x", "abcd  y"]
    assert columns([]) == []


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59, "59s"), (60, "1m"), (3600, "1h"), (90000, "1d"), (-5, "0s")]
)
def test_age(seconds: int, shown: str) -> None:
    assert age(START, START + timedelta(seconds=seconds)) == shown
    assert age(None, START) == "-"


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Tty())
    monkeypatch.setattr("sys.stderr", Tty())
    assert terminal(environ={}).colour_out
    assert not terminal(environ={"NO_COLOR": "1"}).colour_out
    assert terminal(environ={"NO_COLOR": ""}).colour_err
    assert not terminal(environ={"TERM": "dumb"}).colour_err
    assert not terminal(environ={}, no_color=True).colour_out
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert not terminal(environ={}).colour_out
    assert paint("x", "red", on=True) == "\x1b[31mx\x1b[0m"
    assert paint("x", "unknown", on=True) == paint("x", "red", on=False) == "x"


EVENT = Event(START, identity(), EventType.CHANGE_FAILED, f"boom {HOSTILE}", "ana", ref="MH-AWS-004")


def test_progress_lines() -> None:
    assert line(EVENT, {identity(): "acme/prod/support-bot"}, colour=False) == (
        f"acme/prod/support-bot: change-failed: boom {safe(HOSTILE)} (MH-AWS-004)"
    )


@pytest.mark.parametrize("interactive", [False, True])
def test_progress_goes_to_stderr(interactive: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    term = Terminal(out, err, colour_out=False, colour_err=False, interactive=interactive)
    with progress(term, {identity(): "acme/prod/support-bot"}) as report:
        report(EVENT)
        report(Event(START, identity(), EventType.BLOCKED, "the plan said it", "ana", ref="MH-IMG-001"))
    assert "MH-IMG-001" not in err.getvalue()
    assert out.getvalue() == ""
    assert err.getvalue().count("change-failed") == 1
    assert "\x1b[2J" not in err.getvalue()
