"""A port on this machine that leads to a port inside a task's own network.

A socket in the file system belongs to no network: inside the task's, one process passes what comes through it on to the
task's loopback; out here, a thread does the same from a TCP port.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Address = tuple[str, int]

INSIDE = """
import socket, sys
sys.path[:0] = sys.argv[3:]
from tests.moltbot.relay import accept_for_ever
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(64)
accept_for_ever(server, lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=40))
"""


def accept_for_ever(server: socket.socket, connect: Callable[[], socket.socket]) -> None:
    """Pass every connection on, each in threads of its own, until the server is closed."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_pass_on, args=(connection, connect), daemon=True).start()


def _pass_on(caller: socket.socket, connect: Callable[[], socket.socket]) -> None:
    with caller, contextlib.suppress(OSError), connect() as target:
        back = threading.Thread(target=_pump, args=(target, caller), daemon=True)
        back.start()
        _pump(caller, target)
        back.join(timeout=60)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay(inside: Callable[..., list[str]], port: int, path: Path) -> Iterator[Address]:
    """The address out here that leads to `port` in there. inside: makes a command run in the task's network."""
    command = inside(sys.executable, "-c", INSIDE, str(path), str(port), *sys.path)
    process = subprocess.Popen(command)
    try:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.05)
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=accept_for_ever, args=(server, lambda: _open(path)), daemon=True)
            thread.start()
            yield server.getsockname()
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)
    finally:
        process.kill()
        process.wait(timeout=10)


def _open(path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    found.connect(str(path))
    return found
