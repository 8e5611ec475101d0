"""Two controllers and a laptop's apply at once, as processes: one writes, the others say who."""

from __future__ import annotations

import json
import re
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
from tests.fakes.stage import BUCKET, Stage, furnished

TTL = 4.0
PATIENCE = 90.0
FIRST, SECOND, LAPTOP = "first", "second", "laptop"
"""Who calls, as the simulator's ledger knows them: by their access keys."""


class Writers:
    """A fleet with a bare repository, and processes that would all write to its environment."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.control = stage.control
        self.origin = stage.home / "origin.git"
        self.processes: dict[str, subprocess.Popen[str]] = {}
        init_repository(self.origin, bare=True)

    def commit(self, *documents: Manifest) -> str:
        """Into the laptop's clone, not pushed."""
        return self.stage.commit(*documents)

    def push(self) -> None:
        push(self.stage.repo, target=str(self.origin))

    def controller(self, name: str) -> None:
        """A controller as on a machine of its own: its own database, mirror and credentials."""
        intervals = ["--poll-interval", "0.2", "--drift-interval", "3600", "--rollout-poll", "0.2"]
        self.processes[name] = self.stage.start(
            *("controller", "run", "--repo", str(self.origin), *intervals, "--lease-ttl", str(TTL)),
            MOLTHUB_DATABASE_URL=f"sqlite:///{self.stage.home / name}.db",
            MOLTHUB_CACHE_DIR=str(self.stage.home / name),
            AWS_ACCESS_KEY_ID=name,
        )

    def signal(self, name: str, number: signal.Signals) -> None:
        self.processes[name].send_signal(number)

    def said(self, name: str) -> list[dict[str, Any]]:
        """End it; what it logged, in order."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        _, lines = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in lines, lines
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    def end(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()

    def until(self, true: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"never: {what}; calls: {self.calls()[-20:]}"
            time.sleep(0.1)

    def calls(self, caller: str | None = None) -> list[tuple[str, str, str | None]]:
        """(caller, operation, error) of every call since the counters were reset."""
        found = [(item["caller"], f"{item['service']}:{item['operation']}", item["error"]) for item in self.log()]
        return [item for item in found if caller in (None, item[0])]

    def log(self) -> list[dict[str, Any]]:
        return self.control.calls()

    def writers(self) -> set[str]:
        """Who wrote anything but the lease."""
        return {item["caller"] for item in self.log() if item["write"] and item["service"] not in ("s3", "sts")}

    def runs(self, image: str) -> bool:
        """Whether ECS runs this image, its deployment completed."""
        hand = Hand(self.stage, "support-bot", {})
        found = hand("ecs").describe_services(cluster="molthub-acme-prod", services=[hand.names.service])["services"]
        if not found or found[0]["deployments"][0]["rolloutState"] != "COMPLETED":
            return False
        definition = hand("ecs").describe_task_definition(taskDefinition=found[0]["taskDefinition"])
        return image in str(definition["taskDefinition"]["containerDefinitions"])

    def lease(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.stage.client("s3").get_object(Bucket=BUCKET, Key="lease.json")["Body"].read()
        )
        return found


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[Writers]:
    with furnished(tmp_path, speed=60.0, bucket=True) as stage:
        made = Writers(stage)
        yield made
        made.end()


def with_image(tag: str) -> Manifest:
    return bot("support-bot", runtime={"image": f"ghcr.io/openclaw/openclaw:{tag}"})


def test_one_writes_the_others_say_who_and_a_late_write_is_refused(writers: Writers) -> None:
    writers.commit(with_image("2026.9.6"))
    writers.push()
    writers.controller(FIRST)
    writers.until(lambda: writers.runs("2026.9.6"), "the first controller deploys")
    holder = writers.lease()["holder"]
    assert re.fullmatch(rf"controller on \S+ \(pid {writers.processes[FIRST].pid}\)", holder)

    writers.control.reset_counters()
    writers.controller(SECOND)
    writers.commit(with_image("2026.9.7"))  # not pushed: a change that only the laptop knows
    applied = writers.stage.molthub("apply", "--auto-approve", AWS_ACCESS_KEY_ID=LAPTOP)
    assert applied.returncode == 1
    assert f"MH-LEASE-001 the lease of acme/prod is held by {holder} since " in applied.stderr
    writers.until(lambda: (SECOND, "s3:GetObject", None) in writers.calls(), "the second asks for the lease")
    assert writers.writers() == set()

    # The first is stopped in the middle of a write: its call has left, and nothing has come of it.
    held = writers.control.add_fault("hold-before", operation="ecs:UpdateService")
    writers.push()
    assert writers.control.wait_until_held(held, timeout=PATIENCE)
    writers.signal(FIRST, signal.SIGSTOP)
    writers.until(lambda: writers.runs("2026.9.7"), "the second takes over and deploys")
    assert writers.lease()["epoch"] == 2
    writers.control.reset_counters()
    writers.control.release(held)  # the connection is cut, and botocore would send the call once more
    writers.signal(FIRST, signal.SIGCONT)
    writers.until(lambda: (FIRST, "s3:PutObject", "PreconditionFailed") in writers.calls(), "the first tries to renew")
    writers.until(lambda: (FIRST, "s3:GetObject", None) in writers.calls(), "the first learns who has it")
    time.sleep(1.0)
    assert writers.writers() == set()

    # The second dies; the first, which waits, replaces it when its lease has run out.
    writers.signal(SECOND, signal.SIGKILL)
    writers.commit(with_image("2026.9.8"))
    writers.push()
    writers.until(lambda: writers.runs("2026.9.8"), "the first takes over again")
    assert writers.writers() == {FIRST}
    assert writers.lease()["epoch"] == 3
    logged = writers.said(FIRST)
    assert next(item for item in logged if item["event"] == "waiting for the lease")["ref"] == "MH-LEASE-001"
    assert [item for item in logged if item.get("ref", "").startswith("MH-LEASE-") and item["event"] == "change-failed"]
    assert writers.lease()["holder"] == ""  # SIGTERM lets go at once


def test_an_apply_holds_the_lease_and_lets_it_go(writers: Writers) -> None:
    writers.commit(with_image("2026.9.6"))
    applied = writers.stage.molthub("apply", "--auto-approve")
    assert (applied.returncode, "MH-LEASE" in applied.stderr) == (0, False), applied.stderr
    lease = writers.lease()
    assert (lease["holder"], lease["epoch"]) == ("", 1)
