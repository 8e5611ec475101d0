"""The life of docs/operating.md on a real AWS account, and what no simulator proves.

Opt-in: `make acceptance-aws`. It takes about an hour, costs a few dollars, and takes away what it made, also when it
fails. What is looked at beside the page's own commands: file systems that are really mounted, a load balancer that
really decides, how ECS's circuit breaker really counts.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from molthub.gate.signature import sign
from tests.acceptance.account import CLEAN_UP, Account, account
from tests.fakes.console import inbound, open_port
from tests.fakes.page import Block, Shell, blocks_of

pytestmark = pytest.mark.acceptance

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
BREAKER_COUNT = 2
DNS_SECONDS = 600


@dataclass(slots=True)
class Run:
    """One run. done: the page's last chapter came to its end."""

    account: Account
    shell: Shell
    home: Path
    done: bool = False

    def service(self, name: str) -> dict[str, Any]:
        ecs = self.account.client("ecs")
        clusters = [arn for arn in ecs.list_clusters()["clusterArns"] if "/molthub-acme-prod-" in arn]
        for cluster in clusters:
            arns = [arn for arn in ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"] if name in arn]
            found = ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"] if arns else []
            for item in found:
                if {"key": "molthub:fleet", "value": self.account.fleet} in item["tags"]:
                    return dict(item)
        raise LookupError(name)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    mine = account()
    molthub = tmp_path / "bin" / "molthub"
    molthub.parent.mkdir()
    molthub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m molthub "$@"\n')
    molthub.chmod(0o755)
    (tmp_path / "home").mkdir()
    variables = {name: text for name, text in os.environ.items() if not name.startswith(("MOLTHUB_", "GIT_"))}
    config = str(Path(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")).expanduser())
    credentials = str(Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser())
    variables |= {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials}
    variables |= {"HOME": str(tmp_path / "home"), "PATH": f"{molthub.parent}:{os.environ['PATH']}"}
    variables |= {"PYTHONPATH": str(PAGE.parents[1]), "NO_COLOR": "1"}
    shell = Shell(variables, tmp_path / "home")
    started = Run(mine, shell, tmp_path / "home")
    yield started
    shell.close()
    if not started.done:
        again = Shell(variables, tmp_path / "home")
        print(again.run(Block("clean up", 0, CLEAN_UP)))
        again.close()
    assert mine.left() == [], "these are still there; they carry the tag molthub:fleet of this run"


def its_file_system_is_mounted(run: Run) -> None:
    """Both of its directories: the task is healthy only if init could prepare them and the Moltbot write there."""
    service = run.service("concierge")
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    told = run.account.client("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])
    volumes = [one for one in told["taskDefinition"]["volumes"] if "efsVolumeConfiguration" in one]
    assert volumes
    assert all(one["efsVolumeConfiguration"]["transitEncryption"] == "ENABLED" for one in volumes)


def the_load_balancer_decides(run: Run) -> None:
    """By its rules before the gate, and the gate before the Moltbot."""
    if os.environ.get("AWS_ENDPOINT_URL"):
        print("no load balancer is called: AWS_ENDPOINT_URL is set")
        return
    host, key = f"release-bot.{run.account.values['DOMAIN']}", (run.home / "hook.key").read_bytes()
    ask = _asker(host)
    deadline = time.monotonic() + DNS_SECONDS
    while (status := _tried(ask, "POST", "/hooks/agent", key)) != http.client.OK:
        assert time.monotonic() < deadline, status
        time.sleep(10)
    assert ask("POST", "/hooks/agent", None) == http.client.UNAUTHORIZED
    for method, path in (("GET", "/"), ("POST", "/tools/invoke"), ("POST", "/HOOKS/agent"), ("GET", "/hooks/agent")):
        assert ask(method, path, key) == http.client.FORBIDDEN, (method, path)
    for path in ("/hooks/agent/../../tools/invoke", "//hooks/agent", "/hooks/%61gent"):
        assert ask("POST", path, key) in (http.client.FORBIDDEN, http.client.NOT_FOUND, http.client.BAD_REQUEST), path


Ask = Callable[[str, str, bytes | None], int]


def _asker(host: str) -> Ask:
    def ask(method: str, path: str, key: bytes | None) -> int:
        body = b'{"message": "acceptance"}'
        signed = {} if key is None else sign(key, timestamp=int(time.time()), path=path.encode(), body=body)
        connection = http.client.HTTPSConnection(host, timeout=60, context=ssl.create_default_context())
        connection.request(method, path, body=body, headers={"Content-Type": "application/json", **signed})
        return connection.getresponse().status

    return ask


def _tried(ask: Ask, method: str, path: str, key: bytes) -> int | str:
    try:
        return ask(method, path, key)
    except OSError as error:  # the name is not known yet
        return str(error)


def the_breaker_counts_to_two(run: Run) -> None:
    service = run.service("concierge")
    told = run.account.client("ecs").list_service_deployments(
        service=service["serviceArn"], cluster=service["clusterArn"]
    )
    arns = [item["serviceDeploymentArn"] for item in told["serviceDeployments"]]
    deployments = run.account.client("ecs").describe_service_deployments(serviceDeploymentArns=arns[:20])[
        "serviceDeployments"
    ]
    breakers = [one["deploymentCircuitBreaker"] for one in deployments if "deploymentCircuitBreaker" in one]
    assert BREAKER_COUNT in {one["failureCount"] for one in breakers}, breakers
    assert {one["threshold"] for one in breakers} == {BREAKER_COUNT}


def somebody_opens_a_port(run: Run) -> None:
    """What the chapter on drift is about."""
    open_port(run.account.client("ec2"), 22, fleet=run.account.fleet, instance="concierge")


def it_is_shut_again(run: Run) -> None:
    assert inbound(run.account.client("ec2"), fleet=run.account.fleet, instance="concierge") == []


CHECKS: dict[str, Callable[[Run], None]] = {
    "A Telegram bot that remembers": its_file_system_is_mounted,
    "A bot that takes webhooks": the_load_balancer_decides,
    "An upgrade that fails": the_breaker_counts_to_two,
    "Rename, pause, restart": somebody_opens_a_port,
    "Drift": it_is_shut_again,
}


def test_the_life_of_two_moltbots(run: Run) -> None:
    blocks = blocks_of(PAGE)
    chapters = [block.chapter for block in blocks]
    assert CHECKS.keys() <= set(chapters)
    for number, block in enumerate(blocks):
        began = time.monotonic()
        print(f"---- {block.chapter}\n{run.shell.run(run.account.block(block))}", flush=True)
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
        if block.chapter in CHECKS and block.chapter not in chapters[number + 1 :]:
            CHECKS[block.chapter](run)
    run.done = True
