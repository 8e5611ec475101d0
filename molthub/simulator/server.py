"""Starting and stopping the simulator: a threaded WSGI server on the loopback address, and nowhere else."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from molthub.errors import StallingError
from molthub.simulator.app import REQUEST_LIMIT, Application
from molthub.simulator.backend import GLOBAL_LOCK
from molthub.simulator.client import SimulatorControl
from molthub.simulator.clock import SimulatedClock, TimeSource
from molthub.simulator.control import Control
from molthub.simulator.world import World

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 30
"""How long a connection may stay idle."""

POLL_SECONDS = 0.05
"""How soon the server notices that it is to stop."""


class RunningSimulator:
    """A simulator that serves until it is stopped. `control` drives it over HTTP, as another process would."""

    def __init__(self, server: BaseWSGIServer, world: World) -> None:
        self._server = server
        self._world = world
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, name="simulator", daemon=True
        )
        self.endpoint_url = f"http://{LOOPBACK}:{server.server_port}"
        self.control = SimulatorControl(self.endpoint_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer nothing any more; the simulated account is gone with it. Stopping twice is fine."""
        if self._server.socket.fileno() == -1:
            return
        with GLOBAL_LOCK:
            self._world.faults.clear()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
        with GLOBAL_LOCK:
            self._world.moto.leave()

    def wait(self) -> None:
        """Until the server ends."""
        while self._thread.is_alive():
            self._thread.join(timeout=0.5)


def start_simulator(
    *,
    port: int = 0,
    speed: float = 1.0,
    seed: int = 0,
    environments: Iterable[Mapping[str, Any]] = (),
    secrets: Iterable[str] = (),
    steady: TimeSource = time.monotonic,
    wall: TimeSource = time.time,
) -> RunningSimulator:
    """Start a simulator in this process and give it back running.

    port          0 takes a free one
    speed         simulated seconds in a second of the wall: 60 lets a one-minute rollout take a second
    seed          of the ids that ECS hands out
    environments  what `SimulatorControl.seed` takes: VPC, subnets and cluster with exactly these ids
    secrets       names of secrets to make, with dummy values
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    world = World(clock=SimulatedClock(steady=steady, wall=wall, speed=speed), seed=seed)
    application = Application(world, Control(world))
    try:
        server = _Server(port, application)
    except (OSError, SystemExit) as error:
        raise StallingError(
            "MH-SIM-001", f"the simulator cannot listen on port {port}", fix="choose another port, or 0 for a free one"
        ) from error
    with GLOBAL_LOCK:
        world.reset()
    simulator = RunningSimulator(server, world).start()
    simulator.control.seed(environments=list(environments), secrets=list(secrets))
    return simulator


def serve(
    *,
    port: int,
    speed: float,
    seed_environments: Iterable[Mapping[str, Any]] = (),
    secrets: Iterable[str] = (),
    throttle: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Run a simulator in the foreground until KeyboardInterrupt; on_ready gets its URL once it answers.

    throttle: enforce AWS's request quotas.
    """
    with start_simulator(port=port, speed=speed, environments=seed_environments, secrets=secrets) as simulator:
        simulator.control.set_throttling(enforced=throttle)
        on_ready(simulator.endpoint_url)
        simulator.wait()


class _Server(ThreadedWSGIServer):
    """A thread for each connection, and an end to all of them when the server ends."""

    def __init__(self, port: int, application: Application) -> None:
        self._open: set[Any] = set()
        super().__init__(LOOPBACK, port, application, handler=_Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    """Keeps connections, as AWS does, and cuts them where the application asks for it. It says nothing.

    werkzeug's own closes after each answer: a connection and a thread for each request cost more than most answers.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece
    timeout = IDLE_SECONDS
    _cut = False

    def handle_expect_100(self) -> bool:
        """The client waits for this before it sends its body."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def run_wsgi(self) -> None:
        """Answer one request: whole answers only, so that the next request on the connection is found."""
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        drained = length <= REQUEST_LIMIT and "HTTP_TRANSFER_ENCODING" not in environ
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            begun.append((status, headers))

        try:
            body = b"".join(self.server.app(environ, cast("Any", start_response)))
        except ConnectionError:  # the client is to see a reset, not an answer
            self._cut = True
            self.close_connection = True
            return
        self._send(*begun[0], body, stays=drained)

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes, *, stays: bool) -> None:
        """A body shorter than announced ends with the connection."""
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for key, value in headers:
            self.send_header(key, value)
        if not stays or ("Content-Length", str(len(body))) not in headers:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def finish(self) -> None:
        """Close; a connection that was cut on purpose closes with a reset (RST), not in good order (FIN)."""
        if self._cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().finish()
        if self._cut:
            self.connection.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the ledger knows."""

    def log_error(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Nothing: a connection that idled too long is no error."""
