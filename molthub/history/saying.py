"""A value for people."""

from __future__ import annotations

import json
from typing import Any

from molthub.history.document import Path
from molthub.history.hiding import shown

LONGEST = 60


def say(value: Any, path: Path = ()) -> str:
    """A value for people: short, on one line, and not shown when it looks like a secret."""
    safe = shown(value, path)
    if isinstance(safe, str):
        text = safe
    elif isinstance(safe, bool):
        text = "on" if safe else "off"
    elif isinstance(safe, list) and all(isinstance(item, str) for item in safe):
        text = ", ".join(safe)
    else:
        text = json.dumps(safe, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
