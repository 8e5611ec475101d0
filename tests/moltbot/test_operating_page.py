"""docs/operating.md, run as it stands: its command blocks in one shell, in an empty HOME, on an empty account.

After each chapter AWS is asked, with plain boto3, whether what it says is so. For
the webhook chapter the Moltbot and its gate are real: a signed request goes through the listener's rules, the gate that
was rendered, and the software from npm.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from molthub.aws.provider import aws_provider_factory
from molthub.gate.signature import sign
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.types import Collaborators, InstanceView
from molthub.policies.registry import builtin_rules
from molthub.simulator.server import RunningSimulator, start_simulator
from molthub.source.repository import open_repository
from tests.fakes.front import Front, running_front
from tests.fakes.gate import outcome
from tests.fakes.page import Shell, blocks_of
from tests.fakes.stage import HASTE, aws_variables
from tests.moltbot.image import Task
from tests.moltbot.install import Installed
from tests.moltbot.relay import relay
from tests.moltbot.test_through_the_gate import gate, inside, wait_for_network

pytestmark = pytest.mark.moltbot

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab"
HOST = "release-bot.bots.example.com"
FAILS = "*:2026.9.7"
"""The version of the page's failing upgrade; on AWS it would be one that really cannot run."""


@dataclass(slots=True)
class Life:
    """What the checks look at. said: what each chapter printed."""

    simulator: RunningSimulator
    home: Path
    folder: Path
    installed: Installed
    app_of: Callable[..., Path]
    said: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name="eu-west-1", endpoint_url=self.simulator.endpoint_url)

    def views(self) -> dict[str, InstanceView]:
        """Every instance by its id, as a fresh process sees it."""
        source = open_repository(str(self.home / "fleet"), ref=None, cache_dir=self.folder / "cache")
        rules = builtin_rules()
        checked = check(source.snapshot(source.fetch()), rules=rules, now=datetime.now(UTC))
        wanted = Collaborators(
            rules=rules, providers=aws_provider_factory(), now=lambda: datetime.now(UTC), source=source
        )
        return {view.identity.id: view for view in plan_fleet(checked, wanted).views}

    def service(self, name: str) -> dict[str, Any]:
        """The one service whose name holds this."""
        ecs = self.client("ecs")
        (cluster,) = ecs.list_clusters()["clusterArns"]
        arns = [arn for arn in ecs.list_services(cluster=cluster)["serviceArns"] if name in arn]
        (found,) = ecs.describe_services(cluster=cluster, services=arns)["services"]
        return dict(found)


@pytest.fixture
def life(
    installed: Installed, app_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Life]:
    place = {
        "accountId": "123456789012",
        "region": "eu-west-1",
        "certificateArn": CERTIFICATE,
        "hostedZoneId": "Z0123456789ABCDEFGHIJ",
        "domain": "bots.example.com",
    }
    with start_simulator(speed=HASTE, environments=[place]) as running:
        running.control.add_image_rule(FAILS, "crash")
        for name, value in aws_variables(running.endpoint_url).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "home").mkdir()
        yield Life(running, tmp_path / "home", tmp_path, installed, app_of)
        assert running.control.violations() == []


@pytest.fixture
def shell(life: Life) -> Iterator[Shell]:
    """A reader's shell: nothing but a PATH with Molthub on it and the variables that point at AWS."""
    molthub = life.folder / "bin" / "molthub"
    molthub.parent.mkdir()
    molthub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m molthub "$@"\n')
    molthub.chmod(0o755)
    variables = {
        **aws_variables(life.simulator.endpoint_url),
        "HOME": str(life.home),
        "PATH": f"{molthub.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PAGE.parents[1]),
        "MOLTHUB_ROLLOUT_POLL": "0.05",
        "NO_COLOR": "1",
    }
    opened = Shell(variables, life.home)
    yield opened
    opened.close()


def everything_shared_is_there(life: Life) -> None:
    (stack,) = life.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["EnableTerminationProtection"] is True
    assert life.client("ecs").list_services(cluster=stack_output(stack, "Cluster"))["serviceArns"] == []


def stack_output(stack: dict[str, Any], key: str) -> str:
    return next(item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == key)


def a_signed_request_is_answered(life: Life) -> None:
    """Listener rules, gate, Moltbot: all but the first are the real thing, started from what AWS was told."""
    view = life.views()["release-bot"]
    assert view.observed is not None
    definition = view.observed.resources.task_definition
    assert definition is not None
    secrets = _values(life, dict(next(one for one in definition.containers if one.name == "gateway").secrets))
    app = life.app_of("2026.9.6", "slack")
    task = Task(folder=life.folder / "task", definition=definition, app=app, node=life.installed.node, secrets=secrets)
    with ExitStack() as stack:
        stack.callback(task.close)
        assert task.run("init", timeout=120) == 0, task.log("init")
        gateway = task.start("gateway")
        wait_for_network(gateway)
        stack.enter_context(gate(task, gateway, life.folder / "gate.log"))
        away = stack.enter_context(relay(lambda *words: inside(gateway, *words), 8080, life.folder / "gate.socket"))
        elb = life.client("elbv2")
        (group,) = elb.describe_target_groups()["TargetGroups"]
        health = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        (target,) = [item["Target"] for item in health if item["TargetHealth"]["State"] == "healthy"]
        (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
        (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        local = {(target["Id"], target["Port"]): away}
        front = stack.enter_context(running_front(life.client, listener["ListenerArn"], local))
        _call(front, (life.home / "hook.key").read_bytes())


def _values(life: Life, wanted: dict[str, str]) -> dict[str, str]:
    """What ECS would inject: the values that the page's commands put into Secrets Manager."""
    manager = life.client("secretsmanager")
    found = {}
    for variable, reference in wanted.items():
        name, _, rest = reference.removeprefix("${secret:").partition("}")
        text = manager.get_secret_value(SecretId=name)["SecretString"]
        key = rest.split(":")[1] if rest else ""
        found[variable] = json.loads(text)[key] if key else text
    return found


def _call(front: Front, key: bytes) -> None:
    deadline = time.monotonic() + 180
    while (first := outcome(front.send(_request(key=key)))) != (200, ""):
        assert first[0] in (502, 503) or first[1] == "timestamp-before-start", first
        assert time.monotonic() < deadline
        time.sleep(1.5)
    assert outcome(front.send(_request(key=None))) == (401, "unsigned")
    assert outcome(front.send(_request(key=b"x" * 32))) == (401, "signature")
    assert outcome(front.send(_request(key=key, host="other.bots.example.com")))[0] == 403
    assert outcome(front.send(_request(key=key, path="/tools/invoke")))[0] == 403
    assert outcome(front.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()))[0] == 403


def _request(*, key: bytes | None, path: str = "/hooks/agent", host: str = HOST) -> bytes:
    body = b'{"message": "1.4.0 is out"}'
    headers = {"Host": host, "Content-Type": "application/json", "Content-Length": str(len(body))}
    if key is not None:
        headers |= sign(key, timestamp=int(time.time()), path=path.encode(), body=body)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def its_state_is_kept(life: Life) -> None:
    """On an encrypted file system of its own, over TLS, with IAM. The mark stands for what the Moltbot learns."""
    (held,) = life.client("efs").describe_file_systems()["FileSystems"]
    assert held["Encrypted"] is True
    definition = _definition(life, "concierge")
    volumes = [one["efsVolumeConfiguration"] for one in definition["volumes"] if "efsVolumeConfiguration" in one]
    assert {one["fileSystemId"] for one in volumes} == {held["FileSystemId"]}
    assert {(one["transitEncryption"], one["authorizationConfig"]["iam"]) for one in volumes} == {
        ("ENABLED", "ENABLED")
    }
    life.simulator.control.write_state(held["FileSystemId"], "learned before the upgrade")


def it_was_backed_up_and_runs_the_new_version(life: Life) -> None:
    assert "is stopped while it is backed up" in life.said["An upgrade"]
    assert _image(life) == "ghcr.io/openclaw/openclaw:2026.9.6"
    assert len(_points(life)) == 1
    (held,) = life.client("efs").describe_file_systems()["FileSystems"]
    life.simulator.control.write_state(held["FileSystemId"], "learned after the upgrade")


def it_stays_back_on_the_state_from_before(life: Life) -> None:
    said = life.said["An upgrade that fails"]
    assert "It failed, and was rolled back." in said
    assert "this very version failed to roll out" in said
    assert "Apply: 2 unchanged; 0 writes." in said
    assert _image(life) == "ghcr.io/openclaw/openclaw:2026.9.6"
    (active,) = {
        one["efsVolumeConfiguration"]["fileSystemId"]
        for one in _definition(life, "concierge")["volumes"]
        if "efsVolumeConfiguration" in one
    }
    marks = life.simulator.control.storage()["fileSystems"][active]
    assert {"learned before the upgrade", "learned after the upgrade"} <= set(marks)
    assert not any("2026.9.7" in mark for mark in marks), "the failed version's migration must not be there"


def its_page_its_log_and_the_link_are_shown(life: Life) -> None:
    said = life.said["How is it?"]
    assert "acme/prod/concierge is healthy" in said
    assert "RUNNING HEALTHY up " in said
    assert "Service events, from AWS:" in said
    assert said.count("molthub-init: the config is valid") == 2, "in the last lines, and by the filter"
    assert "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:" in said.splitlines()[-1]


def a_rename_restarts_nothing(life: Life) -> None:
    said = life.said["Pause, rename"]
    assert "desired_count: 1 -> 0" in said
    assert said.rstrip().endswith("2 instances: 2 Synced.")
    assert life.service("concierge")["runningCount"] == 1


def the_new_token_rolled_out(life: Life) -> None:
    assert "molthub.secret-versions" in life.said["A new token"]
    assert "rollout-completed" in life.said["A new token"]


def nothing_is_left_but_what_was_named(life: Life) -> None:
    account = life.simulator.control.inventory()["123456789012"]
    here = account["eu-west-1"]
    assert here["services"] == {}
    assert [name for name in account["roles"] if name.endswith(("-task", "-exec"))] == []
    assert all(revision["status"] == "INACTIVE" for family in here["taskDefinitions"].values() for revision in family)
    for kind in ("securityGroups", "logGroups", "targetGroups", "listenerRules"):
        assert not [name for name in here[kind] if "concierge" in str(name) or "release-bot" in str(name)], kind
    assert life.client("efs").describe_file_systems()["FileSystems"] == []
    secrets = life.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert [item["Name"] for item in secrets if "DeletedDate" not in item] == []
    assert "stays: the last backup, recovery point arn:aws:backup:" in life.said["The end"]
    assert len(_points(life)) == 4, "of two upgrades, of `molthub backup`, and the last one"


def the_account_is_empty(life: Life) -> None:
    assert life.client("cloudformation").describe_stacks()["Stacks"] == []
    assert _points(life) == []
    assert life.client("ecs").list_clusters()["clusterArns"] == []


def _definition(life: Life, name: str) -> dict[str, Any]:
    arn = life.service(name)["taskDefinition"]
    return dict(life.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"])


def _image(life: Life) -> str:
    return next(
        item["image"] for item in _definition(life, "concierge")["containerDefinitions"] if item["name"] == "gateway"
    )


def _points(life: Life) -> list[str]:
    return list(life.simulator.control.storage()["recoveryPoints"])


CHECKS: dict[str, Callable[[Life], None]] = {
    "What it stands on": everything_shared_is_there,
    "A Telegram bot that remembers": its_state_is_kept,
    "How is it?": its_page_its_log_and_the_link_are_shown,
    "A bot that takes webhooks": a_signed_request_is_answered,
    "An upgrade": it_was_backed_up_and_runs_the_new_version,
    "An upgrade that fails": it_stays_back_on_the_state_from_before,
    "Pause, rename": a_rename_restarts_nothing,
    "A new token": the_new_token_rolled_out,
    "The end": nothing_is_left_but_what_was_named,
    "Taking the base away": the_account_is_empty,
}


def test_the_page_runs_as_it_stands(life: Life, shell: Shell) -> None:
    blocks = blocks_of(PAGE)
    chapters = [block.chapter for block in blocks]
    assert CHECKS.keys() <= set(chapters)
    for number, block in enumerate(blocks):
        said = shell.run(block)
        life.said[block.chapter] = life.said.get(block.chapter, "") + said
        print(f"---- {block.chapter}\n{said}")
        if block.chapter in CHECKS and block.chapter not in chapters[number + 1 :]:
            CHECKS[block.chapter](life)
