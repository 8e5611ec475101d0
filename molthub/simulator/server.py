"""Starting and stopping the simulator: a threaded WSGI server on the loopback address, and nowhere else."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from molthub.errors import StallingError
from molthub.simulator.app import Application
from molthub.simulator.backend import GLOBAL_LOCK
from molthub.simulator.client import SimulatorControl
from molthub.simulator.clock import SimulatedClock, TimeSource
from molthub.simulator.control import Control
from molthub.simulator.world import World

LOOPBACK = "127.0.0.1"


class RunningSimulator:
    """A simulator that serves until it is stopped. `control` drives it over HTTP, as another process would."""

    def __init__(self, server: BaseWSGIServer, world: World) -> None:
        self._server = server
        self._world = world
        self._thread = threading.Thread(target=server.serve_forever, name="simulator", daemon=True)
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
        server = make_server(LOOPBACK, port, application, threaded=True, request_handler=_QuietHandler)
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


class _QuietHandler(WSGIRequestHandler):
    """Says nothing, and cuts connections where the application asks for it."""

    _cut = False

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:  # noqa: ARG002 - werkzeug's
        """The application raised a ConnectionError: the client is to see a reset, not an answer."""
        self._cut = True
        self.close_connection = True

    def finish(self) -> None:
        """Close; a connection that was cut on purpose closes with a reset (RST), not in good order (FIN)."""
        if self._cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().finish()
        if self._cut:
            self.connection.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the ledger knows."""
