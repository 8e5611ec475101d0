"""What people are told without asking: once each time the condition of an instance changes, by a webhook."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from molthub.controller.notifying import notifying, send_test, target_in
from molthub.controller.settings import NotifySettings
from molthub.errors import StallingError
from molthub.events.notices import NoticeKind
from molthub.events.types import EventType
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import failing
from tests.fakes.receiver import Receiver, receiving

BOT = instance_dict()
BIGGER = instance_dict(spec={"runtime": {"cpu": 2048, "memory": 4096}})
UNPINNED = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
def controller(fleet: FakeFleet, tmp_path: Path) -> Iterator[FakeController]:
    made = FakeController(fleet, tmp_path / "state.db")
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def sweep(controller: FakeController) -> None:
    controller.after(301)


def told(controller: FakeController) -> list[tuple[str, NoticeKind]]:
    return [(notice.name, notice.kind) for _, notice in controller.store.pending_notices(100)]


NAME = "acme/prod/support-bot"


def test_a_deployment_that_goes_well_is_no_news(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.commit(BIGGER)
    controller.tick()
    sweep(controller)
    assert told(controller) == []


def test_a_failed_rollout_and_its_fix_are_told_once_each(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.prod.script(identity(), failing("exit code 1"))
    fleet.commit(BIGGER)
    controller.tick()
    for _ in range(3):
        sweep(controller)
    assert told(controller) == [(NAME, NoticeKind.FAILED)]
    fleet.commit(BOT)
    controller.tick()
    sweep(controller)
    assert told(controller) == [(NAME, NoticeKind.FAILED), (NAME, NoticeKind.RECOVERED)]


def test_what_a_guardrail_blocks_is_told_once_and_by_the_next_controller_no_more(
    fleet: FakeFleet, controller: FakeController, tmp_path: Path
) -> None:
    fleet.commit(UNPINNED)
    controller.tick()
    sweep(controller)
    (number, notice), *others = controller.store.pending_notices(100)
    assert (notice.kind, notice.ref, others) == (NoticeKind.BLOCKED, "MH-IMG-001", [])
    controller.store.settle_notices([number], fleet.clock.now())
    second = FakeController(fleet, tmp_path / "state.db")
    second.once()
    assert told(second) == []
    fleet.commit(BOT)
    second.close()
    third = FakeController(fleet, tmp_path / "state.db")
    third.once()
    assert told(third) == [(NAME, NoticeKind.RECOVERED)]
    third.close()


def test_drift_and_its_repair_are_told(fleet: FakeFleet, controller: FakeController) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    sweep(controller)
    sweep(controller)
    assert told(controller) == [(NAME, NoticeKind.DRIFTED), (NAME, NoticeKind.RECOVERED)]


def test_a_change_that_aws_refuses_for_good_is_told_and_one_that_may_go_well_is_not(
    fleet: FakeFleet, controller: FakeController
) -> None:
    fleet.commit(BOT)
    controller.tick()
    fleet.prod.fail(StallingError("MH-AWS-003", "denied"), times=9)
    fleet.commit(BIGGER)
    controller.tick()
    sweep(controller)
    assert told(controller) == [(NAME, NoticeKind.FAILED)]


def settings(receiver: Receiver) -> NotifySettings:
    return NotifySettings(notify_url=SecretStr(receiver.url), notify_key=SecretStr("k" * 32))


def test_it_reaches_the_receiver_without_keeping_the_controller(
    fleet: FakeFleet, controller: FakeController, receiver: Receiver
) -> None:
    log = structlog.wrap_logger(logging.getLogger("test"))
    target = target_in(settings(receiver))
    with notifying(target, controller.noticing, controller.journal, clock=fleet.clock, log=log, gather=0.0):
        fleet.commit(UNPINNED)
        controller.tick()
    (got,) = receiver.got
    assert json.loads(got.body)["text"].startswith("Molthub acme-bots: 1 blocked\nblocked acme/prod/support-bot: ")
    assert "x-molthub-signature" in got.headers
    assert told(controller) == []


def test_one_that_is_given_up_is_in_the_timeline(
    fleet: FakeFleet, controller: FakeController, receiver: Receiver
) -> None:
    log = structlog.wrap_logger(logging.getLogger("test"))
    receiver.answers = [(410, {})]
    fleet.commit(UNPINNED)
    controller.tick()
    with notifying(
        target_in(settings(receiver)), controller.noticing, controller.journal, clock=fleet.clock, log=log, gather=0.0
    ):
        assert receiver.arrived.wait(10)
    (event,) = controller.store.events(types=[EventType.NOTICE_LOST])
    assert event.ref == "MH-NOTE-005"
    assert event.message == (
        f"the notification blocked did not reach http://127.0.0.1:{receiver.port} and is given up: HTTP 410"
    )


def test_a_test_message(fleet: FakeFleet, receiver: Receiver) -> None:
    target = send_test(settings(receiver), clock=fleet.clock, by="ana on desk")
    assert target.label == f"http://127.0.0.1:{receiver.port}"
    assert json.loads(receiver.got[0].body)["molthub"]["test"] is True
    receiver.answers = [(403, {})]
    with pytest.raises(StallingError) as caught:
        send_test(settings(receiver), clock=fleet.clock, by="ana")
    assert caught.value.ref == "MH-NOTE-004"
    assert receiver.url not in str(caught.value)
    with pytest.raises(StallingError, match="MH-NOTE-006"):
        send_test(NotifySettings(), clock=fleet.clock, by="ana")
