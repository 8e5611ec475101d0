"""What simulated tasks write: into streams `prefix/container/task`, as ECS's awslogs driver does.

The words are like those of the software that would run there: the init step, the Moltbot's console in JSON, the gate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Json = Mapping[str, Any]


class Moment(StrEnum):
    """What happens to a container that makes it write."""

    PREPARED = "prepared"
    REFUSED = "refused"
    STARTED = "started"
    READY = "ready"
    CRASHED = "crashed"
    STOPPING = "stopping"


GATEWAY: Mapping[Moment, tuple[str, str, str]] = {
    Moment.STARTED: ("info", "gateway", "starting, config /home/node/.openclaw/openclaw.json"),
    Moment.READY: ("info", "gateway", "listening on ws://127.0.0.1:18789"),
    Moment.CRASHED: ("error", "gateway", "uncaught exception, exiting: Error: cannot find module 'left-pad'"),
    Moment.STOPPING: ("info", "gateway", "signal SIGTERM received, draining"),
}
"""Level, subsystem and message."""

GATE: Mapping[Moment, str] = {Moment.STARTED: "start", Moment.READY: "gateway", Moment.STOPPING: "stop"}

INIT: Mapping[Moment, str] = {
    Moment.PREPARED: "molthub-init: the config is valid",
    Moment.REFUSED: "molthub-init: the Moltbot refuses its config: channels: Unrecognized key",
}


def text_of(container: str, moment: Moment, date: float) -> str | None:
    """The line that a container writes at a moment, None where it has nothing to say. date: seconds since 1970."""
    time = datetime.fromtimestamp(date, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if container == "init":
        return INIT.get(moment)
    if container == "gate":
        event = GATE.get(moment)
        return None if event is None else json.dumps({"time": time, "event": event}, separators=(",", ":"))
    if moment not in GATEWAY:
        return None
    level, subsystem, message = GATEWAY[moment]
    line = {"time": time, "level": level, "subsystem": subsystem, "message": message}
    return json.dumps(line, separators=(",", ":"))


def write(backend: Any, definition: Json, *, task: str, text: str, date: float) -> None:
    """Append a line of a container (its definition) to its stream. Without the group it is lost, as on AWS."""
    log = definition.get("logConfiguration", {})
    options = log.get("options", {})
    group = backend.groups.get(options.get("awslogs-group", ""))
    if log.get("logDriver") != "awslogs" or group is None:
        return
    stream = f"{options.get('awslogs-stream-prefix', definition['name'])}/{definition['name']}/{task}"
    if stream not in group.streams:
        group.create_log_stream(stream)
    group.put_log_events(stream, [{"timestamp": int(date * 1000), "message": text}])
