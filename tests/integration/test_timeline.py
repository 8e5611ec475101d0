"""Everything that happens to one instance, in one timeline and told by a webhook: real processes, PostgreSQL, AWS."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from molthub.gate.signature import Mode, claim, verify
from tests.fakes.hand import Hand
from tests.fakes.postgres import RunningPostgres
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import Stage, furnished

KEY = "k" * 32
IMAGE = "ghcr.io/openclaw/openclaw:2026.9.6"


@dataclass(frozen=True, slots=True)
class Scene:
    """A fleet with one instance, a controller's settings, and who is notified."""

    stage: Stage
    receiver: Receiver
    url: str

    def once(self) -> subprocess.CompletedProcess[str]:
        """The controller, once through."""
        variables = {
            "MOLTHUB_DATABASE_URL": self.url,
            "MOLTHUB_NOTIFY_URL": self.receiver.url,
            "MOLTHUB_NOTIFY_KEY": KEY,
            "MOLTHUB_CACHE_DIR": str(self.stage.home / "cache"),
        }
        run = ("controller", "run", "--once", "--repo", str(self.stage.repo), "--rollout-poll", "0.2")
        ended = self.stage.molthub(*run, **variables)
        assert "Traceback" not in ended.stderr, ended.stderr
        assert self.receiver.url not in ended.stderr
        return ended

    def events(self, *arguments: str) -> list[dict[str, Any]]:
        told = self.stage.molthub("events", "support-bot", "-o", "json", *arguments, MOLTHUB_DATABASE_URL=self.url)
        assert told.returncode == 0, told.stderr
        found: list[dict[str, Any]] = json.loads(told.stdout)["events"]
        return found

    def told(self) -> list[str]:
        """The kinds of all notices that arrived, in order; each message is signed."""
        kinds = []
        for got in self.receiver.got:
            headers = {name.encode(): value.encode() for name, value in got.headers.items()}
            found = claim(Mode.SIGNED, headers)
            assert found is not None
            assert verify(Mode.SIGNED, [KEY.encode()], found, path=got.path.encode(), body=got.body)
            kinds += [notice["kind"] for notice in json.loads(got.body)["molthub"]["notices"]]
        return kinds


@pytest.fixture
def scene(tmp_path: Path, postgres: RunningPostgres) -> Iterator[Scene]:
    with furnished(tmp_path, speed=60.0) as stage, receiving() as receiver:
        yield Scene(stage, receiver, postgres.url())


def test_the_life_of_an_instance_is_one_timeline(scene: Scene) -> None:
    stage = scene.stage
    stage.commit(bot("support-bot"))
    assert scene.once().returncode == 0
    assert scene.told() == [], "a deployment that goes well is no news"

    hand = Hand(stage, "support-bot", {})
    hand("logs").put_retention_policy(logGroupName=hand.names.log_group, retentionInDays=1)
    drift = stage.molthub("drift")
    assert (drift.returncode, "retention_days: 1, applied was" in drift.stdout) == (1, True)
    assert scene.once().returncode == 0
    assert scene.told() == ["drifted", "recovered"]

    stage.commit(bot("support-bot", runtime={"image": f"{IMAGE}-crash"}))
    assert scene.once().returncode == 1
    assert scene.told() == ["drifted", "recovered", "failed"]
    stopped = scene.events("--type", "task-stopped")
    assert stopped, "each task that crashed"
    assert all("exited with code" in event["message"] and event["actor"] == "aws" for event in stopped)
    assert len({event["resource"] for event in stopped}) == len(stopped)
    types = [event["type"] for event in scene.events()]
    for wanted in ("rollout-completed", "synced", "drift-detected", "drift-healed", "rolled-back"):
        assert wanted in types, wanted
