"""What people meet first when something is not set up: one clear line with a reference, and nothing written."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from tests.builders import environment_dict
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import AWS, Stage, furnished

FLEET = [bot("support-bot"), bot("second")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        yield made


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def refused(stage: Stage, command: str, **variables: str) -> str:
    """Runs a command that must fail with clear words and without a write; its whole output."""
    stage.control.reset_counters()
    flags = ("--detailed-exitcode",) if command == "plan" else ("--auto-approve",)
    ended = stage.molthub(command, *flags, **variables)
    text = ended.stdout + ended.stderr
    assert ended.returncode not in (0, 70), text
    assert "Traceback" not in text
    assert "testing" not in text  # the secret key
    assert stage.writes() == []
    assert re.search(r"\bMH-[A-Z]+-\d{3}\b", text), text
    return text


COMMANDS = ["plan", "apply"]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_credentials(stage: Stage, command: str) -> None:
    stage.commit(*FLEET)
    text = refused(stage, command, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "MH-AWS-001" in text
    assert "credentials" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_the_wrong_account(stage: Stage, command: str) -> None:
    stage.commit(environment_dict(spec={"aws": {"accountId": "999999999999"}}), *FLEET)
    text = refused(stage, command)
    assert "999999999999" in text
    assert AWS["accountId"] in text


@pytest.mark.parametrize("command", COMMANDS)
def test_an_endpoint_that_nobody_answers(stage: Stage, command: str) -> None:
    stage.commit(*FLEET)
    refused(stage, command, AWS_ENDPOINT_URL=f"http://127.0.0.1:{unused_port()}")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_region_that_does_not_hold_the_cluster(stage: Stage, command: str) -> None:
    stage.commit(environment_dict(spec={"aws": {"region": "eu-central-1"}}), *FLEET)
    text = refused(stage, command)
    assert "molthub-acme-prod" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_an_expired_token(stage: Stage, command: str) -> None:
    stage.commit(*FLEET)
    stage.control.add_fault("expired-token", times=None)
    try:
        text = refused(stage, command)
    finally:
        stage.control.clear_faults()
    assert "expired" in text


def test_the_cause_comes_first(stage: Stage) -> None:
    """Before all the instances and kinds of reads that suffer from it."""
    stage.commit(*FLEET)
    ended = stage.molthub("plan", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert ended.stdout.splitlines()[0] == "error: MH-AWS-001 There are no AWS credentials"
