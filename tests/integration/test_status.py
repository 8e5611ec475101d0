"""`status`, its page and `wait` over HTTP: what ECS itself says of a rollout, a failure, and a task that came again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.cli.context import Roots
from molthub.cli.main import run
from molthub.resources.identity import Identity, names_of
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import AWS, Stage, furnished

SERVICE = names_of(Identity("acme-bots", "acme", "prod", "talker")).service


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("status")) as made:
        yield made


@dataclass(slots=True)
class Steps:
    """Each sleep does the next thing."""

    steps: list[Callable[[], Any]] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: Callable[[], bool]) -> None:
        assert seconds > 0
        assert not cancel()
        if self.steps:
            self.steps.pop(0)()


@dataclass(frozen=True, slots=True)
class Shell:
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, steps: tuple[Callable[[], Any], ...] = ()) -> tuple[int, str, str]:
        clock = Steps(list(steps))
        self.capsys.readouterr()
        code = run(arguments, roots=Roots(clock=lambda: clock))
        said = self.capsys.readouterr()
        return int(code), said.out, said.err


@pytest.fixture
def shell(stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(stage.repo)
    monkeypatch.setenv("HOME", str(stage.home))
    return Shell(capsys)


def image(tag: str) -> dict[str, Any]:
    return bot("talker", runtime={"image": f"ghcr.io/openclaw/openclaw:{tag}"})


def told(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shell("status", "talker", "-o", "json")[1])["instances"][0]
    return found


def test_from_nothing_to_healthy(stage: Stage, shell: Shell) -> None:
    sha = stage.commit(image("2026.9.6"))
    code, out, err = shell("wait", "talker", steps=(lambda: stage.session().apply(),))
    assert (code, out) == (0, "acme/prod/talker is healthy\n")
    assert err.splitlines() == ["acme/prod/talker: OutOfSync, Missing", "acme/prod/talker: reached"]
    found = told(shell)
    (task,) = found["detail"]["tasks"]
    assert (task["status"], task["health"], len(task["id"])) == ("RUNNING", "HEALTHY", 32)
    assert found["deployment"]["state"] == "completed"
    assert found["deployment"]["commit"] == sha
    assert found["detail"]["events"][0]["message"] == f"(service {SERVICE}) has reached a steady state."
    page = shell("status", "talker")[1]
    assert f"{task['id'][:8]} RUNNING HEALTHY up " in page
    assert f"/ecs/v2/clusters/{AWS['cluster']}/services/{SERVICE}/health?region=eu-west-1" in page


def test_a_task_that_was_stopped_by_hand_is_started_again_and_steady_again(stage: Stage, shell: Shell) -> None:
    ecs = stage.client("ecs")
    (task,) = ecs.list_tasks(cluster=AWS["cluster"], serviceName=SERVICE)["taskArns"]
    ecs.stop_task(cluster=AWS["cluster"], task=task, reason="a test")
    stage.control.advance(20)
    found = told(shell)
    assert (found["health"], found["availability"]) == ("Progressing", "down")
    assert found["reason"].startswith("0 of 1 tasks running")
    stage.control.advance(12)
    found = told(shell)
    assert (found["health"], found["reason"]) == ("Progressing", "its task was started again and is not steady yet")
    code, _, _ = shell("wait", "talker", steps=(lambda: stage.control.advance(600),))
    assert code == 0
    assert told(shell)["health"] == "Healthy"


def test_no_room_for_a_task_is_told_while_it_rolls_out(stage: Stage, shell: Shell) -> None:
    stage.control.set_quota("fargate", "L-3032A538", 0)
    stage.client("ecs").update_service(cluster=AWS["cluster"], service=SERVICE, forceNewDeployment=True)
    stage.control.advance(15)
    found = told(shell)
    stage.control.set_quota("fargate", "L-3032A538", 100)
    stage.control.advance(900)
    assert (found["health"], found["availability"]) == ("Progressing", "down")
    assert "ECS cannot place a task (was unable to place a task. Reason: You've reached the limit" in found["reason"]


def test_a_version_that_cannot_run_is_no_use_waiting_for(stage: Stage, shell: Shell) -> None:
    stage.session().apply()
    stage.commit(image("2026.9.6-crash"))
    code, out, err = shell("wait", "talker", steps=(lambda: stage.session().apply(),))
    assert (code, out.startswith("acme/prod/talker is not healthy: Blocked, Degraded: ")) == (1, True)
    assert "MH-PIPE-014 acme/prod/talker does not get healthy by itself: Blocked: " in err
    assert "container gateway exited with code 1" in err
    page = shell("status", "talker")[1]
    assert "Differs from its manifest, not applied while it is Blocked:" in page
    assert "acme/prod: 1 instance: 1 Degraded" in shell("status")[1]
