"""Deleting to the end: in order, as patient as AWS needs, in nobody's way, and nothing left but what is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.cli.views import plan as plan_view
from molthub.events.types import EventType
from molthub.resources.identity import Identity, names_of
from tests.fakes.rich_fleet import STATEMENTS, bot
from tests.fakes.stage import AWS, LINKED, Session, Stage, furnished

GOING = bot("going", taskRole={"statements": STATEMENTS})
NEWER = bot("going", taskRole={"statements": STATEMENTS}, runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.7"})
STAYING, CHANGED = bot("staying"), bot("staying", labels={"team": "support"})
NAMES = names_of(Identity("acme-bots", "acme", "prod", "going"))
TWENTY_MINUTES = 1200.0
"""For so long AWS may hold a security group after the last task."""


@pytest.fixture(scope="module")
def furnished_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=0.001) as made:
        yield made


@pytest.fixture
def stage(furnished_stage: Stage) -> Stage:
    """Two Moltbots, one of them upgraded once."""
    stage = furnished_stage
    stage.control.reset()
    stage.control.seed(environments=[AWS], secrets=LINKED)
    hold_interfaces(stage, 90.0)
    for fleet in ([GOING, STAYING], [NEWER, STAYING]):
        stage.commit(*fleet)
        assert {item.outcome for item in stage.session().apply().values()} <= {Outcome.APPLIED, Outcome.UNCHANGED}
    return stage


def hold_interfaces(stage: Stage, seconds: float) -> None:
    """How long a stopped task's network interface holds its security group."""
    engine = stage.simulator._world.ecs.engine
    engine.timings = replace(engine.timings, interface=seconds)


def left_of_it(stage: Stage) -> dict[str, Any]:
    """Everything in the account that names the instance: kind → name → what is there."""
    (account,) = stage.control.inventory().values()
    place = account[AWS["region"]]
    kinds = {"roles": account["roles"], **place}
    return {
        kind: {name: item for name, item in found.items() if "going" in name}
        for kind, found in kinds.items()
        if any("going" in name for name in found)
    }


def test_nothing_is_left_but_what_is_named(stage: Stage) -> None:
    hold_interfaces(stage, TWENTY_MINUTES)
    assert left_of_it(stage).keys() == {
        *("roles", "services", "taskDefinitions", "securityGroups", "logGroups", "secrets")
    }
    stage.commit(CHANGED)
    session = stage.session()
    planned = session.plan()
    shown = plan_view.human(planned.plan, colour=False)
    assert f"secret {NAMES.gateway_secret} will be deleted  # can be restored for 30 days" in shown
    assert f"task-definition {NAMES.family} will be deleted  # its revisions stay, inactive" in shown
    result = session.carry_out(planned)["going"]
    assert result.outcome is Outcome.APPLIED
    said_on_the_way(session)
    left = left_of_it(stage)
    assert left.keys() == {"taskDefinitions", "secrets"}
    assert [item["status"] for item in left["taskDefinitions"][NAMES.family]] == ["INACTIVE", "INACTIVE"]
    assert left["secrets"].keys() == {NAMES.gateway_secret}
    assert left["secrets"][NAMES.gateway_secret]["deleted"]
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    assert result.stays == (
        f"the task definition {NAMES.family}, its revisions inactive",
        f"the secret {NAMES.gateway_secret}, which can be restored until {until}",
    )
    assert session.plan().plan.has_changes is False


def said_on_the_way(session: Session) -> None:
    going = [event for event in session.events if event.identity.id == "going"]
    waits = [event.message for event in going if event.type is EventType.CHANGE_WAITING]
    assert waits == [
        f"The service {NAMES.service} is still draining",
        f"The security group {NAMES.security_group} is still held by a network interface",
    ]
    order = [event.resource.partition("/")[0] for event in going if event.type is EventType.CHANGE_STARTED]
    assert order == [
        *("service", "task-definition", "execution-role", "task-role", "security-group", "secret", "log-group")
    ]
    (pruned,) = [event.message for event in going if event.type is EventType.PRUNED]
    assert pruned.startswith("acme/prod/going is deleted; what stays: the task definition ")
    ended = [event.identity.id for event in session.events if event.type in (EventType.SYNCED, EventType.PRUNED)]
    assert ended == ["staying", "going"], "the other one did not wait for it"


def test_it_waits_without_holding_anybody_up_and_goes_on_in_a_new_process(stage: Stage) -> None:
    """As the controller does it: nobody waits inside; each pass goes on from what is there."""
    stage.commit(CHANGED)
    first = stage.session()
    results = first.apply(patience=0)
    assert (results["staying"].outcome, results["going"].outcome) == (Outcome.APPLIED, Outcome.WAITING)
    assert results["going"].retry_after is not None
    passes = until_gone(stage)
    assert passes >= 4
    assert left_of_it(stage).keys() == {"taskDefinitions", "secrets"}


def until_gone(stage: Stage) -> int:
    """Passes of a fresh process, each when the one before asked for it; their number."""
    session = stage.session()
    for number in range(1, 200):
        result = session.apply(patience=0).get("going")
        if result is None or result.outcome is not Outcome.WAITING:
            assert result is not None
            assert result.outcome is Outcome.APPLIED, result
            return number
        assert result.retry_after is not None
        stage.control.advance(result.retry_after)
    raise AssertionError("it never goes")
