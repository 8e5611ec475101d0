"""One instance's apply: its changes in order, its rollout to the end, then the changes that wait for that.

How a failure is met is told by its class: a StallingError ends the instance at once, a TransientError is tried
again a few times, a WaitingError is waited for as long as the settings have patience. Anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from molthub.apply import reasons
from molthub.apply.settings import ApplySettings, Cancel, Clock, OnBug
from molthub.apply.types import InstanceResult, Outcome, Report
from molthub.errors import Diagnostic, MolthubError, StallingError, TransientError, WaitingError
from molthub.events.types import Event, EventType
from molthub.planning.types import Action, Change, InstancePlan
from molthub.provider.protocols import Guard, Provider, WriteContext, WriteResult
from molthub.resources.observation import Cause, Rollout, RolloutState
from molthub.resources.types import Backup, Kind

T = TypeVar("T")
FAILURES = (RolloutState.FAILED, RolloutState.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every instance of one apply shares."""

    provider: Provider
    settings: ApplySettings
    report: Report
    clock: Clock
    cancel: Cancel
    jitter: Callable[[], float]
    on_bug: OnBug
    guard: Guard


class _StopError(Exception):
    """Ends the instance with this outcome; never leaves this module."""

    def __init__(self, outcome: Outcome, diagnostic: Diagnostic, *, retry_after: float | None = None) -> None:
        super().__init__(diagnostic.message)
        self.outcome = outcome
        self.diagnostic = diagnostic
        self.retry_after = retry_after


@dataclass(slots=True)
class InstanceRun:
    """Carries one instance's plan out. Make one, call `run` once."""

    plan: InstancePlan
    tools: Tools
    done: int = 0
    writes: int = 0
    waited: float = 0.0
    rollout: RolloutState | None = None
    stays: list[str] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)
    _unsaved: bool = False

    def run(self) -> InstanceResult:
        """Every exception but a dying process ends here as a result, so that the neighbours go on."""
        try:
            self._carry_out()
        except _StopError as stop:
            return self._result(stop.outcome, stop.diagnostic, retry_after=stop.retry_after)
        except MolthubError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - a bug in one instance must not stop the others
            self.tools.on_bug(self.plan.identity, error)
            diagnostic = reasons.bug(self.plan.name, error)
            self._tell(EventType.CHANGE_FAILED, diagnostic.message, ref=diagnostic.ref)
            return self._result(Outcome.FAILED, diagnostic, retry_after=self.tools.settings.retry_after)
        return self._result(Outcome.APPLIED if self.plan.changes else Outcome.UNCHANGED)

    def _carry_out(self) -> None:
        rollout_id = self._ahead() or self.plan.rollout_id
        if rollout_id is not None:
            self._roll(rollout_id)
        for change in self.plan.changes:
            if change.after_rollout:
                self._step(change)
        if rollout_id is not None:
            self._tidy()
        self._tell_end()

    def _ahead(self) -> str | None:
        """Everything before the rollout; its deployment's id. Without a backup, what the plan has for that case."""
        rollout_id = None
        for change in self.plan.changes:
            if change.after_rollout:
                continue
            result = self._forward(change)
            if result.unsaved:
                self._unsaved = True
                self.plan = replace(self.plan, changes=self.plan.without_backup, fallback=())
                return self._ahead()
            rollout_id = result.rollout_id or rollout_id
        return rollout_id

    def _forward(self, change: Change) -> WriteResult:
        """One change; should a backup fail that an upgrade waits for, the Moltbot is started again as it was."""
        try:
            return self._step(change)
        except StallingError:
            if not isinstance(change.after, Backup) or self.plan.resume is None:
                raise
            self._perform(self.plan.resume)
            raise

    def _roll(self, rollout_id: str) -> None:
        """Follow the rollout; where ECS is not to go back by itself and it fails, go back here, state and all."""
        try:
            self._follow(rollout_id)
        except _StopError as stop:
            if self._unsaved and self.rollout in FAILURES:
                self._tell(EventType.ROLLED_BACK, f"the state of {self.plan.name} is NOT restored: it has no backup")
            if not self.plan.fallback or stop.outcome is not Outcome.FAILED or self.rollout not in FAILURES:
                raise
            self._go_back()
            raise

    def _go_back(self) -> None:
        failed, rollout_id = self.rollout, None
        self._tell(EventType.ROLLED_BACK, f"{self.plan.name} goes back to the version and the state before the upgrade")
        for change in self.plan.fallback:
            if not change.after_rollout:
                rollout_id = self._perform(change).rollout_id or rollout_id
        if rollout_id is not None:
            self._follow(rollout_id)
        for change in self.plan.fallback:
            if change.after_rollout:
                self._perform(change)
        self.rollout = failed

    def _step(self, change: Change) -> WriteResult:
        self._check_cancelled()
        result = self._perform(change)
        self.done += 1
        self.stays += [result.stays] if result.stays else []
        return result

    def _tidy(self) -> None:
        """Clear away what the completed rollout left. Not being able to is no failure: the next one does it."""
        context = WriteContext(self.plan.identity, self.tools.settings.commit, self.tools.guard)
        try:
            self.tools.guard()
            result = self.tools.provider.tidy(context)
        except MolthubError:
            return
        if result.wrote:
            self.writes += 1
            self._tell(EventType.CHANGE_APPLIED, f"tidy up: {result.detail}")

    def _tell_end(self) -> None:
        if not self.plan.changes:
            return
        last = {change.kind: change.action for change in self.plan.changes if isinstance(change.kind, Kind)}
        if last and set(last.values()) == {Action.DELETE}:  # a stop and a last backup may have come before
            left = f"; what stays: {'; '.join(self.stays)}" if self.stays else ""
            self._tell(EventType.PRUNED, f"{self.plan.name} is deleted{left}")
        else:
            self._tell(EventType.SYNCED, f"{self.plan.name} is as its manifest says")

    # -- changes ------------------------------------------------------------------------------------------

    def _perform(self, change: Change) -> WriteResult:
        what = f"{change.action.word} {change.kind} {change.name}"
        resource = f"{change.kind}/{change.name}"
        context = WriteContext(self.plan.identity, self.tools.settings.commit, self.tools.guard)
        self._tell(EventType.CHANGE_STARTED, what, resource=resource)
        try:
            result = self._patiently(lambda: self._write(change, context), resource=resource)
        except MolthubError as error:
            message = f"{what}: {error.diagnostic.message}"
            self._tell(EventType.CHANGE_FAILED, message, resource=resource, ref=error.ref)
            raise
        self.writes += result.wrote
        detail = f": {result.detail}" if result.detail else ""
        self._tell(EventType.CHANGE_APPLIED, f"{what}{detail}", resource=resource)
        return result

    def _write(self, change: Change, context: WriteContext) -> WriteResult:
        self.tools.guard()
        return self.tools.provider.perform(change, context)

    def _patiently(self, call: Callable[[], T], *, resource: str) -> T:
        """The call's answer, waiting while AWS is not ready for it."""
        while True:
            try:
                return self._with_retries(call)
            except WaitingError as error:
                if error.diagnostic.message not in self._said:
                    self._said.add(error.diagnostic.message)
                    message = error.diagnostic.message
                    self._tell(EventType.CHANGE_WAITING, message, resource=resource, ref=error.ref)
                after = min(error.after, self.tools.settings.longest_wait)
                if self.waited + after > self.tools.settings.patience:
                    raise _StopError(Outcome.WAITING, error.diagnostic, retry_after=error.after) from error
                self.waited += after
                self._sleep(after)

    def _with_retries(self, call: Callable[[], T]) -> T:
        """The call's answer; a transient failure is tried again with full jitter."""
        settings = self.tools.settings
        for attempt in range(1, settings.attempts):
            try:
                return call()
            except TransientError:
                longest = min(settings.longest_backoff, settings.backoff * 2 ** (attempt - 1))
                self._sleep(longest * self.tools.jitter())
        return call()

    # -- the rollout --------------------------------------------------------------------------------------

    def _follow(self, rollout_id: str) -> None:
        """Wait for one deployment until it is over, and end it early when its cause leaves no doubt."""
        self._tell(EventType.ROLLOUT_STARTED, f"waiting for deployment {rollout_id}")
        started = self.tools.clock.now()
        asked_to_stop = False
        while True:
            rollout = self._with_retries(lambda: self.tools.provider.rollout(self.plan.identity, rollout_id))
            self.rollout = rollout.state
            if rollout.state is not RolloutState.IN_PROGRESS:
                self._judge(rollout)
                return
            # Stopped, ECS would start the former version on a state that may have been migrated: its breaker ends it.
            if rollout.cause is not None and not asked_to_stop and not self.plan.fallback:
                asked_to_stop = True
                self._stop_rollout(rollout)
            self._check_timeout(rollout, started)
            self._sleep(self.tools.settings.poll_interval)

    def _judge(self, rollout: Rollout) -> None:
        if rollout.state is RolloutState.COMPLETED:
            self._tell(EventType.ROLLOUT_COMPLETED, f"deployment {rollout.deployment_id} completed")
            return
        diagnostic = reasons.rollout_failed(self.plan.name, rollout, self.plan.changes)
        rolled_back = rollout.state is RolloutState.ROLLED_BACK
        event = EventType.ROLLED_BACK if rolled_back else EventType.ROLLOUT_FAILED
        self._tell(event, diagnostic.message, ref=diagnostic.ref)
        again = self.tools.settings.retry_after if rollout.cause is Cause.SURROUNDINGS else None
        raise _StopError(Outcome.FAILED, diagnostic, retry_after=again)

    def _stop_rollout(self, rollout: Rollout) -> None:
        """End a deployment that cannot succeed. Not being able to is no failure of its own: the breaker ends it too."""
        what = f"end deployment {rollout.deployment_id} early: {rollout.reason}"
        resource = f"rollout/{rollout.deployment_id}"
        self._tell(EventType.CHANGE_STARTED, what, resource=resource)

        def stop() -> None:
            self.tools.guard()
            self.tools.provider.stop_rollout(self.plan.identity, rollout.deployment_id)

        try:
            self._with_retries(stop)
        except MolthubError as error:
            self._tell(EventType.CHANGE_FAILED, error.diagnostic.message, resource=resource, ref=error.ref)
        else:
            self.writes += 1
            self._tell(EventType.CHANGE_APPLIED, what, resource=resource)

    def _check_timeout(self, rollout: Rollout, started: datetime) -> None:
        limit = self.tools.settings.rollout_timeout
        if (self.tools.clock.now() - started).total_seconds() < limit:
            return
        diagnostic = reasons.rollout_timeout(self.plan.name, rollout, limit)
        self._tell(EventType.ROLLOUT_FAILED, diagnostic.message, ref=diagnostic.ref)
        raise _StopError(Outcome.FAILED, diagnostic, retry_after=self.tools.settings.retry_after)

    # -- small things -------------------------------------------------------------------------------------

    def _sleep(self, seconds: float) -> None:
        self._check_cancelled()
        self.tools.clock.sleep(seconds, self.tools.cancel)
        self._check_cancelled()

    def _check_cancelled(self) -> None:
        if self.tools.cancel():
            raise _StopError(Outcome.CANCELLED, reasons.cancelled(self.plan, self.done))

    def _failed(self, error: MolthubError) -> InstanceResult:
        if isinstance(error, WaitingError):
            return self._result(Outcome.WAITING, error.diagnostic, retry_after=error.after)
        again = self.tools.settings.retry_after if isinstance(error, TransientError) else None
        return self._result(Outcome.FAILED, error.diagnostic, retry_after=again)

    def _result(self, outcome: Outcome, *diagnostics: Diagnostic, retry_after: float | None = None) -> InstanceResult:
        return InstanceResult(
            identity=self.plan.identity,
            name=self.plan.name,
            outcome=outcome,
            diagnostics=diagnostics,
            rollout=self.rollout,
            writes=self.writes,
            retry_after=retry_after,
            stays=tuple(self.stays),
        )

    def _tell(self, event: EventType, message: str, *, resource: str = "", ref: str = "") -> None:
        tell(self.plan, self.tools, event, message, resource=resource, ref=ref)


def tell(
    plan: InstancePlan, tools: Tools, event: EventType, message: str, *, resource: str = "", ref: str = ""
) -> None:
    """Report one event of one instance."""
    tools.report(
        Event(
            at=tools.clock.now(),
            identity=plan.identity,
            type=event,
            message=message,
            actor=tools.settings.actor,
            commit=tools.settings.commit,
            resource=resource,
            ref=ref,
        )
    )
