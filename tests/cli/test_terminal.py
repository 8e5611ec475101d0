"""With a person at the terminal: prompts, live progress, watching. Real processes on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.builders import instance_dict
from tests.fakes.cli import Repository

ROOT = Path(__file__).resolve().parents[2]
ON_A_FAKE_CLOUD = (
    "import sys\n"
    "from molthub.cli.context import Roots\n"
    "from molthub.cli.main import run\n"
    "from tests.fakes.fleet import FakeFleet\n"
    "from tests.fakes.secret_store import FakeSecretStore\n"
    "cloud, store = FakeFleet(), FakeSecretStore()\n"
    "roots = Roots(providers=lambda: cloud.provider_at, now=cloud.clock.now, clock=lambda: cloud.clock,\n"
    "    secrets=store.factory)\n"
    "code = run(sys.argv[1:], roots=roots)\n"
    "sys.stderr.write(f'writes: {sum(len(one.writes) for one in cloud.places.values())}\\n')\n"
    "sys.exit(int(code))\n"
)


class Person:
    """Somebody at a terminal: reads until a text appears, types lines, presses keys."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.seen = ""

    def wait_for(self, text: str, *, timeout: float = 30.0) -> None:
        end = time.monotonic() + timeout
        while text not in self.seen:
            assert time.monotonic() < end, f"never saw {text!r} in:\n{self.seen}"
            self._read(0.2)

    def type(self, text: str) -> None:
        os.write(self._terminal, f"{text}\n".encode())

    def end(self, *, timeout: float = 60.0) -> int:
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < end, f"never ended:\n{self.seen}"
            self._read(0.1)
        self._read(0.1)
        return self.process.returncode

    def _read(self, timeout: float) -> None:
        while select.select([self._terminal], [], [], timeout)[0]:
            try:
                found = os.read(self._terminal, 65536)
            except OSError:  # the other end is closed
                time.sleep(0.01)
                return
            self.seen += found.decode(errors="replace").replace("\r\n", "\n")
            timeout = 0


@contextmanager
def at_a_terminal(*arguments: str, cwd: Path, fake: bool = False) -> Iterator[Person]:
    master, slave = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOLTHUB_", "AWS_", "GIT_"))}
    environment = kept | {"HOME": str(cwd), "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "200"}
    command = ["-c", ON_A_FAKE_CLOUD, *arguments] if fake else ["-m", "molthub", *arguments]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,  # a hidden prompt would else ask at the terminal of whoever runs the tests
    )
    os.close(slave)
    try:
        yield Person(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def fleet(path: Path) -> Repository:
    repository = Repository(path / "fleet")
    repository.commit(instance_dict())
    return repository


def test_only_yes_approves(tmp_path: Path) -> None:
    repository = fleet(tmp_path)
    for answer in ("y", "YES", ""):
        with at_a_terminal("apply", cwd=repository.path, fake=True) as person:
            person.wait_for("Only 'yes' will be accepted to approve.\nEnter a value")
            person.type(answer)
            assert person.end() == 1
            assert "MH-CLI-004 not approved, so nothing was changed" in person.seen
            assert "writes: 0" in person.seen


def test_yes_applies_with_progress(tmp_path: Path) -> None:
    with at_a_terminal("apply", cwd=fleet(tmp_path).path, fake=True) as person:
        person.wait_for("Enter a value")
        person.type("yes")
        assert person.end() == 0
        assert "acme/prod/support-bot: rollout-completed: " in person.seen
        assert "Apply: 1 applied; 7 writes." in person.seen
        assert "writes: 7" in person.seen


def test_init_asks_for_what_is_missing(tmp_path: Path) -> None:
    with at_a_terminal("init", "new", "--region", "us-east-1", cwd=tmp_path) as person:
        person.wait_for("AWS account [")
        person.type("111122223333")
        assert person.end() == 0
        assert "placeholders" not in person.seen
    text = (tmp_path / "new/environments/acme-dev.yaml").read_text()
    assert 'accountId: "111122223333"' in text
    assert "region: us-east-1" in text


def test_validate_again_when_a_file_changes(tmp_path: Path) -> None:
    repository = fleet(tmp_path)
    manifest = repository.path / "instances/acme/prod/support-bot.yaml"
    with at_a_terminal("validate", "--watch", cwd=repository.path) as person:
        person.wait_for("3 files, 1 instance, 0 errors")
        person.wait_for("Watching; Ctrl-C ends.")
        time.sleep(0.5)  # watchfiles needs a moment to settle
        manifest.write_text(manifest.read_text().replace(":2026.9.6", ":latest"))
        person.wait_for("3 files, 1 instance, 1 error")
        person.process.send_signal(signal.SIGINT)
        assert person.end() == 130
        assert "Traceback" not in person.seen


def test_status_is_redrawn(tmp_path: Path) -> None:
    arguments = ("status", "--watch", "--interval", "0.1")
    with at_a_terminal(*arguments, cwd=fleet(tmp_path).path, fake=True) as person:
        person.wait_for("acme/prod/support-bot  CREATING  OutOfSync")
        person.process.send_signal(signal.SIGINT)
        assert person.end() == 130
        assert "Traceback" not in person.seen


def test_a_secret_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    repository, value = fleet(tmp_path), "hunter" + "2-typed"
    arguments = ("secret", "set", "support-bot", "TELEGRAM_BOT_TOKEN", "--no-commit")
    for again, code, said in ((value, 0, "is set (version"), ("other", 1, "MH-SCRT-012 the two values differ")):
        with at_a_terminal(*arguments, cwd=repository.path, fake=True) as person:
            person.wait_for("Value of TELEGRAM_BOT_TOKEN (not shown): ")
            person.type(value)
            person.wait_for("The same again: ")
            person.type(again)
            assert person.end() == code
            assert said in person.seen
            assert value not in person.seen
