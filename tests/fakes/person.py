"""A person at a terminal: real processes on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
def at_a_terminal(*arguments: str, cwd: Path, fake: bool = False, **variables: str) -> Iterator[Person]:
    """A `molthub` whose streams are a terminal; fake: on a cloud in memory; variables: of its environment, beside."""
    master, slave = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOLTHUB_", "AWS_", "GIT_"))}
    environment = kept | {"HOME": str(cwd), "PYTHONPATH": str(ROOT), "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "200"}
    environment |= variables
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
