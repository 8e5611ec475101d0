"""The real Moltbot, started exactly as rendered: init, then the gateway, per version and channel.

What is rendered is what runs: commands, users, capabilities, variables, mounts and their modes, a read-only root, the
health check. Slack's and Telegram's servers are out of reach, which no health check may mind.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from molthub.desired.payload import config_of_payload
from molthub.desired.profiles import registry
from molthub.desired.render import Rendered
from tests.fakes.desired import CHANNEL_SECRETS, MODEL_KEY, REMOVED, containers_of, rendered
from tests.moltbot.image import Task, wait_until_healthy
from tests.moltbot.install import MOLTBOT_VERSIONS, Installed
from tests.moltbot.judge import dummy
from tests.moltbot.test_config_is_accepted import IMAGES, with_wrong_key

pytestmark = pytest.mark.moltbot

HOOKS = {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent", "/hooks/github"]}
FETCH = """
const ask = async ([path, method, token]) => {
  const headers = token ? { authorization: 'Bearer ' + token } : {};
  const body = method === 'POST' ? JSON.stringify({ message: 'hello' }) : undefined;
  if (body) headers['content-type'] = 'application/json';
  return (await fetch('http://127.0.0.1:18789' + path, { method, headers, body })).status;
};
Promise.all(JSON.parse(process.argv[1]).map(ask)).then((found) => console.log(JSON.stringify(found)));
"""

SLOW_STOPS = {
    ("2026.9.6", "telegram"): "while Telegram's servers do not answer, it releases its polling lease within seconds and"
    " then waits for its own 325 s budget, which nothing outside systemd can shorten; Fargate ends it after 120 s"
}
"""Where a stop takes longer than Fargate allows, and why; what must happen before that is asserted."""

Launch = Callable[[str, Rendered], Task]


def bot(version: str, channel: str) -> Rendered:
    """A Moltbot of one channel."""
    secrets = CHANNEL_SECRETS[channel]
    block = HOOKS if channel == "webhook" else {key: {"secret": name} for key, name in secrets.items()}
    return rendered(
        runtime={"image": IMAGES[version]},
        secrets=[MODEL_KEY, *({"name": name, "key": f"acme/prod/bot#{name}"} for name in secrets.values())],
        channels={"telegram": REMOVED, channel: block},
        skills={"allowlist": ["github"]},
    )


@pytest.fixture
def launch(installed: Installed, app_of: Callable[..., Path], tmp_path: Path) -> Iterator[Launch]:
    """(version, what is rendered) → a task with fresh volumes, stopped at the end whatever happens."""
    tasks: list[Task] = []

    def make(version: str, result: Rendered) -> Task:
        definition = result.resources.task_definition
        assert definition is not None
        secrets = {name: dummy(name) for name, _ in containers_of(result)[1].secrets}
        app = app_of(version, "slack")
        task = Task(folder=tmp_path, definition=definition, app=app, node=installed.node, secrets=secrets)
        tasks.append(task)
        return task

    yield make
    for task in tasks:
        task.close()


def statuses(task: Task, gateway: subprocess.Popen[bytes], *asked: tuple[str, str, str]) -> list[int]:
    """The HTTP statuses of requests (path, method, bearer token) made from inside the task."""
    done = task.execute(gateway, "gateway", ["node", "-e", FETCH, json.dumps(asked)])
    assert done.returncode == 0, done.stderr.decode()
    found: list[int] = json.loads(done.stdout)
    return found


def wait_until_started(task: Task, gateway: subprocess.Popen[bytes], *, timeout: float) -> None:
    """Until its plugins and channels are up: before, every path but the probes answers 503."""
    for _ in range(int(timeout)):
        if statuses(task, gateway, ("/", "GET", "")) != [503]:
            return
        time.sleep(1)  # each look is a Node of its own, which takes time from the gateway that it waits for
    raise AssertionError(task.log("gateway")[-3000:])


@pytest.mark.parametrize("channel", sorted(CHANNEL_SECRETS))
@pytest.mark.parametrize("version", MOLTBOT_VERSIONS)
def test_it_starts_becomes_healthy_and_stays_closed(version: str, channel: str, launch: Launch) -> None:
    result = bot(version, channel)
    task = launch(version, result)
    assert task.run("init", timeout=120) == 0, task.log("init")
    assert task.stat_volume("config", "openclaw.json") == "1000 600"
    assert {task.stat_volume(volume) for volume in ("state", "keys", "cache")} == {"1000 700"}
    before = task.read_volume("config", "openclaw.json")
    assert before.decode() == config_of_payload(dict(task.container("init").environment)["MOLTHUB_INIT"])

    gateway = task.start("gateway")
    wait_until_healthy(task, gateway, timeout=150)
    wait_until_started(task, gateway, timeout=120)
    assert statuses(task, gateway, ("/", "GET", ""), ("/chat", "GET", ""), ("/terminal", "GET", "")) == [404] * 3
    expected = 401 if channel == "webhook" else 404
    asked = ("/hooks/agent", "/hooks/github", "/hooks/wake")
    assert statuses(task, gateway, *((path, "POST", "") for path in asked)) == [expected] * 3
    assert statuses(task, gateway, ("/tools/invoke", "POST", "")) == [401]
    if channel == "webhook":
        assert statuses(task, gateway, ("/hooks/wake", "POST", dummy("HOOK_TOKEN")))[0] != 401
    else:
        wait_for_line(task, f'channels/{channel}","message":"[default] starting provider"', timeout=60)
    assert "Failed to install" not in task.log("gateway")
    assert task.read_volume("config", "openclaw.json") == before
    stops(task, gateway, version=version, channel=channel)


def wait_for_line(task: Task, line: str, *, timeout: int) -> None:
    """Until the gateway has logged it."""
    for _ in range(timeout):
        if line in task.log("gateway"):
            return
        time.sleep(1)
    message = f"{line} was never logged:\n{task.log('gateway')[-3000:]}"
    raise AssertionError(message)


def stops(task: Task, gateway: subprocess.Popen[bytes], *, version: str, channel: str) -> None:
    """SIGTERM ends it with exit code 0 within Fargate's 120 seconds, but for what SLOW_STOPS names."""
    if (version, channel) not in SLOW_STOPS:
        assert task.stop(gateway, timeout=120) == 0
        assert "received SIGTERM; shutting down" in task.log("gateway")
        return
    task.terminate(gateway)
    wait_for_line(task, "released stopped Telegram polling lease", timeout=60)


@pytest.mark.parametrize("version", MOLTBOT_VERSIONS)
def test_a_wrong_config_fails_init_with_the_reason(
    version: str, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = registry.assumed_profile(IMAGES[version])
    wrong = dataclasses.replace(right, config=with_wrong_key(right.config, "gateway"))
    monkeypatch.setattr(registry, "PROFILES", (wrong,))
    task = launch(version, bot(version, "telegram"))
    assert task.run("init", timeout=120) == 1
    assert "molthub-init: the Moltbot refuses its config" in task.log("init")
    assert '"path"' in task.log("init")
    assert "gateway" in task.log("init")
