"""What the gate logs: one JSON object a line. Neither a header's value, a body nor a key is ever handed to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Journal:
    """write: takes a line without its end. now: Unix seconds."""

    write: Callable[[str], None]
    now: Callable[[], float]

    def note(self, event: str, **fields: bool | float | str | None) -> None:
        """One line; fields: numbers and words of our own."""
        time = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.write(json.dumps({"time": time, "event": event, **fields}, separators=(",", ":")))
