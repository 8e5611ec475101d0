"""CloudWatch Logs: the retentions there are."""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.refusals import MalformedRequestError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


def _retention_exists(world: World, call: Call, account: str) -> None:
    if call.params["retentionInDays"] not in RETENTIONS:
        allowed = ", ".join(map(str, sorted(RETENTIONS)))
        raise MalformedRequestError("InvalidParameterException", f"retentionInDays must be one of [{allowed}]")


RULES: Mapping[str, tuple[Any, ...]] = {"logs:PutRetentionPolicy": (_retention_exists,)}
