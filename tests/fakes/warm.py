"""A `molthub` that is warm: a process that has everything imported and forks for each call, as fast as a shell builtin.

`python -m tests.fakes.warm SOCKET COMMIT` serves. What stands on the PATH as `molthub` hands over its folder, variables
and open files, and waits: for whoever typed it, pipes, redirections, terminals and Ctrl-C are as ever.

Each call is forked from the same moment, so it finds the cloud in memory as it was, whatever others did to theirs.
MOLTHUB_TEST_CLOUD=aws: it has the adapters that people have, and finds AWS where AWS_ENDPOINT_URL says.
"""

from __future__ import annotations

import array
import ast
import fcntl
import gc
import importlib
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import molthub
from molthub.cli.main import run
from molthub.cli.tree import command_tree

ROOT = Path(__file__).resolve().parents[2]
CLIENT = """\
#!{python} -ISE
import _signal, _socket, array, os, sys
fds = [number for number in range(10) if os.path.exists(f"/dev/fd/{{number}}")]
fds = [number for number in fds if os.get_inheritable(number) or number < 3]
server = _socket.socket(_socket.AF_UNIX)
server.connect({path!r})
call = repr([sys.argv[1:], os.getcwd(), dict(os.environ), fds]).encode()
server.sendmsg([len(call).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", fds))])
server.sendall(call)
child = int.from_bytes(server.recv(4), "big")
_signal.signal(_signal.SIGINT, lambda number, frame: os.kill(child, number))
_signal.signal(_signal.SIGTERM, lambda number, frame: os.kill(child, _signal.SIGKILL))
code = server.recv(1)
sys.exit(code[0] if code else 70)
"""
"""Only what is built into Python: it is started for every call, and should cost little."""

ABOVE = 64
"""Handed-over files are put up there before they take the numbers that they had."""


def main(path: str, commit: str) -> None:
    """Serve for ever. commit: what the cloud in memory says it was made from."""
    from tests.fakes.cloud_of_cast import roots  # noqa: PLC0415 - the parent of every call: heavy, once

    made = roots(commit)
    for module in pkgutil.walk_packages(molthub.__path__, "molthub."):
        importlib.import_module(module.name)
    command_tree()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    signal.signal(signal.SIGCHLD, _reap)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection, made)
        connection.close()


def _reap(_number: int, _frame: object) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(connection: socket.socket, made: Any) -> None:
    """One call, in a process of its own, which ends here."""
    connection.sendall(os.getpid().to_bytes(4, "big"))
    code = 70
    try:
        size, files = _received(connection)
        arguments, folder, variables, numbers = ast.literal_eval(connection.recv(size, socket.MSG_WAITALL).decode())
        held = os.dup2(connection.fileno(), ABOVE * 2, inheritable=False)
        for number, file in zip(numbers, files, strict=True):
            os.dup2(file, number)
        code = _run(arguments, folder, variables, made)
        connection = socket.socket(fileno=held)
    finally:
        connection.sendall(bytes([code]))
        os._exit(code)


def _received(connection: socket.socket) -> tuple[int, list[int]]:
    """The length of what follows, and the files, out of the way of those they become."""
    numbers = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_LEN(10 * numbers.itemsize))
    for _, _, data in ancillary:
        numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return int.from_bytes(head, "big"), [fcntl.fcntl(number, fcntl.F_DUPFD, ABOVE) for number in numbers]


def _run(arguments: list[str], folder: str, variables: dict[str, str], made: Any) -> int:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run(arguments, roots=None if variables.get("MOLTHUB_TEST_CLOUD") == "aws" else made)
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


@contextmanager
def warm_molthub(folder: Path, *, commit: str) -> Iterator[Path]:
    """A script in the folder, to put on the PATH as `molthub`; good while the block runs."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "MOLTHUB_", "GIT_"))}
    with tempfile.TemporaryDirectory(prefix="warm-") as short:  # a socket's path has room for some hundred characters
        path = f"{short}/socket"
        with subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.warm", path, commit],
            cwd=ROOT,
            env=kept | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            client = folder / "molthub"
            client.write_text(CLIENT.format(python=sys.executable, path=path))
            os.chmod(client, 0o755)  # noqa: PTH101
            try:
                yield client
            finally:
                os.killpg(server.pid, signal.SIGTERM)  # and what a call left running


if __name__ == "__main__":
    main(*sys.argv[1:])
