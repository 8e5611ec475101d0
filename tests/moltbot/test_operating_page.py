"""docs/operating.md, run as it stands: its command blocks in one shell, in an empty HOME, on an empty account.

After each chapter AWS is asked, with plain boto3, whether what it says is so. For
the webhook chapter the Moltbot and its gate are real: a signed request goes through the listener's rules, the gate that
was rendered, and the software from npm.
"""

from __future__ import annotations

import json
import os
import re
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
from tests.fakes.console import inbound, open_port
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
        source = open_repository(str(self.home / "fleet.git"), ref=None, cache_dir=self.folder / "cache")
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
        (found,) = ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"]
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


def it_is_as_its_template_and_set_said(life: Life) -> None:
    """Image, references to secrets and not their values, the skill; nothing may come in."""
    assert _image(life) == "ghcr.io/openclaw/openclaw:2026.6.11"
    init, gateway = _containers(life)
    said = next(json.loads(item["value"]) for item in init["environment"] if item["name"] == "MOLTHUB_INIT")
    config = json.loads(said["config"])
    assert config["skills"]["allowBundled"] == ["github"]
    assert config["agents"]["defaults"]["model"]["primary"] == "anthropic/claude-sonnet-4-5"
    assert {item["name"] for item in gateway["secrets"]} >= {"MODEL_API_KEY", "TELEGRAM_BOT_TOKEN"}
    for name in ("model.key", "telegram.token"):
        value = (life.home / name).read_text().strip()
        assert value not in str(_definition(life, "concierge"))
        assert value not in "".join(life.said.values())
    assert inbound(life.client("ec2"), fleet="acme-bots", instance="concierge") == []
    its_state_is_kept(life)


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
    assert "RUNNING HEALTHY up " in said
    assert "Service events, from AWS:" in said
    assert re.search(r"gateway/[0-9a-f]{8} .*listening on ws://127\.0\.0\.1:18789", said)
    assert "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:" in said.splitlines()[-1]


def nothing_of_either_person_is_lost(life: Life) -> None:
    said = life.said["The fleet at a glance"]
    assert said.count("Pushed ") == 1
    assert "Nothing to do: it is so already." in said
    assert "acme/prod: 2 instances: 2 Healthy" in said
    assert re.search(r"acme/prod/release-bot +RUNNING +OutOfSync +Healthy", said), "Ana's clone has Ben's commit"


def a_rename_restarts_nothing(life: Life) -> None:
    said = life.said["Rename, pause, restart"]
    before, _, after = said.partition("Pause acme/prod/front-desk")
    assert before.rstrip().endswith("2 instances: 2 Synced.")
    assert "desired_count: 1 -> 0" in after
    assert re.search(r"paused, by ana@example\.com until \S+ \S+: holiday", after)
    assert life.service("concierge")["runningCount"] == 1
    tags = {item["key"]: item["value"] for item in life.service("release-bot")["tags"]}
    assert (tags["team"], tags["tier"]) == ("release", "gold")
    open_port(life.client("ec2"), 22, fleet="acme-bots", instance="concierge")  # what the next chapter is about


def what_somebody_opened_is_shut(life: Life) -> None:
    said = life.said["Drift"]
    assert "That is not ours." in said
    assert "drift-detected" in said
    assert "drift-healed" in said
    assert inbound(life.client("ec2"), fleet="acme-bots", instance="concierge") == []


def everybody_is_named(life: Life) -> None:
    said = life.said["Who did what"]
    assert "acme/prod/front-desk (id concierge), earlier concierge" in said
    assert re.search(r"image-set +image 2026\.6\.11 → 2026\.9\.6", said)
    assert "They differ." in said
    assert re.search(r"Z +Ben +unsigned +create +acme/prod/release-bot", said)
    assert re.search(r"Z +controller .*drift-healed", said)


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


def _containers(life: Life) -> tuple[dict[str, Any], dict[str, Any]]:
    """The concierge's: init and gateway."""
    found = {item["name"]: item for item in _definition(life, "concierge")["containerDefinitions"]}
    return found["init"], found["gateway"]


def _image(life: Life) -> str:
    return str(_containers(life)[1]["image"])


def _points(life: Life) -> list[str]:
    return list(life.simulator.control.storage()["recoveryPoints"])


CHECKS: dict[str, Callable[[Life], None]] = {
    "What it stands on": everything_shared_is_there,
    "A Telegram bot that remembers": it_is_as_its_template_and_set_said,
    "How is it?": its_page_its_log_and_the_link_are_shown,
    "A bot that takes webhooks": a_signed_request_is_answered,
    "The fleet at a glance": nothing_of_either_person_is_lost,
    "An upgrade": it_was_backed_up_and_runs_the_new_version,
    "An upgrade that fails": it_stays_back_on_the_state_from_before,
    "Rename, pause, restart": a_rename_restarts_nothing,
    "Drift": what_somebody_opened_is_shut,
    "Who did what": everybody_is_named,
    "A new token": the_new_token_rolled_out,
    "The end": nothing_is_left_but_what_was_named,
    "Taking the base away": the_account_is_empty,
}


def test_the_page_runs_as_it_stands(life: Life, shell: Shell) -> None:
    blocks = blocks_of(PAGE)
    chapters = [block.chapter for block in blocks]
    assert CHECKS.keys() <= set(chapters)
    for number, block in enumerate(blocks):
        began = time.monotonic()
        said = shell.run(block)
        life.said[block.chapter] = life.said.get(block.chapter, "") + said
        print(f"---- {block.chapter} ({time.monotonic() - began:.0f} s)\n{said}")
        if block.chapter in CHECKS and block.chapter not in chapters[number + 1 :]:
            CHECKS[block.chapter](life)
