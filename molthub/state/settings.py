"""What both kinds of database have in common."""

from __future__ import annotations

BUSY_TIMEOUT = 30.0
"""Seconds that a transaction waits for another's end before it is MH-STATE-004."""

READ_ONLY = "molthub_read_only"
"""Execution option of a connection that will not write, and so need not wait for one that does."""

CONNECTIONS = 32
"""At most so many are open at once: more than there are workers, rollouts and leases together."""
