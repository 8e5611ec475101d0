"""Applies one environment's plan: instances side by side within the limits, each one on its own.

Three pools run at once. Whatever ends in a rollout (a change that restarts, or a rollout already under way) goes
through the first, which is as wide as the environment allows; rollouts under way come first in it, so that the
limit holds after a crash too. Deletions have one of their own: AWS may let one wait for twenty minutes, and that is
nobody else's. Everything else (tags, retention, rules) goes through the third.

When `stop_after_failures` rollouts have failed, the first pool starts no further one: the rest is HELD.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from molthub.apply import reasons
from molthub.apply.instance import InstanceRun, Tools, tell
from molthub.apply.settings import ApplySettings, Cancel, Clock, OnBug, ignore_bug, never
from molthub.apply.types import InstanceResult, Outcome, Report
from molthub.errors import Diagnostic
from molthub.events.types import EventType
from molthub.planning.types import Action, EnvironmentPlan, InstancePlan
from molthub.provider.protocols import Guard, Provider, unguarded
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict

NOT_APPLIED = {
    Verdict.BLOCKED: EventType.BLOCKED,
    Verdict.INVALID: EventType.INVALID,
    Verdict.UNKNOWN: None,
}
"""Verdicts that forbid applying, and the event that says so. A failed read is no event of the instance."""

MOST_DELETIONS = 64
"""Deletions at once: they mostly wait."""

ROLLOUT_FAILURES = frozenset({reasons.ROLLOUT_FAILED, reasons.SURROUNDINGS_FAILED, reasons.ROLLOUT_TIMEOUT})


@dataclass(slots=True)
class _Failures:
    """Counts failed rollouts across threads."""

    limit: int
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, result: InstanceResult) -> None:
        if any(item.ref in ROLLOUT_FAILURES for item in result.diagnostics):
            with self._lock:
                self.count += 1

    @property
    def too_many(self) -> bool:
        with self._lock:
            return self.count >= self.limit


def apply_environment(
    plan: EnvironmentPlan,
    provider: Provider,
    *,
    settings: ApplySettings,
    report: Report,
    clock: Clock,
    cancel: Cancel = never,
    jitter: Callable[[], float] = random.random,
    on_bug: OnBug = ignore_bug,
    guard: Guard = unguarded,
) -> tuple[InstanceResult, ...]:
    """Carry the plan out and return one result per instance, in the plan's order.

    Blocks until every instance has ended. Raises nothing of its own; `report` and `on_bug` are called from
    several threads. jitter: a number in [0, 1). With `plan.reasons` (the environment as a whole is blocked)
    nothing is written. guard: asked before every write.
    """
    tools = Tools(provider, settings, report, clock, cancel, jitter, on_bug, guard)
    failures = _Failures(plan.stop_after_failures, settings.failures_before)
    results = {item.identity: _without_work(item, plan.reasons, tools) for item in plan.instances}
    work = [item for item in plan.instances if results[item.identity] is None]
    rolling = sorted((item for item in work if _rolls(item)), key=lambda item: item.rollout_id is None)
    quiet = [item for item in work if not _rolls(item)]
    done: dict[Identity, Future[InstanceResult]] = {}
    with (
        ThreadPoolExecutor(plan.max_concurrent) as narrow,
        ThreadPoolExecutor(MOST_DELETIONS) as patient,
        ThreadPoolExecutor(settings.parallel) as wide,
    ):
        for item in rolling:
            done[item.identity] = narrow.submit(_roll, item, tools, failures)
        for item in quiet:
            done[item.identity] = (patient if _deletes(item) else wide).submit(_run, item, tools)
    return tuple(results[item.identity] or done[item.identity].result() for item in plan.instances)


def _rolls(plan: InstancePlan) -> bool:
    return plan.rollout_id is not None or any(change.restarts for change in plan.changes)


def _deletes(plan: InstancePlan) -> bool:
    return all(change.action is Action.DELETE for change in plan.changes)


def _without_work(plan: InstancePlan, blocking: tuple[Diagnostic, ...], tools: Tools) -> InstanceResult | None:
    """The result of an instance there is nothing to do for, or None when there is work."""
    why = (*plan.reasons, *blocking)
    if plan.verdict in NOT_APPLIED or blocking:
        event = NOT_APPLIED.get(plan.verdict, EventType.BLOCKED)
        if event is not None and why:
            tell(plan, tools, event, why[0].message, ref=why[0].ref)
        again = tools.settings.retry_after if plan.verdict is Verdict.UNKNOWN else None
        return InstanceResult(plan.identity, plan.name, Outcome.BLOCKED, why, retry_after=again)
    if not plan.changes and plan.rollout_id is None:
        return InstanceResult(plan.identity, plan.name, Outcome.UNCHANGED)
    return None


def _roll(plan: InstancePlan, tools: Tools, failures: _Failures) -> InstanceResult:
    """One instance of the narrow pool. A rollout already under way is waited for, however many have failed."""
    if failures.too_many and plan.rollout_id is None:
        diagnostic = reasons.held(plan.name, failures.count)
        tell(plan, tools, EventType.HELD, diagnostic.message, ref=diagnostic.ref)
        return InstanceResult(plan.identity, plan.name, Outcome.HELD, (diagnostic,))
    result = _run(plan, tools)
    failures.add(result)
    return result


def _run(plan: InstancePlan, tools: Tools) -> InstanceResult:
    return InstanceRun(plan, tools).run()
