"""A hundred instances at once: the environment's limits and AWS's request quotas hold, and one failure is one failure.

The simulator enforces the quotas and keeps the history that is measured; Molthub goes by the same simulated time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.apply.settings import ApplySettings, Cancel
from molthub.apply.types import InstanceResult, Outcome
from molthub.aws.provider import aws_provider_factory
from molthub.aws.throttle import Quotas
from molthub.pipeline.applier import apply_fleet
from molthub.pipeline.types import Collaborators
from molthub.policies.registry import builtin_rules
from molthub.simulator.ecs.state import History
from tests.builders import documents, environment_dict
from tests.fakes.bulk import PLACE, furnish
from tests.fakes.rich_fleet import Manifest, bot
from tests.fakes.stage import Session, Stage, furnished

INSTANCES = 100
SPEED = 12.0
"""Simulated seconds in one of ours: so few that the buckets, not this machine, are what the calls wait for."""

AT_ONCE, FAILURES = 30, 2
LAST = f"bot-{INSTANCES - 1:03}"
UNLUCKY = "bot-007"


@dataclass(frozen=True, slots=True)
class SimulatedPace:
    """Waits in simulated time, and lets it pass by itself."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        if not cancel():
            time.sleep(seconds / SPEED)


def fleet(tag: str, **others: str) -> list[Manifest]:
    names = [f"bot-{number:03}" for number in range(INSTANCES)]
    image = "ghcr.io/openclaw/openclaw:"
    return [bot(name, runtime={"image": image + others.get(name.replace("-", "_"), tag)}) for name in names]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=SPEED) as made:
        furnish(made.simulator._world, documents(*fleet("2026.9.6")))
        made.control.advance(600)
        made.control.set_throttling(enforced=True)
        yield made


def roll_out(stage: Stage, session: Session, manifests: list[Manifest], **limits: int) -> dict[str, InstanceResult]:
    """Commit, plan and apply; the results by id."""
    stage.commit(environment_dict(spec={"rollout": limits}), *manifests)
    stage.control.reset_counters()
    session.events.clear()
    planned = session.plan()
    assert planned.plan.commit is not None
    results = apply_fleet(
        planned,
        Collaborators(rules=builtin_rules(), providers=session.providers, now=session.now),
        settings=ApplySettings(commit=planned.plan.commit, actor="test", poll_interval=8.0),
        report=session.events.append,
        clock=SimulatedPace(),
    )
    return {result.identity.id: result for result in results}


@pytest.fixture(scope="module")
def session(stage: Stage) -> Session:
    """A process that keeps to the default share of AWS's quotas, in simulated time."""
    quotas = Quotas(now=stage.simulator._world.clock.now, sleep=lambda seconds: time.sleep(seconds / SPEED))
    return stage.session_with(aws_provider_factory(throttle=quotas.of))


def histories(stage: Stage) -> dict[str, list[History]]:
    """Every deployment of every service, oldest first, by the instance's id."""
    region = stage.simulator._world.ecs.engine.region(account=PLACE["account"], name=PLACE["region"])
    return {service.tags["molthub:instance"]: service.history for service in region.services.values()}


def most_at_once(deployments: list[History]) -> int:
    """The most deployments that were under way at one moment."""
    ends = [(item.finished_at, -1) for item in deployments if item.finished_at is not None]
    assert len(ends) == len(deployments), "all are over"
    steps = sorted([*ends, *((item.created_at, 1) for item in deployments)])
    most = under_way = 0
    for _, step in steps:
        under_way += step
        most = max(most, under_way)
    return most


def refused_by_quotas(stage: Stage) -> Counter[str]:
    calls: list[dict[str, Any]] = stage.control.calls()
    codes = {"ThrottlingException", "Throttling", "RequestLimitExceeded"}
    return Counter(f"{call['service']}:{call['operation']}" for call in calls if call["error"] in codes)


def test_an_image_bump_keeps_to_the_limits_and_one_failure_delays_nobody(stage: Stage, session: Session) -> None:
    results = roll_out(
        stage,
        session,
        fleet("2026.9.7", bot_007="2026.9.7-crash"),
        maxConcurrent=AT_ONCE,
        stopAfterFailures=FAILURES,
    )
    outcomes = Counter(result.outcome for result in results.values())
    assert outcomes == {Outcome.APPLIED: INSTANCES - 1, Outcome.FAILED: 1}
    assert results[UNLUCKY].outcome is Outcome.FAILED

    found = histories(stage)
    deployments = [history[-1] for history in found.values()]
    assert [len(history) for history in found.values()] == [2] * INSTANCES
    most = most_at_once(deployments)
    assert AT_ONCE // 2 < most <= AT_ONCE
    unlucky = found[UNLUCKY][-1]
    meanwhile = [item for item in deployments if unlucky.created_at < item.created_at < (unlucky.finished_at or 0)]
    assert unlucky.status == "ROLLBACK_SUCCESSFUL"
    assert len(meanwhile) > AT_ONCE // 2, "others went on beside it"

    operations = stage.control.counters()["operations"]
    assert operations["ecs:RegisterTaskDefinition"] == INSTANCES
    assert operations["ecs:UpdateService"] == INSTANCES
    throttled = refused_by_quotas(stage)
    waited = [event for event in session.events if event.ref == "MH-AWS-050"]
    print(f"most at once: {most}; refused: {dict(throttled)}; told to wait: {len(waited)}; {operations}")
    assert sum(throttled.values()) <= 2
    assert waited, "the quota was what they waited for"
    assert waited[0].message.startswith("waiting for RegisterTaskDefinition, ")


def test_a_bad_image_stops_after_so_many_failures_and_the_rest_is_never_touched(stage: Stage, session: Session) -> None:
    stage.control.set_speed(60)
    before = {name: len(history) for name, history in histories(stage).items()}
    results = roll_out(stage, session, fleet("2026.9.8-init-fails"), maxConcurrent=5, stopAfterFailures=FAILURES)
    outcomes = Counter(result.outcome for result in results.values())
    assert outcomes.keys() == {Outcome.FAILED, Outcome.HELD}
    assert FAILURES <= outcomes[Outcome.FAILED] < FAILURES + 5
    found = histories(stage)
    touched = {name for name, history in found.items() if len(history) > before[name]}
    assert touched == {name for name, result in results.items() if result.outcome is Outcome.FAILED}
    assert most_at_once([found[name][-1] for name in touched]) <= 5
    operations = stage.control.counters()["operations"]
    assert operations["ecs:RegisterTaskDefinition"] == len(touched)
    assert sum(refused_by_quotas(stage).values()) <= 2
    assert results[LAST].outcome is Outcome.HELD
    assert results[LAST].writes == 0
