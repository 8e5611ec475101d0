"""Every AWS error that a person can meet: one clear line with its reference, the next step, and exit code 1.

The real command line in this process, against the simulator; a command's providers are made anew each time.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.config import Config

from molthub.aws import clients
from molthub.cli.main import run
from tests.builders import environment_dict
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import AWS, Stage, furnished

SECRET_KEY = "testing"
ROLE = "arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        made.client("iam").create_role(
            RoleName="reconciler",
            Path="/molthub/acme-bots/",
            AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},'
            '"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"theirs"}}}]}',
        )
        yield made


@dataclass(slots=True)
class Shell:
    """A person's shell in the fleet's repository."""

    stage: Stage
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    home: Path

    def run(self, *arguments: str) -> tuple[int, str]:
        self.capsys.readouterr()
        code = run(arguments)
        captured = self.capsys.readouterr()
        return int(code), captured.out + captured.err

    def fault(self, kind: str, operation: str = "*") -> None:
        self.stage.control.add_fault(kind, operation=operation, times=None)

    def config(self, text: str, profile: str = "work") -> None:
        """An AWS configuration file instead of keys in the environment."""
        path = self.home / "aws-config"
        path.write_text(text)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.monkeypatch.delenv(name)
        self.monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        self.monkeypatch.setenv("AWS_PROFILE", profile)

    def location(self, **aws: str) -> None:
        self.stage.commit(environment_dict(spec={"aws": {**AWS, **aws}}), bot("support-bot"))


@pytest.fixture
def shell(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Shell]:
    patient = clients.CONFIG
    monkeypatch.setattr(clients, "CONFIG", patient.merge(Config(retries={"total_max_attempts": 1})))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(stage.repo)
    made = Shell(stage, capsys, monkeypatch, tmp_path)
    made.location()
    stage.control.reset_counters()
    yield made
    stage.control.clear_faults()


def nobody_there() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def no_keys(shell: Shell) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        shell.monkeypatch.delenv(name)


def half_a_key(shell: Shell) -> None:
    shell.monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def test_a_quota_of_the_account(shell: Shell) -> None:
    """Before the tests that move the environment about: a history with a move in it is Blocked."""
    shell.fault("quota", "iam:CreateRole")
    code, text = shell.run("apply", "--auto-approve")
    assert code == 1
    assert "MH-AWS-008 A quota of the account is used up: iam:CreateRole" in text
    assert "fix: Ask for a higher quota in Service Quotas, or remove what is not needed" in text


def test_fargates_vcpus(shell: Shell) -> None:
    shell.stage.control.set_quota("fargate", "L-3032A538", 0.5)
    shell.stage.control.set_speed(2000)
    try:
        code, told = shell.run("doctor")
        assert code == 1
        assert "MH-DOC-004 the fleet needs 1 Fargate vCPUs running at once, and the account may have 0.5" in told
        code, text = shell.run("apply", "--auto-approve")
    finally:
        shell.stage.control.set_speed(1)
    assert code == 1
    assert "You've reached the limit on the number of vCPUs you can run concurrently" in text
    assert "fix: Ask for more Fargate vCPUs in Service Quotas; `molthub doctor` compares them" in text


SSO = (
    "[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Dev\n"
    "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example.com/start\n"
)

ERRORS: dict[str, tuple[Callable[[Shell], None], str, str]] = {
    "no credentials": (no_keys, "MH-AWS-001", "There are no AWS credentials"),
    "half a key": (half_a_key, "MH-AWS-001", "The AWS credentials are incomplete: AWS_SECRET_ACCESS_KEY is missing"),
    "an unknown profile": (lambda s: s.config("[default]\n"), "MH-AWS-001", "There is no AWS profile 'work'"),
    "a broken configuration": (
        lambda s: s.config("[profile work\nx"),
        "MH-AWS-001",
        "The AWS configuration cannot be used",
    ),
    "a signed-out session": (
        lambda s: s.config(SSO),
        "MH-AWS-002",
        "single sign-on session has expired, or never began",
    ),
    "an expired token": (lambda s: s.fault("expired-token"), "MH-AWS-002", "The AWS credentials have expired"),
    "an unknown key": (
        lambda s: s.fault("invalid-token"),
        "MH-AWS-001",
        "AWS does not accept the credentials (InvalidClientTokenId)",
    ),
    "a wrong clock": (lambda s: s.fault("clock-skew"), "MH-AWS-060", "The clock of this machine is wrong"),
    "the wrong account": (
        lambda s: s.location(accountId="999999999999"),
        "MH-AWS-004",
        "The Environment is in account 999999999999, but the credentials belong to account 123456789012",
    ),
    "a role of another": (
        lambda s: s.location(roleArn=ROLE, externalId="mine"),
        "MH-AWS-021",
        f"The role {ROLE} cannot be assumed (AccessDenied)",
    ),
    "denied": (
        lambda s: s.fault("access-denied", "ecs:ListServices"),
        "MH-AWS-003",
        "AWS denies ecs:ListServices",
    ),
    "throttled": (lambda s: s.fault("throttle", "ecs:*"), "MH-AWS-005", "AWS throttles ecs:ListServices"),
    "a region that is off": (
        lambda s: s.fault("region-off"),
        "MH-AWS-007",
        "The region is not enabled for this account: sts:GetCallerIdentity was refused (OptInRequired)",
    ),
    "nobody answers": (
        lambda s: s.monkeypatch.setenv("AWS_ENDPOINT_URL", nobody_there()),
        "MH-AWS-006",
        "AWS cannot be reached: sts:GetCallerIdentity got no answer from http://127.0.0.1:",
    ),
    "a broken AWS": (lambda s: s.fault("unavailable", "ecs:*"), "MH-AWS-012", "AWS itself failed at ecs:ListServices"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_one_clear_line_and_the_next_step(shell: Shell, name: str) -> None:
    happen, ref, message = ERRORS[name]
    happen(shell)
    shell.stage.control.reset_counters()
    command = ("plan", "status", "apply --auto-approve")[list(ERRORS).index(name) % 3]
    code, text = shell.run(*command.split())
    assert code == 1, text
    assert "Traceback" not in text
    assert SECRET_KEY not in text
    if command != "status":  # a table, whose reason is the message
        assert len(re.findall(rf"^error: {ref} .*{re.escape(message)}", text, re.MULTILINE)) == 1, text
    assert message in text
    assert set(shell.stage.writes()) <= {"sts:AssumeRole"}
    shell.monkeypatch.setenv("COLUMNS", "200")
    code, told = shell.run("doctor")
    assert code == 1
    assert re.search(rf"FAIL +\w+ +{ref} .*\n +fix: \S", told), told
