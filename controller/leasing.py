"""What the controller says of its leases: once each time something changes."""

from __future__ import annotations

import threading
from typing import Any

from molthub.leases.keeper import Standing
from molthub.resources.identity import EnvironmentKey


class LeaseTeller:
    """Logs how leases stand. taken: set whenever one becomes ours, so that the loop looks at everything anew."""

    def __init__(self, log: Any) -> None:
        self.taken = threading.Event()
        self._log = log

    def tell(self, key: EnvironmentKey, standing: Standing) -> None:
        """Called from several threads."""
        environment = str(key)
        problem = standing.problem
        if standing.absent:
            self._log.warning(
                "no lease", environment=environment, ref="MH-LEASE-004", reason="the environment has no bucket"
            )
        elif problem is not None and standing.other is not None:
            self._log.warning(
                "waiting for the lease",
                environment=environment,
                holder=standing.other.holder,
                ref=problem.ref,
                error=problem.diagnostic.message,
            )
        elif standing.error is not None:
            message = standing.error.diagnostic.message
            self._log.warning("cannot keep the lease", environment=environment, ref=standing.error.ref, error=message)
        else:
            self._log.info("holding the lease", environment=environment)
            self.taken.set()
