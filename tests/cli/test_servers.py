"""`molthub simulator` and `molthub controller run`: how they start, refuse and end. And the documented formats."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.builders import instance_dict
from tests.fakes.cli import Cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_simulator_prints_what_to_export_and_ends_cleanly(cli: Cli, number: signal.Signals) -> None:
    cli.repository.write(instance_dict())
    with subprocess.Popen(
        [sys.executable, "-m", "molthub", "simulator", "--seed", "."],
        cwd=cli.repository.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        exports = dict(re.findall(r"(AWS_[A-Z0-9_]+)=(\S+)", "".join(lines)))
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", exports["AWS_ENDPOINT_URL"])
        ec2 = boto3.client(
            "ec2",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            region_name=exports["AWS_DEFAULT_REGION"],
        )
        found = ec2.describe_vpcs(VpcIds=["vpc-0a1b2c3d4e5f60718"])["Vpcs"]
        assert len(found) == 1, "the fleet's own network is there"
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert said.endswith("Stopped.\n")


def test_a_seed_that_is_no_fleet(cli: Cli) -> None:
    assert "MH-CLI-006" in cli.run("simulator", "--seed", "nowhere").err
    assert "MH-FLEET-001" in cli.run("simulator", "--seed", ".").err


@pytest.mark.parametrize("command", ["simulator", "demo"])
def test_without_the_extra(command: str, tmp_path: Path) -> None:
    program = (
        "import sys\nsys.modules['moto'] = None\nfrom molthub.cli.main import run\nsys.exit(int(run(sys.argv[1:])))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, command],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "MH-CLI-009" in ended.stderr
    assert "pip install 'molthub[demo]'" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--workers", "0"], 2, "--workers or MOLTHUB_WORKERS"),
        (["--poll-interval", "-1"], 2, "--poll-interval or MOLTHUB_POLL_INTERVAL"),
        (["--environment", "prod"], 1, "MH-CTRL-001"),
        (["--database-url", "postgresql://x"], 1, "MH-STATE-001"),
    ],
)
def test_a_controller_that_cannot_start(cli: Cli, arguments: list[str], code: int, message: str) -> None:
    ended = cli.run("controller", "run", "--once", *arguments)
    assert (ended.code, message in ended.err) == (code, True), ended.err


def test_every_format_is_documented() -> None:
    sources = [path.read_text() for folder in ("cli", "molthub/planning") for path in (ROOT / folder).rglob("*.py")]
    formats = set(re.findall(r'"(molthub\.dev/[a-z-]+/v[0-9]+)"', "\n".join(sources)))
    page = (ROOT / "docs/reference/json.md").read_text()
    headings = "".join(line for line in page.splitlines() if line.startswith("## "))
    documented = set(re.findall(r"`(molthub\.dev/[a-z-]+/v[0-9]+)`", headings))
    assert formats == documented
