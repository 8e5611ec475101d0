"""`molthub create` on a terminal: what is asked, what is shown, and that no secret is."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from tests.builders import environment_dict, instance_dict
from tests.fakes.cli import Repository

VALUE = "123456" + ":not-a-real-token"
RUN = """
import sys
from molthub.cli.context import Roots
from molthub.cli.main import run
from tests.fakes.fleet import FakeFleet
from tests.fakes.secret_store import FakeSecretStore

cloud, store = FakeFleet(), FakeSecretStore()
store.hold("acme/prod/model", '{"anthropic": "x"}')
clock = cloud.clock
roots = Roots(providers=lambda: cloud.provider_at, now=clock.now, clock=lambda: clock, secrets=store.factory)
code = run(sys.argv[2:], roots=roots)
open(sys.argv[1], "w").write(repr(sorted(store.values.items())))
sys.exit(code)
"""
ENTER = ""
SECONDS = 60.0


class Screen:
    """A process on a terminal of its own: what it shows is read, what it asks is answered."""

    def __init__(self, arguments: list[str], cwd: Path, stored: Path) -> None:
        root = Path(__file__).parents[2]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOLTHUB_", "AWS_", "GIT_"))}
        author = {
            f"GIT_{who}_{what}": "ana@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {**kept, **author, "HOME": str(cwd.parent), "PYTHONPATH": str(root), "NO_COLOR": "1"}
        self.shown = ""
        self.mine, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(stored), *arguments],
            cwd=cwd,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def answer(self, question: str, answer: str) -> None:
        """Wait until the last thing shown is the question, and answer it."""
        while not re.search(rf"{question}[^\n]*: $", self.shown.replace("\r", "")):
            self._read(question)
        os.write(self.mine, answer.encode() + b"\n")
        self.shown += "\n"  # what comes next is no part of this question

    def end(self) -> int:
        """Read to the end; the exit code."""
        try:
            while True:
                self._read("its end")
        except OSError:  # Linux tells the end of a terminal so
            pass
        return self.process.wait(SECONDS)

    def _read(self, waited_for: str) -> None:
        ready, _, _ = select.select([self.mine], [], [], SECONDS)
        assert ready, f"waited for {waited_for}:\n{self.shown}"
        read = os.read(self.mine, 4096)
        if not read:
            raise OSError
        self.shown += read.decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(SECONDS)
        os.close(self.mine)


def test_the_wizard_asks_and_shows_no_secret(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fleet")
    other = environment_dict(metadata={"name": "dev"})
    repository.commit(instance_dict(), environment_dict(), other)
    stored = tmp_path / "stored"
    screen = Screen(["create", "--no-push"], repository.path, stored)
    try:
        screen.answer("Template", "telegram")
        screen.answer("Template", "2")
        screen.answer("Environment", "acme/prod")
        screen.answer("Name", "support-bot")
        screen.answer("Name", "help-bot")
        screen.answer(r"image \[ghcr", ENTER)
        screen.answer("model", ENTER)
        screen.answer("cpu", "1000")
        screen.answer("cpu", "2048")
        screen.answer("memory", "4096")
        screen.answer("logLevel", ENTER)
        screen.answer("modelApiKey", "acme/prod/model#anthropic")
        screen.answer("TELEGRAM_BOT_TOKEN, stored in acme/prod/help-bot#telegramBotToken", VALUE)
        screen.answer("The same again", VALUE + "x")
        screen.answer("TELEGRAM_BOT_TOKEN", VALUE)
        screen.answer("The same again", VALUE)
        screen.answer("Commit this to 'main'", ENTER)
        assert screen.end() == 0, screen.shown
    finally:
        screen.close()
    shown = screen.shown.replace("\r", "")
    assert VALUE not in shown
    for line in (
        "  It must be one of the list, or its number.",
        "  It must be another one: that is taken.",
        "  It must be one of 512, 1024, 2048, 4096.",
        "MODEL_API_KEY: acme/prod/model#anthropic, shared with acme/prod/support-bot; its value stays.",
        "+    cpu: 2048  # CPU units; 1024 is one vCPU",
        "TELEGRAM_BOT_TOKEN: acme/prod/help-bot#telegramBotToken is set.",
        "  git push",
    ):
        assert line in shown.splitlines(), shown
    assert f"('acme/prod/help-bot', '{{\"telegramBotToken\":\"{VALUE}\"}}')" in stored.read_text()
    manifest = repository.git("show", "HEAD:instances/acme/prod/help-bot.yaml")
    assert yaml.safe_load(manifest)["spec"]["runtime"]["cpu"] == 2048
    assert VALUE not in manifest + repository.git("log", "--format=%B")
    assert repository.git("log", "-1", "--format=%s") == "Create acme/prod/help-bot from the template telegram-bot"


def test_what_was_said_is_not_asked_and_nothing_is_done_without_a_yes(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fleet")
    head = repository.commit(instance_dict(), environment_dict())
    stored = tmp_path / "stored"
    arguments = ["create", "help-bot", "-t", "slack-bot", "--environment", "acme/prod", "--no-push"]
    screen = Screen(arguments, repository.path, stored)
    try:
        screen.answer("image", "registry.example.com/acme/openclaw-slack:2026.9.6")
        screen.answer("MODEL_API_KEY", ENTER)
        screen.answer("SLACK_BOT_TOKEN", VALUE)
        screen.answer("The same again", VALUE)
        screen.answer("SLACK_APP_TOKEN", ENTER)
        screen.answer("Commit this to 'main'", "n")
        assert screen.end() == 1, screen.shown
    finally:
        screen.close()
    assert "MH-CLI-004 not approved, so nothing was changed" in screen.shown
    assert VALUE not in screen.shown + stored.read_text()
    assert repository.git("rev-parse", "HEAD") == head


def test_a_name_that_was_taken_while_somebody_thought_gets_no_value(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "fleet")
    repository.commit(instance_dict(), environment_dict())
    stored = tmp_path / "stored"
    arguments = ["create", "help-bot", "-t", "telegram-bot", "--environment", "acme/prod", "--no-push"]
    screen = Screen(arguments, repository.path, stored)
    try:
        screen.answer("MODEL_API_KEY", ENTER)
        screen.answer("TELEGRAM_BOT_TOKEN", VALUE)
        screen.answer("The same again", VALUE)
        while "Commit this to 'main'" not in screen.shown:
            screen._read("the question")
        repository.commit(instance_dict(metadata={"name": "help-bot"}))
        screen.answer("Commit this to 'main'", "y")
        assert screen.end() == 1, screen.shown
    finally:
        screen.close()
    assert "MH-TMPL-017 acme/prod/help-bot is there already" in screen.shown
    assert VALUE not in screen.shown + stored.read_text()
