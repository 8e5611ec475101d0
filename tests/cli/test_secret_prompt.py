"""The hidden prompt of `molthub secret`, on a terminal of its own: what is typed is never echoed."""

import os
import pty
import subprocess
import sys
from typing import IO

VALUE = "xoxb" + "-not-a-real-token"
READ = """
from molthub.cli.secret_values import read_value
from molthub.cli.terminal import terminal

print(read_value(terminal(), what="TOKEN", from_file=None).text)
"""


def prompted(stream: IO[bytes], text: bytes) -> None:
    seen = b""
    while not seen.endswith(text):
        byte = stream.read(1)
        assert byte, seen
        seen += byte


def test_what_is_typed_is_not_echoed_when_the_errors_go_elsewhere() -> None:
    """`molthub secret set … 2>log` at a terminal: it is asked for, and not read like a pipe, which would show it."""
    mine, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", READ],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without a terminal that is this test's own
    ) as asked:
        assert asked.stderr is not None
        assert asked.stdout is not None
        for prompt in (b"Value of TOKEN (not shown): ", b"The same again: "):
            prompted(asked.stderr, prompt)
            os.write(mine, VALUE.encode() + b"\n")
        assert asked.stdout.read().decode() == VALUE + "\n"
    os.set_blocking(mine, False)
    try:
        shown = os.read(mine, 4096)
    except BlockingIOError:
        shown = b""
    finally:
        os.close(mine)
        os.close(theirs)
    assert VALUE.encode() not in shown
