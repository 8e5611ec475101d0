"""One command line, run to its end: by nobody, or by a person at a terminal who answers, and who presses Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. said: everything it wrote, on both streams."""

    code: int
    said: str


def unattended(command: Sequence[str], *, cwd: Path, variables: Mapping[str, str], seconds: float = 60.0) -> Ended:
    """Nobody is there: stdin is empty, and no stream is a terminal."""
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(errors="replace"))


def typed(
    command: Sequence[str],
    *,
    cwd: Path,
    variables: Mapping[str, str],
    answers: Sequence[tuple[str, str]] = (),
    until: str | None = None,
    seconds: float = 60.0,
) -> Ended:
    """At a terminal. answers: what is typed after each question. until: Ctrl-C is pressed once it said this."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(variables),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = _Screen(mine, time.monotonic() + seconds)
    try:
        for question, answer in answers:
            screen.wait_for(question)
            os.write(mine, f"{answer}\n".encode())
        if until is not None:
            screen.wait_for(until)
            os.killpg(process.pid, signal.SIGINT)
        screen.read_to_the_end()
        return Ended(process.wait(seconds), screen.said)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(seconds)
        os.close(mine)


class _Screen:
    """What a terminal showed so far."""

    def __init__(self, terminal: int, end: float) -> None:
        self._terminal, self._end, self._seen = terminal, end, 0
        self.said = ""

    def wait_for(self, text: str) -> None:
        """Until it shows this, after what was waited for before."""
        while (found := self.said.find(text, self._seen)) < 0:
            assert self._read(), f"ended before {text!r}:\n{self.said}"
        self._seen = found + len(text)

    def read_to_the_end(self) -> None:
        while self._read():
            pass

    def _read(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, self._end - time.monotonic()))
        assert ready, f"it goes on and on:\n{self.said}"
        try:
            found = os.read(self._terminal, 65536)
        except OSError:  # Linux tells so that nobody holds the other end any more
            return False
        self.said += found.decode(errors="replace").replace("\r\n", "\n")
        return bool(found)
