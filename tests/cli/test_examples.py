"""Every example of every command's help, run as it is written: by a shell, in a clone of the fleet that they are about.

AWS is in memory (fakes/cloud_of_cast.py), or the simulator where the real adapters are the point. Each example begins
from the same repository, and from the same cloud in memory.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from molthub.events.types import Event, EventType
from molthub.simulator.server import RunningSimulator, start_simulator
from molthub.state.store import open_store
from tests.fakes.bases import CERTIFICATE
from tests.fakes.cast import lay_out
from tests.fakes.clock import START
from tests.fakes.cloud_of_cast import SECRETS
from tests.fakes.examples import every_example
from tests.fakes.fleet import identity
from tests.fakes.gate import KEY, running_gate
from tests.fakes.git_repositories import git
from tests.fakes.receiver import receiving
from tests.fakes.stage import HASTE, aws_variables
from tests.fakes.typing_person import Ended, typed, unattended
from tests.fakes.warm import warm_molthub

EXAMPLES = every_example()
SECONDS = 120.0
"""After which an example is taken for one that hangs."""

NOT_RUN: Mapping[str, str] = {
    "molthub demo": "tests/cli/test_demo.py runs it with -o json and --keep, once: it takes long",
    "molthub demo --keep": "there, too",
    "molthub demo -o json": "there, too",
}

CODES: Mapping[str, tuple[int, str]] = {
    "molthub diff HEAD~1": (1, "the commits differ"),
    "molthub diff HEAD~1 main --instance support-bot -o unified": (1, "the commits differ"),
    "molthub webhook test release-bot": (3, "no load balancer answers at a name of example.com"),
}

ON_AWS = ("molthub bootstrap --environment", "molthub backup", "molthub restore", "molthub controller run")
"""How those begin that are run on the simulator."""

ENTER, TOKEN = "", "xoxb-of-a-person"
TWICE = (("not shown", TOKEN), ("The same again", TOKEN))
KEY_ASKED = (("Key: ", KEY.decode()),)
NEWER = "molthub image set support-bot registry.example.com/acme/openclaw-slack:2026.9.7"
MADE = ("molthub bootstrap --environment acme/prod --yes", "molthub apply --environment acme/prod --yes")

BEFORE: Mapping[str, tuple[str, ...]] = {
    "molthub access": ("cp ../access.yaml . && git add access.yaml && git commit --quiet -m 'Say who may do what'",),
    "molthub apply": (NEWER,),
    "molthub apply plan.json": ("molthub plan --environment acme/prod --out plan.json",),
    "molthub resume": ('molthub pause -l team=support --reason "holiday" --yes',),
    "molthub template import slack-bot.yaml": ("molthub template export slack-bot --out slack-bot.yaml",),
    "molthub bootstrap --environment acme/dev --destroy": ("molthub bootstrap --environment acme/dev --yes",),
    "molthub controller run --once": MADE,
    "molthub backup": MADE,
    "molthub restore": (*MADE, "molthub backup support-bot"),
}
"""What somebody did who comes to an example that begins so."""

WITH_CONTROLLER = next(one for one in EXAMPLES if "--with-controller" in one)

ASKED: Mapping[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(
        (
            "molthub apply",
            "molthub apply plan.json",
            "molthub bootstrap --environment acme/prod",
            WITH_CONTROLLER,
            "molthub bootstrap --environment acme/dev --destroy",
            "molthub delete acme/dev/old-bot",
            "molthub restore support-bot --from latest",
            "molthub restore support-bot --confirm",
            "molthub secret delete acme/prod/old-bot --environment acme/prod --recovery-days 7",
            "molthub secret delete acme/prod/model#openai --environment acme/prod",
        ),
        (("Enter a value", "yes"),),
    ),
    "molthub secret set support-bot SLACK_BOT_TOKEN": TWICE,
    "molthub secret rotate support-bot SLACK_BOT_TOKEN": TWICE,
    "molthub webhook sign /hooks/agent --body message.json": KEY_ASKED,
    "molthub webhook test release-bot": KEY_ASKED,
    "molthub create help-bot --template telegram-bot --environment acme/prod": (
        ("MODEL_API_KEY", ENTER),
        ("TELEGRAM_BOT_TOKEN", TOKEN),
        ("The same again", TOKEN),
        ("Commit and push this", ENTER),
    ),
    "molthub create": (
        ("Template", "telegram-bot"),
        ("Environment", "acme/prod"),
        ("Name", "help-bot"),
        ("image", ENTER),
        ("model", ENTER),
        ("cpu", ENTER),
        ("memory", ENTER),
        ("logLevel", ENTER),
        ("modelApiKey", ENTER),
        ("MODEL_API_KEY, stored", ENTER),
        ("TELEGRAM_BOT_TOKEN, stored", TOKEN),
        ("The same again", TOKEN),
        ("Commit and push this", ENTER),
    ),
}
"""What a person at a terminal is asked, and answers."""

NOTIFY = "molthub controller notify-test"
"""What reads MOLTHUB_NOTIFY_URL."""

UNTIL: Mapping[str, tuple[str, int]] = {
    "molthub validate --watch": ("0 errors", 130),
    "molthub status -l team=support --watch": ("support-bot", 130),
    "molthub logs support-bot --follow --since 10m": ("line 10", 130),
    "molthub events --follow": ("it did", 130),
    "molthub controller run --repo https://git.example.com/acme/fleet.git": ("support-bot", 0),
    "molthub simulator --seed manifests-example": ("Ctrl-C ends it", 0),
    "molthub simulator --port 5000": ("Ctrl-C ends it", 0),
}
"""What goes on until Ctrl-C: what it says when it is well under way, and the code that it ends with."""


@dataclass(slots=True)
class World:
    """home: where everything of an example lies; whole: what it is reset to."""

    home: Path
    whole: Path
    variables: dict[str, str]
    places: dict[str, str]
    simulator: RunningSimulator
    on_aws: dict[str, str]
    exported: dict[str, dict[str, str]]
    done: set[str] = field(default_factory=set)

    def reset(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.whole, self.home, symlinks=True)

    def run(self, example: str) -> Ended:
        variables = self.variables | (self.on_aws if example.startswith(ON_AWS) else {})
        variables |= self.exported.get(example, {})
        self._prepare(example, variables)
        text = example
        for written, here in self.places.items():
            text = text.replace(written, here)
        shell = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", text]
        cwd = self.home / ("new" if example.startswith("molthub init") else "fleet")
        if example in ASKED:
            return typed(shell, cwd=cwd, variables=variables, answers=ASKED[example], seconds=SECONDS)
        if example in UNTIL:
            return typed(shell, cwd=cwd, variables=variables, until=UNTIL[example][0], seconds=SECONDS)
        return unattended(shell, cwd=cwd, variables=variables, seconds=SECONDS)

    def _prepare(self, example: str, variables: Mapping[str, str]) -> None:
        for command in (one for begin, listed in BEFORE.items() if example.startswith(begin) for one in listed):
            if command in self.done:
                continue
            ended = unattended(["bash", "-c", command], cwd=self.home / "fleet", variables=variables, seconds=SECONDS)
            assert ended.code == 0, f"{command}\n{ended.said}"
            if command in MADE:
                self.done.add(command)  # the simulator does not forget


def _remember(path: Path) -> None:
    """A controller's database with some events in it."""
    with closing(open_store(f"sqlite:///{path}")) as store:
        for hours, kind in ((30, EventType.SYNCED), (3, EventType.TASK_STOPPED), (2, EventType.RECOVERED)):
            store.add_event(Event(START - timedelta(hours=hours), identity(), kind, "it did", "controller"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _variables(home: Path) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("MOLTHUB_", "AWS_", "GIT_"))}
    return kept | {
        "HOME": str(home),
        "PATH": f"{home}/bin:{os.environ['PATH']}",
        "EDITOR": "code",
        "NO_COLOR": "1",
        "TERM": "xterm",
        "MOLTHUB_DATABASE_URL": f"sqlite:///{home}/molthub.db",
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("examples")
    home, whole = folder / "home", folder / "whole"
    lay_out(home)
    _remember(home / "molthub.db")
    account = {"accountId": "123456789012", "region": "eu-west-1", "certificateArn": CERTIFICATE}
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        gate = stack.enter_context(running_gate(now=START.timestamp() - 10))
        commit = git(home / "fleet", "rev-parse", "HEAD")
        molthub = stack.enter_context(warm_molthub(folder, commit=commit))
        simulator = stack.enter_context(start_simulator(speed=HASTE, environments=[account], secrets=SECRETS))
        (home / "bin" / "molthub").symlink_to(molthub)
        (home / "fleet" / "slack-url").write_text(receiver.url)
        home.rename(whole)
        places = {
            "--repo https://git.example.com/acme/fleet.git": f"--repo {home}/origin.git",
            "--url https://release-bot.bots.example.com/": f"--url http://127.0.0.1:{gate.port}/",
            "--port 5000": f"--port {free_port()}",
            "/etc/": f"{home}/etc/",
            "/var/lib/": f"{home}/var/lib/",
        }
        aws = aws_variables(simulator.endpoint_url) | {"MOLTHUB_TEST_CLOUD": "aws", "MOLTHUB_ROLLOUT_POLL": "0.05"}
        yield World(
            home, whole, _variables(home), places, simulator, aws, {NOTIFY: {"MOLTHUB_NOTIFY_URL": receiver.url}}
        )
        assert simulator.control.violations() == []


def _on_one_line(example: str) -> str:
    return " ".join(example.replace("\\\n", "").split())


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example not in NOT_RUN], ids=_on_one_line)
def test_an_example_works_as_it_is_written(world: World, example: str) -> None:
    world.reset()
    ended = world.run(example)
    wanted = UNTIL[example][1] if example in UNTIL else CODES.get(example, (0, ""))[0]
    assert ended.code == wanted, f"{example}\n{ended.said}"
    assert "Traceback" not in ended.said, ended.said


def test_the_tables_name_examples() -> None:
    for table in (NOT_RUN, CODES, ASKED, UNTIL):
        assert set(table) <= set(EXAMPLES), set(table) - set(EXAMPLES)
    for begin in (*BEFORE, *ON_AWS):
        assert any(example.startswith(begin) for example in EXAMPLES), begin
    assert len(NOT_RUN) <= 4
