"""Every operation of a rollout refused, throttled, broken or cut off: never wrong, and right again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from molthub.apply.types import InstanceResult, Outcome
from molthub.aws.clients import Clients, Sessions
from molthub.aws.provider import AwsProvider
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.pipeline.types import PlannedFleet
from molthub.provider.protocols import Location, Provider
from molthub.resources.identity import EnvironmentKey
from molthub.resources.states import Verdict
from tests.fakes.inventories import Json, comparable, differences
from tests.fakes.rich_fleet import STATEMENTS, bot
from tests.fakes.stage import AWS, LINKED, Session, Stage, furnished

BOT, BYSTANDER = bot("support-bot", taskRole={"statements": STATEMENTS}), bot("bystander")
FAULTS = ("throttle", "server-error", "reset-after", "access-denied", "expired-token")
READ_FAULTS = ("server-error", "access-denied", "truncated", "reset-before")
LASTING = ("access-denied", "expired-token")
"""Faults that stay until somebody mends them; the others meet one call."""
PASSES = 5


class ImpatientClients(Clients):
    """Without botocore's own retries, which would take seconds: Molthub's are what is tested.

    made  boto3's clients, which take long to make, shared by every session of this file
    """

    def __init__(self, location: Location, made: dict[str, Any]) -> None:
        super().__init__(Sessions(), location)
        self._made = made

    def client(self, service: str) -> Any:
        if service not in self._made:
            config = Config(retries={"total_max_attempts": 1}, max_pool_connections=32)
            self._made[service] = boto3.client(service, region_name=AWS["region"], config=config)
        return self._made[service]

    @property
    def partition(self) -> str:
        return "aws"


def impatient(clients: dict[str, Any]) -> Callable[[EnvironmentKey, Location], Provider]:
    made: dict[Location, Provider] = {}

    def provider(_key: EnvironmentKey, location: Location) -> Provider:
        if location not in made:
            made[location] = AwsProvider(location, ImpatientClients(location, clients), cache=TaskDefinitionCache())
        return made[location]

    return provider


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        CLIENTS.clear()
        yield made


CLIENTS: dict[str, Any] = {}


def session(stage: Stage) -> Session:
    return stage.session_with(impatient(CLIENTS))


def prepare(stage: Stage) -> None:
    stage.control.reset()
    stage.control.seed(environments=[AWS], secrets=LINKED)


@pytest.fixture(scope="module")
def calm(stage: Stage) -> tuple[list[str], Json]:
    """The operations of an undisturbed first deployment, and what there is in the end."""
    stage.commit(BOT)
    prepare(stage)
    assert done(session(stage).apply())
    called = sorted({f"{call['service']}:{call['operation']}" for call in stage.control.calls()} - {STS})
    return called, comparable(stage)


STS = "sts:GetCallerIdentity"


def done(results: dict[str, InstanceResult]) -> bool:
    """Whether everything is as it should be; where not, it must be said clearly."""
    for result in results.values():
        if result.outcome not in (Outcome.APPLIED, Outcome.UNCHANGED):
            assert result.diagnostics, result
            assert all(item.ref.startswith("MH-") and item.message for item in result.diagnostics)
    return all(result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED) for result in results.values())


def settle(stage: Stage) -> None:
    """Apply until one pass finds nothing to do and writes nothing: the second at the latest, or the third where the
    rollout itself failed."""
    for _ in range(3):
        stage.control.reset_counters()
        results = session(stage).apply()
        if all(result.outcome is Outcome.UNCHANGED for result in results.values()):
            assert stage.writes() == []
            return
        assert done(results)
    raise AssertionError(results)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_operation_of_a_rollout(stage: Stage, calm: tuple[list[str], Json], fault: str) -> None:
    operations, wanted = calm
    assert len(operations) >= 20
    ends = {True: 0, False: 0}
    for operation in operations:
        prepare(stage)
        stage.control.add_fault(fault, operation=operation, times=None if fault in LASTING else 1)
        ends[done(session(stage).apply())] += 1
        met = [call for call in stage.control.calls() if call["fault"]]
        stage.control.clear_faults()
        assert met, operation
        settle(stage)
        assert differences(comparable(stage), wanted) == [], operation
    assert nothing_left(stage, passes=PASSES)
    print(f"{fault}: {len(operations)} operations, {ends[True]} got through, {ends[False]} ended with a clear error")


def nothing_left(stage: Stage, *, passes: int) -> bool:
    stage.control.reset_counters()
    looker = session(stage)
    assert all(done(looker.apply()) for _ in range(passes))
    return stage.writes() == []


@pytest.fixture(scope="module")
def running(stage: Stage, calm: tuple[list[str], Json]) -> list[str]:
    """Two running bots; the operations of a sweep in a fresh process."""
    del calm  # the fault sweep resets the account: it comes first
    stage.commit(BOT, BYSTANDER)
    prepare(stage)
    assert done(session(stage).apply())
    stage.control.reset_counters()
    session(stage).plan()
    return sorted(set(stage.reads()) - {STS})


@pytest.mark.parametrize("fault", READ_FAULTS)
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
def test_a_failed_read_writes_nothing(stage: Stage, running: list[str], fault: str, lasting: bool) -> None:
    stage.commit(BOT, BYSTANDER)
    for operation in running:
        planned, writes = meet(stage, fault, operation, lasting=lasting)
        verdicts = {view.plan.verdict for view in planned.views}
        assert verdicts <= {Verdict.UNKNOWN, Verdict.SYNCED}, operation
        assert writes == [], operation


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_a_failed_read_deletes_nothing(stage: Stage, running: list[str], fault: str) -> None:
    """The manifest of one is gone: with a kind of its objects unread, none of them goes."""
    stage.commit(BYSTANDER)
    unknown = 0
    for operation in running:
        stage.control.add_fault(fault, operation=operation, times=None)
        planned = session(stage).plan()
        stage.control.clear_faults()
        view = next((item for item in planned.views if item.identity.id == "support-bot"), None)
        assert view is None or view.plan.verdict is not Verdict.SYNCED, operation
        unknown += view is None or not view.plan.may_apply
    assert unknown >= len(running) - 1, "the history of task definitions may be unread; nothing else"


def meet(stage: Stage, fault: str, operation: str, *, lasting: bool) -> tuple[PlannedFleet, list[str]]:
    stage.control.reset_counters()
    stage.control.add_fault(fault, operation=operation, times=None if lasting else 1)
    looker = session(stage)
    planned = looker.plan()
    done(looker.carry_out(planned))
    stage.control.clear_faults()
    return planned, stage.writes()
