"""MH-SIZE-003: a Moltbot gets the memory it is known to need."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject

PATH = ("spec", "runtime", "memory")
TOO_SMALL = 1024
"""MiB. The gateway alone takes 730 to 905 MB and its helpers 170 MB (measured with 2026.9.6)."""
RECOMMENDED = 2048


class MoltbotMemory:
    """Waivable: a stripped image of one's own may need less."""

    ref = "MH-SIZE-003"
    title = "Enough memory for a Moltbot"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        memory = subject.instance.model.spec.runtime.memory
        fix = f"Set memory to {RECOMMENDED}"
        if memory < TOO_SMALL:
            yield Finding(f"memory {memory} is too small: a Moltbot needs about 1000 MiB just to start", PATH, fix)
        elif memory < RECOMMENDED:
            message = f"memory {memory} is tight: a Moltbot takes about 1000 MiB when idle"
            yield Finding(message, PATH, fix, Severity.WARNING)
