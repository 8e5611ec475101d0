"""Lines of a log: for people, and each as `molthub.dev/log-line/v1`."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from molthub.cli.views.text import paint, safe
from molthub.provider.logs import LogLine

LINE_FORMAT = "molthub.dev/log-line/v1"
COLOURS = {"gateway": "green", "init": "cyan", "gate": "magenta"}
TASK_SHOWN = 8
"""Characters of a task's id that tell it from the others; `--task` takes as many."""


def human(line: LogLine, *, colour: bool, timestamps: bool) -> str:
    """`2027-01-04T09:00:00.123Z gateway/1a2b3c4d text`, on one line, with nothing that a terminal would obey."""
    stream = f"{safe(line.container)}/{safe(line.task[:TASK_SHOWN])}" if line.task else safe(line.stream)
    parts = [paint(stream, COLOURS.get(line.container, ""), on=colour), _text(line.text)]
    if timestamps:
        parts.insert(0, paint(_time(line), "dim", on=colour))
    return " ".join(parts)


def _text(text: str) -> str:
    return safe(text.rstrip("\r\n").expandtabs(4))


def _time(line: LogLine) -> str:
    return line.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def machine(line: LogLine) -> str:
    """One JSON object on one line, pure ASCII."""
    return json.dumps(data(line), ensure_ascii=True)


def data(line: LogLine) -> dict[str, Any]:
    return {
        "format": LINE_FORMAT,
        "at": line.at.isoformat(),
        "container": line.container or None,
        "task": line.task or None,
        "stream": line.stream,
        "id": line.id,
        "text": line.text,
    }
