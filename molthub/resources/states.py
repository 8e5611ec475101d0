"""The sync states: one vocabulary for plans, health and what people read."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """Whether an instance's changes may be applied, and why not (the sync states of docs/operating.md)."""

    SYNCED = "Synced"  # nothing to do
    OUT_OF_SYNC = "OutOfSync"  # changes, ready to be applied
    UNKNOWN = "Unknown"  # a read failed: nothing is concluded
    INVALID = "Invalid"  # the manifest cannot be used
    BLOCKED = "Blocked"  # policy, safety or a remembered failure forbids it
    SUSPENDED = "Suspended"  # paused: only the count is applied
