"""The JSON of a plan, and the plan file read back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from molthub.errors import Diagnostic, Location, Severity, StallingError
from molthub.planning.planfile import PlanFile, only_planned, read_plan, stale_reasons
from molthub.planning.serialise import dump_plan, to_json
from molthub.planning.types import EnvironmentPlan, InstancePlan, Plan
from molthub.provider.protocols import WriteContext
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.resources.types import ResourceSet
from tests.fakes.provider import FakeProvider
from tests.fakes.resource_sets import COMMIT, KEY, bot, environment_plan, plan_with, resource_set

BOT = bot()
OTHER = bot("other")


def instance(
    identity: Identity = BOT, *, there: ResourceSet | None = None, desired: ResourceSet | None = None
) -> InstancePlan:
    cloud = FakeProvider(KEY)
    if there is not None:
        for change in plan_with(cloud, identity, there).changes:
            cloud.perform(change, WriteContext(identity, COMMIT))
    return plan_with(cloud, identity, desired or resource_set(identity))


def whole(*plans: InstancePlan, **more: Any) -> Plan:
    environments: tuple[EnvironmentPlan, ...] = (environment_plan(*plans),)
    return Plan(**{"fleet": "acme-bots", "commit": COMMIT, "environments": environments, **more})


def blocked(plan: InstancePlan) -> InstancePlan:
    why = Diagnostic("MH-IMG-001", "the tag is not pinned", location=Location("a.yaml", 3, 5), fix="Pin it")
    return dataclasses.replace(plan, verdict=Verdict.BLOCKED, reasons=(why,))


def test_the_documented_shape() -> None:
    renewed = instance(there=resource_set(BOT), desired=resource_set(BOT, environment={"TZ": "Europe/Berlin"}))
    data = to_json(whole(renewed), environments=[KEY], instances=["support-bot"])
    (environment,) = data.pop("environments")
    (item,) = environment.pop("instances")
    changes = item.pop("changes")
    assert data == {
        "format": "molthub.dev/plan/v1",
        "fleet": "acme-bots",
        "commit": COMMIT,
        "applicable": True,
        "errored": False,
        "hasChanges": True,
        "scope": {"environments": ["acme/prod"], "instances": ["support-bot"]},
        "summary": {"create": 0, "update": 2, "replace": 0, "delete": 0},
        "diagnostics": [],
    }
    limits = {"maxConcurrent": 5, "stopAfterFailures": 2}
    assert environment == {"workspace": "acme", "environment": "prod", **limits, "reasons": []}
    assert item == {
        "id": "support-bot",
        "name": "acme/prod/support-bot",
        "verdict": "OutOfSync",
        "mayApply": True,
        "fingerprint": renewed.fingerprint,
        "rolloutId": None,
        "reasons": [],
        "notices": [],
        "fallback": [],
        "resume": [],
        "withoutBackup": [],
    }
    assert changes[0].pop("attributes") == [
        {
            "path": "containers[gateway].environment[TZ]",
            "before": "UTC",
            "after": "Europe/Berlin",
            "forcesReplacement": False,
        }
    ]
    assert changes[0] == {
        "action": "update",
        "kind": "task-definition",
        "name": renewed.changes[0].name,
        "restarts": False,
        "force": False,
        "afterRollout": False,
        "unchanged": renewed.changes[0].unchanged,
    }


def test_diagnostics_have_their_place() -> None:
    late = Diagnostic("MH-MAN-009", "a label is odd", severity=Severity.WARNING, subject="acme/prod/x")
    data = to_json(whole(blocked(instance()), diagnostics=(late,)))
    assert data["diagnostics"] == [
        {
            "ref": "MH-MAN-009",
            "severity": "warning",
            "message": "a label is odd",
            "fix": "",
            "subject": "acme/prod/x",
            "path": None,
            "line": None,
            "column": None,
        }
    ]
    (reason,) = data["environments"][0]["instances"][0]["reasons"]
    assert (reason["path"], reason["line"], reason["column"], reason["fix"]) == ("a.yaml", 3, 5, "Pin it")


def test_the_same_plan_gives_the_same_bytes_in_ascii() -> None:
    one = instance(desired=resource_set(BOT, environment={"GREETING": "grüß dich \x1b[2J"}))
    text = dump_plan(whole(one))
    assert text == dump_plan(whole(instance(desired=resource_set(BOT, environment={"GREETING": "grüß dich \x1b[2J"}))))
    assert text.isascii()
    assert "\x1b" not in text
    assert text.endswith("}\n")


def test_literals_of_the_manifest_appear_and_secrets_only_by_name() -> None:
    text = dump_plan(whole(instance(desired=resource_set(BOT, environment={"GREETING": "hello there"}))))
    assert "hello there" in text
    assert "${secret:acme/prod/model}:anthropic::" in text


def test_it_is_read_back() -> None:
    ready, stopped = instance(), blocked(instance(OTHER))
    found = read_plan(dump_plan(whole(ready, stopped), environments=[KEY], instances=["support-bot"]))
    assert found == PlanFile(
        fleet="acme-bots",
        commit=COMMIT,
        environments=frozenset({EnvironmentKey("acme", "prod")}),
        instances=frozenset({"support-bot"}),
        fingerprints={BOT: ready.fingerprint},
    )
    assert stale_reasons(found, whole(instance(), stopped)) == ()


def written(**changes: Any) -> str:
    return json.dumps({**to_json(whole(instance())), **changes})


@pytest.mark.parametrize(
    ("text", "ref", "message"),
    [
        ("", "MH-PLAN-020", "the plan file cannot be read: it is not JSON"),
        ("[" * 100_000, "MH-PLAN-020", "the plan file cannot be read: it is not JSON"),
        ("[]", "MH-PLAN-020", "the plan file cannot be read: it is not an object"),
        (
            "{}",
            "MH-PLAN-021",
            "the plan file has the format 'None', this Molthub reads 'molthub.dev/plan/v1'",
        ),
        (
            written(format="molthub.dev/plan/v2"),
            "MH-PLAN-021",
            "the plan file has the format 'molthub.dev/plan/v2', this Molthub reads 'molthub.dev/plan/v1'",
        ),
        (
            written(commit=None),
            "MH-PLAN-023",
            "the plan file was made from a working tree, or says itself that it cannot be applied",
        ),
        (
            written(applicable=False),
            "MH-PLAN-023",
            "the plan file was made from a working tree, or says itself that it cannot be applied",
        ),
        (
            written(commit="--upload-pack=x"),
            "MH-PLAN-020",
            "the plan file cannot be read: commit is not a full commit hash",
        ),
        (written(fleet=3), "MH-PLAN-020", "the plan file cannot be read: fleet is missing or not a string"),
        (written(scope=[]), "MH-PLAN-020", "the plan file cannot be read: scope is missing or not an object"),
        (
            written(scope={"environments": ["prod"], "instances": []}),
            "MH-PLAN-020",
            "the plan file cannot be read: scope.environments holds something that is not WORKSPACE/ENVIRONMENT",
        ),
        (
            written(scope={"environments": [1], "instances": []}),
            "MH-PLAN-020",
            "the plan file cannot be read: environments is missing or not a list of strings",
        ),
        (
            written(environments=[1]),
            "MH-PLAN-020",
            "the plan file cannot be read: environments is missing or not a list of objects",
        ),
        (
            written(environments=[{"workspace": "a", "environment": "b", "instances": [{"mayApply": True}]}]),
            "MH-PLAN-020",
            "the plan file cannot be read: id is missing or not a string",
        ),
    ],
)
def test_a_file_that_is_no_plan_is_refused_by_name(text: str, ref: str, message: str) -> None:
    with pytest.raises(StallingError) as raised:
        read_plan(text)
    assert (raised.value.ref, raised.value.diagnostic.message) == (ref, message)
    assert raised.value.diagnostic.fix


def file_of(*plans: InstancePlan) -> PlanFile:
    return read_plan(dump_plan(whole(*plans)))


def messages(found: tuple[Diagnostic, ...]) -> list[str]:
    assert all(item.ref == "MH-PLAN-022" for item in found)
    return [item.message for item in found]


def test_another_change_to_the_same_instance_is_stale() -> None:
    now = instance(desired=resource_set(BOT, environment={"TZ": "Asia/Tokyo"}))
    assert messages(stale_reasons(file_of(instance()), whole(now))) == [
        "what would be done to acme/prod/support-bot is not what the plan file shows"
    ]


def test_an_unrelated_change_never_makes_it_stale_and_is_not_applied() -> None:
    plan_file = file_of(instance())
    now = whole(instance(), instance(OTHER))
    assert stale_reasons(plan_file, now) == ()
    assert [item.identity for item in only_planned(plan_file, now).instances] == [BOT]


def test_what_is_done_by_now_is_not_stale() -> None:
    plan_file = file_of(instance())
    assert stale_reasons(plan_file, whole(instance(there=resource_set(BOT)))) == ()
    assert stale_reasons(plan_file, whole()) == ()


def test_what_may_no_longer_be_is_stale_and_says_why() -> None:
    assert messages(stale_reasons(file_of(instance()), whole(blocked(instance())))) == [
        "acme/prod/support-bot is Blocked by now: the tag is not pinned"
    ]


def test_another_commit_or_fleet_is_stale() -> None:
    other = "f" * 40
    assert messages(stale_reasons(file_of(instance()), whole(instance(), commit=other))) == [
        f"the plan file is of acme-bots at {COMMIT}, not acme-bots at {other}"
    ]
