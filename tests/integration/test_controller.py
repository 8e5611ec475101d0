"""The controller as a process, following a bare repository that people push to."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from molthub.source.writing import init_repository, push
from tests.fakes.hand import Hand
from tests.fakes.rich_fleet import Manifest, bot
from tests.fakes.stage import Stage, furnished

Json = dict[str, Any]
PATIENCE = 60.0
"""Seconds for something to become true; nothing here is about how long it takes."""

SPEED = 60.0
FIRST, SECOND = bot("support-bot"), bot("second")


class Following:
    """A stage with a bare repository, and a controller that follows it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.origin = stage.home / "origin.git"
        self.log = stage.home / "controller.log"
        self.database = stage.home / "molthub.db"
        self.process: subprocess.Popen[str] | None = None
        init_repository(self.origin, bare=True)

    def commit(self, *documents: Manifest, force: bool = False, **trailers: str) -> str:
        sha = self.stage.commit(*documents, **trailers)
        push(self.stage.repo, target=str(self.origin), force=force)
        return sha

    def start(self, *flags: str, drift: float = 3600.0) -> subprocess.Popen[str]:
        intervals = ["--poll-interval", "0.2", "--drift-interval", str(drift), "--rollout-poll", "0.2"]
        self.process = self.controller(*intervals, *flags)
        return self.process

    def controller(self, *flags: str) -> subprocess.Popen[str]:
        variables = {
            "MOLTHUB_DATABASE_URL": f"sqlite:///{self.database}",
            "MOLTHUB_CACHE_DIR": str(self.stage.home / "cache"),
        }
        return self.stage.start("controller", "run", "--repo", str(self.origin), *flags, **variables)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)
        with self.log.open("a") as log:
            log.write(said)
        assert "Traceback" not in said, said
        return process.returncode

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something to become true while the controller lives."""
        end = time.monotonic() + PATIENCE
        while not true():
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the controller ended: {self.process.communicate()}")
            assert time.monotonic() < end, f"never: {what}"
            time.sleep(0.1)

    def statuses(self) -> dict[str, Json]:
        told = self.stage.molthub("status", "-o", "json", "--repo", str(self.origin))
        assert told.returncode == 0, told.stderr
        return {item["id"]: item for item in json.loads(told.stdout)["instances"]}

    def runs(self, name: str, image: str = "") -> Callable[[], bool]:
        """Whether ECS runs the instance's only deployment, completed, with this image."""

        def look() -> bool:
            hand = Hand(self.stage, name, {})
            found = hand("ecs").describe_services(cluster="molthub-acme-prod", services=[hand.names.service])[
                "services"
            ]
            if not found or found[0]["status"] != "ACTIVE":
                return False
            primary = found[0]["deployments"][0]
            if (found[0]["runningCount"], primary["rolloutState"]) != (1, "COMPLETED"):
                return False
            definition = hand("ecs").describe_task_definition(taskDefinition=primary["taskDefinition"])
            return image in str(definition["taskDefinition"]["containerDefinitions"])

        return look


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    with furnished(tmp_path, speed=SPEED) as stage:
        made = Following(stage)
        yield made
        made.kill()


def with_image(tag: str, name: str = "support-bot") -> Manifest:
    return bot(name, runtime={"image": f"ghcr.io/openclaw/openclaw:{tag}"})


def test_a_pushed_commit_is_deployed_and_told(following: Following) -> None:
    following.commit(FIRST)
    following.start(drift=1.0)
    following.until(following.runs("support-bot"), "the first deployment")
    sha = following.commit(with_image("2026.9.7"))
    following.until(following.runs("support-bot", "2026.9.7"), "the upgrade")
    status = following.statuses()["support-bot"]
    assert (status["status"], status["runningCommit"], status["headCommit"]) == ("RUNNING", sha, sha)
    hand = Hand(following.stage, "support-bot", {})
    hand.replace_egress(FromPort=80)
    following.until(lambda: hand.egress_ports() == [443], "drift put right")
    assert following.stop() == 0


def test_a_second_controller_refuses(following: Following) -> None:
    following.commit(FIRST)
    following.start()
    following.until(following.runs("support-bot"), "the deployment")
    second = following.controller("--once")
    _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert "MH-STATE-" in said
    assert "Traceback" not in said
    assert following.stop() == 0


def test_an_unchanged_head_costs_no_call(following: Following) -> None:
    following.commit(FIRST)
    following.start()
    following.until(following.runs("support-bot"), "the deployment")
    quiet(following)
    following.stage.control.reset_counters()
    time.sleep(2.0)  # ten polls of Git
    assert following.stage.control.calls() == []
    assert following.stop() == 0


def quiet(following: Following) -> None:
    """Wait until the controller has nothing left to ask of AWS."""
    control = following.stage.control

    def still() -> bool:
        before = len(control.calls())
        time.sleep(1.0)
        return len(control.calls()) == before

    following.until(still, "quiet")


def test_sigterm_in_the_middle_and_on_from_there(following: Following) -> None:
    control = following.stage.control
    control.set_speed(0.001)  # a rollout that takes for ever
    following.commit(FIRST)
    following.start()
    following.until(lambda: "ecs:CreateService" in following.stage.writes(), "the rollout begins")
    assert following.stop() == 0
    control.set_speed(SPEED)
    control.reset_counters()
    following.start()
    following.until(lambda: "ecs:ListServices" in following.stage.reads(), "the next start looks")
    following.until(following.runs("support-bot"), "the rollout is waited for")
    quiet(following)
    assert following.stage.writes() == []
    assert following.stop() == 0


def test_a_newer_commit_pre_empts_a_waiting_rollout(following: Following) -> None:
    control = following.stage.control
    control.set_speed(0.001)
    following.commit(FIRST)
    following.start()
    following.until(lambda: "ecs:CreateService" in following.stage.writes(), "the first rollout begins")
    following.commit(with_image("2026.9.7"))
    following.until(lambda: "ecs:UpdateService" in following.stage.writes(), "the newer one begins")
    control.set_speed(SPEED)
    following.until(following.runs("support-bot", "2026.9.7"), "the newer one runs")
    assert following.stop() == 0


def test_a_failed_rollout_stays_back_without_the_database(following: Following) -> None:
    """And the failing one delays no other."""
    control = following.stage.control
    control.add_image_rule("*:2026.9.8", "crash")
    following.commit(FIRST, SECOND)
    following.start()
    following.until(following.runs("support-bot"), "the first deployment")
    following.until(following.runs("second"), "the other's")
    following.commit(with_image("2026.9.8"), with_image("2026.9.7", "second"))
    following.until(following.runs("second", "2026.9.7"), "the neighbour's upgrade")
    following.until(following.runs("support-bot", "2026.9.6"), "the rollback")
    quiet(following)
    assert following.stop() == 0
    for leftover in following.stage.home.glob("molthub.db*"):
        leftover.unlink()
    control.reset_counters()
    following.start(drift=1.0)
    following.until(lambda: "ecs:ListServices" in following.stage.reads(), "a sweep")
    quiet_of_writes(following)
    assert following.stage.writes() == []
    assert following.statuses()["support-bot"]["sync"] == "Blocked"
    assert following.stop() == 0


def quiet_of_writes(following: Following) -> None:
    """Let the controller sweep a few times."""
    sweeps = lambda: following.stage.reads().count("ecs:ListServices")  # noqa: E731
    before = sweeps()
    following.until(lambda: sweeps() >= before + 3, "three sweeps")


def test_drift_is_put_right_while_git_is_away(following: Following) -> None:
    following.commit(FIRST)
    following.start(drift=1.0)
    following.until(following.runs("support-bot"), "the deployment")
    away = following.origin.rename(following.origin.with_name("away.git"))
    hand = Hand(following.stage, "support-bot", {})
    hand.replace_egress(FromPort=80)
    following.until(lambda: hand.egress_ports() == [443], "drift put right without Git")
    away.rename(following.origin)
    following.commit(with_image("2026.9.7"))
    following.until(following.runs("support-bot", "2026.9.7"), "the controller follows again")
    assert following.stop() == 0


def test_a_rewritten_history_waits_to_be_accepted(following: Following) -> None:
    following.commit(FIRST)
    lost = following.commit(with_image("2026.9.7"))
    following.start(drift=1.0)
    following.until(following.runs("support-bot", "2026.9.7"), "the deployment")
    subprocess.run(["git", "reset", "-q", "--hard", "HEAD~1"], cwd=following.stage.repo, check=True)
    following.commit(with_image("2026.9.9"), force=True)
    following.stage.control.reset_counters()
    following.until(lambda: "ecs:ListServices" in following.stage.reads(), "a look at the rewritten history")
    quiet_of_writes(following)
    assert following.stage.writes() == []
    assert following.statuses()["support-bot"]["sync"] == "Blocked"
    following.commit(with_image("2026.9.9"), Molthub_Accept_Rewrite=lost)
    following.until(following.runs("support-bot", "2026.9.9"), "the accepted history is deployed")
    assert following.stop() == 0
