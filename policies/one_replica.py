"""MH-RUN-001: exactly one task runs against one set of channels and one state."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject


class OneReplica:
    """Not waivable: Telegram refuses a second poller, Slack splits the events, the state has one writer."""

    ref = "MH-RUN-001"
    title = "One replica"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        replicas = subject.instance.model.spec.runtime.replicas
        if replicas != 1:
            fix = "Set it to 1; to stop the Moltbot use lifecycle.paused" if replicas < 1 else "Set it to 1"
            yield Finding(f"replicas is {replicas}, must be 1", ("spec", "runtime", "replicas"), fix)
