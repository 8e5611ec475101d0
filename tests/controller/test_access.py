"""The controller over a signed repository: what nobody allowed waits, its neighbours are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from molthub.access.versions import PATH
from molthub.events.types import EventType
from molthub.resources.states import Verdict
from tests.builders import to_yaml
from tests.fakes.controller import FakeController
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.signed_fleet import SignedFleet

IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedFleet:
    return SignedFleet.at(tmp_path_factory.mktemp("controller-access"))


@pytest.fixture
def controller(signed: SignedFleet, tmp_path: Path) -> Iterator[FakeController]:
    """It has deployed the first head, both Moltbots."""
    start = signed.repo.git("rev-parse", "HEAD")
    fleet = FakeFleet()
    source: Any = signed.source()
    fleet.source = source
    fleet.collaborators = replace(fleet.collaborators, source=source, access=signed.gate(source))
    made = FakeController(fleet, tmp_path / "molthub.db")
    made.tick()
    yield made
    made.close()
    signed.repo.git("reset", "-q", "--hard", start)


def image(controller: FakeController, name: str) -> str:
    found = controller.fleet.prod.instances[identity(name)].resources.task_definition
    assert found is not None
    gateway = next(container for container in found.containers if container.name == "gateway")
    return gateway.image.rpartition(":")[2]


def refused(controller: FakeController, name: str) -> list[tuple[str, str]]:
    events = controller.store.events(identity(name), types=[EventType.REFUSED])
    return [(event.identity.id, event.ref) for event in events]


def test_neighbours_deploy_while_one_waits_for_an_approval(controller: FakeController, signed: SignedFleet) -> None:
    bad = signed.commit(signed.bot(**IMAGE), email="olivia@example.com")
    signed.commit(signed.bot("other-bot", **IMAGE), by="adam")
    controller.tick()

    assert (image(controller, "support-bot"), image(controller, "other-bot")) == ("2026.9.6", "2026.9.7")
    assert refused(controller, "support-bot") == [("support-bot", "MH-ACCESS-002")]
    status = controller.store.status(identity())
    assert status is not None
    assert (status.sync, status.last_error) == (Verdict.BLOCKED, f"MH-ACCESS-002 {status.reason}")

    signed.commit(by="oscar", message=f"I would\n\nMolthub-Approve: {bad}")
    controller.tick()
    assert image(controller, "support-bot") == "2026.9.6"

    signed.commit(by="adam", message=f"Stand for it\n\nMolthub-Approve: {bad}")
    controller.tick()
    assert image(controller, "support-bot") == "2026.9.7"
    assert refused(controller, "other-bot") == []


def test_a_takeover_of_the_policy_gives_nothing(controller: FakeController, signed: SignedFleet) -> None:
    mine = signed.policy(bindings=[{"role": "OWNER", "subjects": ["oscar"]}])
    signed.commit({PATH: to_yaml(mine), **signed.bot(**IMAGE)}, by="oscar")
    signed.commit({"instances/acme/prod/other-bot.yaml": None}, by="oscar")
    controller.tick()

    assert image(controller, "support-bot") == "2026.9.6"
    assert controller.fleet.prod.instances.keys() == {identity(), identity("other-bot")}
    assert refused(controller, "other-bot") == [("other-bot", "MH-ACCESS-001")]


def test_an_unallowed_confirmation_of_a_large_deletion_confirms_nothing(
    controller: FakeController, signed: SignedFleet
) -> None:
    gone = {f"instances/acme/prod/{name}.yaml": None for name in ("support-bot", "other-bot")}
    signed.commit(gone, by="adam", message="Delete both\n\nMolthub-Confirm-Delete: acme/prod 2")
    controller.tick()
    assert [one.resources.is_empty for one in controller.fleet.prod.instances.values()] == [False, False]

    signed.commit(by="olivia", message="Yes\n\nMolthub-Confirm-Delete: acme/prod 2")
    controller.tick()
    assert [one.resources.is_empty for one in controller.fleet.prod.instances.values()] == [True, True]
