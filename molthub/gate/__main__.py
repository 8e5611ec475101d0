"""`python -m molthub.gate`: the gate's container runs this. Settings come from the environment, see settings.py."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

from molthub.errors import InvalidInputError, MolthubError, StallingError
from molthub.gate.journal import Journal
from molthub.gate.server import Gate
from molthub.gate.settings import PREFIX, Settings, settings_from


def main() -> int:
    """Run until SIGTERM: 0 then, 1 when it cannot start."""
    try:
        asyncio.run(_run(settings_from(os.environ)))
    except MolthubError as error:
        found = error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,)
        sys.stderr.writelines(f"molthub-gate: {one}\n" for one in found)
        return 1
    return 0


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gate = Gate(settings, now=time.time, monotonic=time.monotonic, journal=Journal(_write, now=time.time))
    try:
        await gate.serve(stop)
    except OSError as error:
        message = f"it cannot listen at {settings.host}:{settings.port}: {error.strerror}"
        raise StallingError("MH-GATE-004", message, fix=f"Choose another {PREFIX}LISTEN") from error


def _write(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
