"""Rollouts as people meet them: each cause explained, loops that no breaker sees, and a commit that aborts one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.apply.types import InstanceResult, Outcome
from molthub.health.types import Health, StatusRecord
from molthub.pipeline.status import statuses
from molthub.resources.observation import RolloutState
from molthub.resources.states import Verdict
from tests.builders import environment_dict
from tests.fakes.hand import Hand
from tests.fakes.rich_fleet import Manifest, bot
from tests.fakes.stage import AWS, LINKED, Session, Stage, by_id, furnished

IMAGE = "ghcr.io/openclaw/openclaw"
LIMITS = {"rollout": {"maxConcurrent": 10, "stopAfterFailures": 20}}


@pytest.fixture(scope="module")
def furnished_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=0.001) as made:
        yield made


@pytest.fixture
def stage(furnished_stage: Stage) -> Stage:
    """An emptied account. Time stands still in it but for what Molthub's own waiting pushes it forward."""
    furnished_stage.control.reset()
    furnished_stage.control.seed(environments=[AWS], secrets=LINKED)
    return furnished_stage


def running(name: str, tag: str, **spec: Any) -> Manifest:
    return bot(name, runtime={"image": f"{IMAGE}:{tag}"}, **spec)


def commit(stage: Stage, *bots: Manifest, **trailers: str) -> str:
    return stage.commit(environment_dict(spec=LIMITS), *bots, **trailers)


def record(session: Session, name: str = "support-bot") -> StatusRecord:
    found = statuses(session.plan(), now=datetime.now(UTC))
    return next(item for item in found if item.identity.id == name)


CAUSES = {
    "pull": ("2026.9.6-missing", "MH-APPLY-003", "CannotPullContainerError: "),
    "init": ("2026.9.6-init-fails", "MH-APPLY-002", "container init exited with code 1"),
    "secret": ("2026.9.6", "MH-APPLY-003", "ResourceInitializationError: unable to pull secrets"),
    "memory": ("2026.9.6-oom", "MH-APPLY-002", "OutOfMemoryError: Container killed due to memory usage"),
    "exit": ("2026.9.6-crash", "MH-APPLY-002", "container gateway exited with code 1"),
    "health": ("2026.9.6-unhealthy", "MH-APPLY-002", "Task failed container health checks"),
}


def test_every_cause_is_told_in_ecs_own_words(stage: Stage) -> None:
    stage.client("secretsmanager").create_secret(Name="acme/prod/plain", SecretString="no JSON")
    key = {"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/plain#bot"}
    model = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
    more: dict[str, Any] = {"secret": {"secrets": [model, key]}}
    commit(stage, *(running(name, tag, **more.get(name, {})) for name, (tag, _, _) in CAUSES.items()))
    results = stage.session().apply()
    for name, (_, ref, words) in CAUSES.items():
        (told,) = results[name].diagnostics
        assert (results[name].outcome, told.ref) == (Outcome.FAILED, ref), told
        assert told.message.startswith(f"the rollout of acme/prod/{name} failed: ")
        assert words in told.message
    told_by = {item.identity.id: item.reason for item in statuses(stage.session().plan(), now=datetime.now(UTC))}
    for name, (_, _, words) in CAUSES.items():
        assert words in told_by[name], told_by[name]


def test_a_loop_beneath_the_breaker_is_ended_and_explained(stage: Stage) -> None:
    commit(stage, running("support-bot", "2026.9.6"))
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
    commit(stage, running("support-bot", "2026.9.7-flaps"))
    result = stage.session().apply()["support-bot"]
    (told,) = result.diagnostics
    assert (result.outcome, result.rollout, told.ref) == (Outcome.FAILED, RolloutState.ROLLED_BACK, "MH-APPLY-002")
    assert "ecs:StopServiceDeployment" in stage.writes()
    assert "container gateway exited with code 1" in told.message
    plan = by_id(stage.session().plan())["support-bot"].plan
    assert [item.ref for item in plan.reasons] == ["MH-PLAN-004"], "it is not tried again as it is"


def test_a_loop_while_the_deployment_goes_on_is_degraded(stage: Stage) -> None:
    commit(stage, running("support-bot", "2026.9.7-flaps"))
    session = stage.session()
    left_behind(session)
    assert record(session).health is Health.PROGRESSING
    stage.control.advance(240)
    found = record(session)
    assert found.health is Health.DEGRADED
    assert found.reason.startswith("restarted ")
    assert found.reason.endswith(" times in 15 minutes: the last task stopped: container gateway exited with code 1"), (
        found.reason
    )


def test_a_loop_after_a_completed_deployment_is_degraded(stage: Stage) -> None:
    commit(stage, running("support-bot", "2026.9.6-exits-later"))
    session = stage.session()
    assert session.apply()["support-bot"].outcome is Outcome.APPLIED
    before = record(session)
    assert (before.health, before.sync) == (Health.HEALTHY, Verdict.SYNCED)
    stage.control.advance(800)
    found = record(stage.session())
    assert found.health is Health.DEGRADED
    assert "the last task stopped: container gateway exited with code 1" in found.reason


def left_behind(session: Session) -> InstanceResult:
    """Start a rollout and go away: what a controller that is stopped leaves."""
    return session.apply(rollout_timeout=0)["support-bot"]


def test_a_commit_that_goes_back_aborts_the_rollout_under_way(stage: Stage) -> None:
    good, slow = running("support-bot", "2026.9.6"), running("support-bot", "2026.9.7-unhealthy")
    commit(stage, good)
    stage.session().apply()
    commit(stage, slow)
    assert left_behind(stage.session()).rollout is RolloutState.IN_PROGRESS
    commit(stage, good, message="Go back")
    stage.control.reset_counters()
    result = stage.session().apply()["support-bot"]
    assert (result.outcome, result.rollout) == (Outcome.APPLIED, RolloutState.COMPLETED)
    assert "ecs:RegisterTaskDefinition" not in stage.writes(), "its revision is still there"
    hand = Hand(stage, "support-bot", {})
    listed = hand("ecs").list_service_deployments(cluster=AWS["cluster"], service=hand.names.service)
    assert [item["status"] for item in listed["serviceDeployments"]] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]
    assert record(stage.session()).image == f"{IMAGE}:2026.9.6"
    commit(stage, slow, message="Once more")
    plan = by_id(stage.session().plan())["support-bot"].plan
    assert (plan.verdict, plan.reasons) == (Verdict.OUT_OF_SYNC, ()), "an aborted rollout is no failure"


def test_a_dropped_secret_stays_readable_until_the_rollout_is_over(stage: Stage) -> None:
    """The revision that is gone back to reads a secret that the new one does not use."""
    stage.client("secretsmanager").create_secret(Name="acme/prod/old", SecretString='{"bot": "x"}')
    model = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
    old = [model, {"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/old#bot"}]
    commit(stage, running("support-bot", "2026.9.6", secrets=old))
    stage.session().apply()
    commit(stage, running("support-bot", "2026.9.7-crash"))
    result = stage.session().apply()["support-bot"]
    assert (result.outcome, result.rollout) == (Outcome.FAILED, RolloutState.ROLLED_BACK)
    stage.control.advance(300)
    found = record(stage.session())
    assert (found.image, found.availability) == (f"{IMAGE}:2026.9.6", "degraded"), (
        "an older one runs; without its secret: down"
    )
    commit(stage, running("support-bot", "2026.9.8"))
    stage.control.reset_counters()
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
    assert stage.writes()[-2:] == ["iam:DeleteRolePolicy", "iam:TagRole"]
    assert stage.session().plan().plan.has_changes is False
