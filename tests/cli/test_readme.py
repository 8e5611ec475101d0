"""README.md, run as it stands: from an empty folder to a paused, renamed, rolled back and audited Moltbot.

Its command blocks run in one shell, in an empty HOME, on an empty account of the simulator; then AWS and Git are asked
whether what the page says is so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from molthub.simulator.server import RunningSimulator, start_simulator
from tests.fakes.page import Shell, blocks_of
from tests.fakes.stage import HASTE, aws_variables

ROOT = Path(__file__).parents[2]
PERSON = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
}


@pytest.fixture
def account() -> Iterator[RunningSimulator]:
    with start_simulator(speed=HASTE, environments=[]) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def shell(account: RunningSimulator, tmp_path: Path) -> Iterator[Shell]:
    molthub = tmp_path / "bin" / "molthub"
    molthub.parent.mkdir()
    molthub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m molthub "$@"\n')
    molthub.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    variables = aws_variables(account.endpoint_url) | PERSON
    variables |= {"HOME": str(home), "PATH": f"{molthub.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    opened = Shell(variables | {"MOLTHUB_ROLLOUT_POLL": "0.05", "NO_COLOR": "1"}, home)
    yield opened
    opened.close()


def test_the_page_as_it_stands(account: RunningSimulator, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, str] = {}
    for block in blocks_of(ROOT / "README.md"):
        said[block.chapter] = shell.run(block)
    assert len(said) == 4
    assert "0 errors" in said["A fleet, and what it stands on"]
    assert "acme/prod/concierge  RUNNING  Synced  Healthy" in said["A Moltbot"]
    done = said["Every action is a commit"]
    assert "Paused      by ana@example.com until" in done
    assert "acme/prod/front-desk: reached" in done
    answers = said["Every question has an answer"]
    for action in ("rollback", "image-set", "label", "rename", "resume", "pause", "create", "bootstrap"):
        assert f" {action} " in answers, action
    assert "listening on ws://127.0.0.1:18789" in answers

    fleet = shell.home / "my-fleet"
    log = subprocess.run(["git", "log", "--format=%an %s"], cwd=fleet, capture_output=True, text=True, check=True)
    assert log.stdout.splitlines()[0].startswith("Ana Roll acme/prod/front-desk back to ")
    assert len(log.stdout.splitlines()) == 9
    for name, value in aws_variables(account.endpoint_url).items():
        monkeypatch.setenv(name, value)
    ecs = boto3.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    (service,) = ecs.describe_services(cluster=cluster, services=ecs.list_services(cluster=cluster)["serviceArns"])[
        "services"
    ]
    assert service["runningCount"] == 1
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    assert {one["image"] for one in task["containerDefinitions"]} == {"ghcr.io/openclaw/openclaw:2026.9.6"}
    for path in ("model.key", "bot.token"):
        value = (shell.home / path).read_text().strip()
        assert value not in "".join(said.values())
        found = subprocess.run(["git", "log", f"-S{value}"], cwd=fleet, capture_output=True, check=True)
        assert found.stdout == b""
