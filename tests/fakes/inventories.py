"""Compares what two runs have left in the simulated account."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.stage import Stage

Json = dict[str, Any]


def comparable(stage: Stage) -> Json:
    """The inventory without the commits, which differ from run to run."""
    text = json.dumps(stage.control.inventory(), sort_keys=True)
    found = json.loads(text, object_hook=lambda item: {k: v for k, v in item.items() if k != "molthub:commit"})
    return dict(found)


def differences(have: Any, want: Any, path: str = "") -> list[str]:
    """Where two inventories differ, a line for each place."""
    if isinstance(have, dict) and isinstance(want, dict):
        keys = sorted(have.keys() | want.keys())
        return [line for key in keys for line in differences(have.get(key), want.get(key), f"{path}/{key}")]
    return [] if have == want else [f"{path}: {have!r} instead of {want!r}"]
