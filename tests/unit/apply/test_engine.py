"""The engine: order, limits, waits, failures and cancellation, against the cloud in memory."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from molthub.apply.engine import apply_environment
from molthub.apply.settings import ApplySettings
from molthub.apply.types import InstanceResult, Outcome
from molthub.errors import Diagnostic, StallingError, WaitingError
from molthub.events.types import Event, EventType
from molthub.planning.types import Change, InstancePlan
from molthub.resources.identity import Identity
from molthub.resources.observation import Cause, RolloutState
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.fakes.clock import FakeClock
from tests.fakes.provider import INSTANT, FakeProvider, Script, doomed, failing, throttled
from tests.fakes.resource_sets import COMMIT, KEY, STATELESS, bot, changed, environment_plan, plan_with, resource_set

BOT = bot()
WHOLE = resource_set(BOT)
NEWER = resource_set(BOT, image="ghcr.io/openclaw/openclaw:2026.9.7")
SETTINGS = ApplySettings(commit=COMMIT, actor="ana", patience=600, poll_interval=5, rollout_timeout=300)
DENIED = StallingError("MH-AWS-004", "AWS denies ecs:UpdateService")


class World:
    """A cloud, a clock, and everything that was reported."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cloud = FakeProvider(KEY, now=self.clock.now)
        self.events: list[Event] = []
        self.bugs: list[tuple[Identity, BaseException]] = []

    def apply(
        self,
        *plans: InstancePlan,
        settings: ApplySettings = SETTINGS,
        cancel: Callable[[], bool] = lambda: False,
        **limits: Any,
    ) -> tuple[InstanceResult, ...]:
        return apply_environment(
            environment_plan(*plans, **limits),
            self.cloud,
            settings=settings,
            report=self.events.append,
            clock=self.clock,
            cancel=cancel,
            jitter=lambda: 0.5,
            on_bug=lambda identity, error: self.bugs.append((identity, error)),
        )

    def deploy(self, *names: str) -> list[Identity]:
        """Instances that run the old version."""
        found = [bot(name) for name in names]
        self.apply(*(plan_with(self.cloud, item, resource_set(item)) for item in found))
        self.cloud.writes.clear()
        self.events.clear()
        self.cloud.most_rollouts = 0
        return found

    def upgrade(self, identity: Identity) -> InstancePlan:
        return plan_with(self.cloud, identity, resource_set(identity, image="ghcr.io/openclaw/openclaw:2026.9.7"))

    def told(self, *types: EventType) -> list[str]:
        return [event.message for event in self.events if event.type in types]


@pytest.fixture
def world() -> World:
    return World()


def outcomes(results: tuple[InstanceResult, ...]) -> list[Outcome]:
    return [result.outcome for result in results]


def refs(result: InstanceResult) -> list[str]:
    return [item.ref for item in result.diagnostics]


# -- one instance -----------------------------------------------------------------------------------------


def test_a_creation_runs_in_order_waits_for_its_rollout_and_tells(world: World) -> None:
    world.cloud.script(BOT, Script(polls=2))
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert result == InstanceResult(
        BOT, "acme/prod/support-bot", Outcome.APPLIED, rollout=RolloutState.COMPLETED, writes=len(STATELESS)
    )
    assert [kind for _, kind, _ in world.cloud.writes] == list(STATELESS)
    assert world.cloud.resources(BOT) == WHOLE
    assert world.clock.slept == [5, 5]
    assert [event.type for event in world.events] == [
        *[EventType.CHANGE_STARTED, EventType.CHANGE_APPLIED] * len(STATELESS),
        EventType.ROLLOUT_STARTED,
        EventType.ROLLOUT_COMPLETED,
        EventType.SYNCED,
    ]
    first = world.events[0]
    assert (first.actor, first.commit, first.resource) == ("ana", COMMIT, f"log-group/{WHOLE.log_group.name}")  # type: ignore[union-attr]


def test_a_deletion_ends_as_pruned(world: World) -> None:
    world.deploy("support-bot")
    (result,) = world.apply(plan_with(world.cloud, BOT, None))
    assert result.outcome is Outcome.APPLIED
    assert world.cloud.resources(BOT).is_empty
    assert world.told(EventType.PRUNED) == ["acme/prod/support-bot is deleted"]


def test_nothing_to_do_makes_no_call(world: World) -> None:
    world.deploy("support-bot")
    calls = world.cloud.calls
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.writes, world.cloud.calls) == (Outcome.UNCHANGED, 0, calls)
    assert world.events == []


@pytest.mark.parametrize("verdict", [Verdict.BLOCKED, Verdict.INVALID, Verdict.UNKNOWN])
def test_what_may_not_be_applied_is_left_alone_with_its_reasons(world: World, verdict: Verdict) -> None:
    why = Diagnostic("MH-X-001", "it may not be")
    ready = plan_with(world.cloud, BOT, WHOLE)
    (result,) = world.apply(dataclasses.replace(ready, verdict=verdict, reasons=(why,)))
    assert (result.outcome, result.diagnostics, world.cloud.calls) == (Outcome.BLOCKED, (why,), 0)
    assert (result.retry_after is None) is (verdict is not Verdict.UNKNOWN)
    expected = {Verdict.BLOCKED: [EventType.BLOCKED], Verdict.INVALID: [EventType.INVALID]}.get(verdict, [])
    assert [event.type for event in world.events] == expected


def test_reasons_of_the_environment_block_every_instance(world: World) -> None:
    why = Diagnostic("MH-X-001", "the environment may not be touched")
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE), reasons=(why,))
    assert (result.outcome, result.diagnostics, world.cloud.calls) == (Outcome.BLOCKED, (why,), 0)


def test_a_pause_is_applied_without_a_rollout(world: World) -> None:
    world.deploy("support-bot")
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE, paused=True))
    assert (result.outcome, result.rollout, result.writes) == (Outcome.APPLIED, None, 1)
    assert world.cloud.resources(BOT).service.desired_count == 0  # type: ignore[union-attr]


# -- waiting and retrying ---------------------------------------------------------------------------------


def test_a_wait_is_waited_for_and_told_once(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.drains = 3
    (result,) = world.apply(plan_with(world.cloud, BOT, None))
    assert result.outcome is Outcome.APPLIED
    assert world.clock.slept == [15.0, 15.0, 15.0]
    assert len(world.told(EventType.CHANGE_WAITING)) == 1
    assert world.cloud.resources(BOT).is_empty


@pytest.mark.parametrize(("patience", "slept"), [(0, []), (40, [15.0, 15.0])])
def test_patience_ends_in_waiting(world: World, patience: float, slept: list[float]) -> None:
    world.deploy("support-bot")
    world.cloud.drains = 100
    settings = dataclasses.replace(SETTINGS, patience=patience)
    (result,) = world.apply(plan_with(world.cloud, BOT, None), settings=settings)
    assert (result.outcome, result.retry_after, refs(result)) == (Outcome.WAITING, 15.0, ["MH-AWS-014"])
    assert world.clock.slept == slept


def test_a_transient_failure_is_tried_again_with_jitter_and_a_growing_backoff(world: World) -> None:
    world.cloud.fail(throttled(), kind=Kind.TASK_ROLE, times=3)
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert result.outcome is Outcome.APPLIED
    assert world.clock.slept == [0.5, 1.0, 2.0]


def test_a_transient_failure_that_stays_fails_and_is_worth_another_try(world: World) -> None:
    world.cloud.fail(throttled(), kind=Kind.TASK_ROLE, times=99)
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, refs(result), result.retry_after) == (Outcome.FAILED, ["MH-AWS-005"], 30.0)
    assert world.told(EventType.CHANGE_FAILED) == [
        f"create task-role {WHOLE.task_role.name}: AWS throttles UpdateService"  # type: ignore[union-attr]
    ]


def test_an_answer_that_was_lost_is_found_done(world: World) -> None:
    world.cloud.fail(throttled(), kind=Kind.SERVICE, after_effect=True)
    world.cloud.script(BOT, Script(polls=2))
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.rollout) == (Outcome.APPLIED, RolloutState.COMPLETED)
    assert world.cloud.resources(BOT) == WHOLE


def test_a_stalling_failure_ends_its_instance_at_once_and_no_other(world: World) -> None:
    other = bot("other")
    world.cloud.fail(DENIED, identity=BOT, kind=Kind.TASK_ROLE, times=99)
    results = world.apply(*(plan_with(world.cloud, item, resource_set(item)) for item in (BOT, other)))
    by_name = {result.identity.id: result for result in results}
    assert by_name["other"].outcome is Outcome.APPLIED
    failed = by_name["support-bot"]
    assert (failed.outcome, refs(failed), failed.retry_after) == (Outcome.FAILED, ["MH-AWS-004"], None)
    assert failed.writes == 3
    assert world.clock.slept == []


def test_a_bug_is_one_instances_failure_with_a_reference_and_no_text(world: World) -> None:
    other = bot("other")
    error = RuntimeError("with something private in it")
    world.cloud.fail(error, identity=BOT)
    results = world.apply(*(plan_with(world.cloud, item, resource_set(item)) for item in (BOT, other)))
    assert outcomes(results) == [Outcome.APPLIED, Outcome.FAILED]
    assert str(results[1].diagnostics[0]) == (
        "error: MH-APPLY-001 Molthub itself failed while applying acme/prod/support-bot (RuntimeError) "
        "(Report it with the log; it is tried again, and what was done so far is found again)"
    )
    assert world.bugs == [(BOT, error)]
    assert not any("private" in event.message for event in world.events)


# -- rollouts ---------------------------------------------------------------------------------------------


def test_a_rollout_that_fails_through_its_own_fault_is_left_to_a_person(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.script(BOT, failing("init exited with 78"))
    (result,) = world.apply(world.upgrade(BOT))
    assert (result.outcome, result.rollout, result.retry_after) == (Outcome.FAILED, RolloutState.ROLLED_BACK, None)
    assert [item.message for item in result.diagnostics] == [
        "the rollout of acme/prod/support-bot failed, ECS rolled back to the version before: init exited with 78"
    ]
    assert len(world.told(EventType.ROLLED_BACK)) == 1
    again = world.upgrade(BOT)
    assert (again.verdict, [item.ref for item in again.reasons]) == (Verdict.BLOCKED, ["MH-PLAN-004"])


def test_a_rollout_that_its_surroundings_failed_is_tried_again_later(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.script(BOT, failing("no capacity", cause=Cause.SURROUNDINGS))
    (result,) = world.apply(world.upgrade(BOT))
    assert (result.outcome, refs(result), result.retry_after) == (Outcome.FAILED, ["MH-APPLY-003"], 30.0)
    assert world.upgrade(BOT).verdict is Verdict.OUT_OF_SYNC


def test_a_first_rollout_that_its_surroundings_failed_is_forced_again_until_it_runs(world: World) -> None:
    world.cloud.script(BOT, failing("CannotPullContainerError", cause=Cause.SURROUNDINGS))
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.rollout) == (Outcome.FAILED, RolloutState.FAILED)
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.writes) == (Outcome.APPLIED, 1)
    assert plan_with(world.cloud, BOT, WHOLE).verdict is Verdict.SYNCED


def test_a_cause_without_doubt_ends_the_rollout_at_once(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.script(BOT, doomed())
    (result,) = world.apply(world.upgrade(BOT))
    assert (result.outcome, result.rollout) == (Outcome.FAILED, RolloutState.ROLLED_BACK)
    assert len(world.cloud.stopped) == 1
    assert world.clock.slept == [5]


def test_a_rollout_that_cannot_be_ended_is_left_to_the_breaker(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.script(BOT, dataclasses.replace(doomed(), polls=2))

    def refuse(_identity: Identity, _rollout_id: str) -> None:
        raise StallingError("MH-AWS-004", "AWS denies ecs:StopServiceDeployment")

    world.cloud.stop_rollout = refuse  # type: ignore[method-assign]
    (result,) = world.apply(world.upgrade(BOT))
    assert (result.outcome, result.rollout) == (Outcome.FAILED, RolloutState.ROLLED_BACK)
    assert world.told(EventType.CHANGE_FAILED) == ["AWS denies ecs:StopServiceDeployment"]


def test_a_rollout_that_takes_too_long_is_given_up_and_waited_for_by_the_next_apply(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.script(BOT, Script(polls=80))
    (result,) = world.apply(world.upgrade(BOT))
    assert (result.outcome, refs(result)) == (Outcome.FAILED, ["MH-APPLY-004"])
    assert sum(world.clock.slept) == 300
    again = world.upgrade(BOT)
    assert (again.verdict, again.rollout_id is not None) == (Verdict.SYNCED, True)
    (result,) = world.apply(again)
    assert (result.outcome, result.rollout, result.writes) == (Outcome.UNCHANGED, RolloutState.COMPLETED, 0)


def test_a_look_at_a_rollout_may_fail_for_a_moment(world: World) -> None:
    world.cloud.script(BOT, Script(polls=1))
    look, fails = world.cloud.rollout, [throttled(), WaitingError("MH-AWS-015", "a new role", after=3)]

    def flaky(identity: Identity, rollout_id: str) -> Any:
        if fails:
            raise fails.pop(0)
        return look(identity, rollout_id)

    world.cloud.rollout = flaky  # type: ignore[method-assign]
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.retry_after) == (Outcome.WAITING, 3)


# -- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_rollouts_at_once_than_the_environment_allows(world: World, limit: int) -> None:
    found = world.deploy(*(f"bot-{letter}" for letter in "abcdefgh"))
    world.cloud.default = Script(polls=3)
    look = world.cloud.rollout

    def slowly(identity: Identity, rollout_id: str) -> Any:
        time.sleep(0.005)  # long enough for every thread there is to start its own
        return look(identity, rollout_id)

    world.cloud.rollout = slowly  # type: ignore[method-assign]
    results = world.apply(*(world.upgrade(item) for item in found), max_concurrent=limit)
    assert outcomes(results) == [Outcome.APPLIED] * 8
    assert world.cloud.most_rollouts == limit


def test_the_limit_is_used(world: World) -> None:
    """Three instances meet at a barrier in the middle of their change: with less than three at once nobody passes."""
    found = world.deploy("bot-a", "bot-b", "bot-c")
    barrier = threading.Barrier(3, timeout=10)

    def meet(_identity: Identity, change: Change) -> None:
        if change.kind is Kind.SERVICE:
            barrier.wait()

    world.cloud.before_perform = meet
    assert outcomes(world.apply(*(world.upgrade(item) for item in found), max_concurrent=3)) == [Outcome.APPLIED] * 3


def test_a_rollout_under_way_counts_against_the_limit_and_comes_first(world: World) -> None:
    found = world.deploy("bot-a", "bot-b", "bot-z")
    world.cloud.script(found[2], Script(polls=4))
    world.apply(world.upgrade(found[2]), cancel=_after(2))
    world.cloud.default = Script(polls=1)
    results = world.apply(*(world.upgrade(item) for item in found), max_concurrent=1)
    assert outcomes(results) == [Outcome.APPLIED, Outcome.APPLIED, Outcome.UNCHANGED]
    assert world.cloud.most_rollouts == 1


def test_after_enough_failures_the_rest_is_held_and_quiet_changes_go_on(world: World) -> None:
    found = world.deploy("bot-a", "bot-b", "bot-c", "bot-d", "quiet")
    for item in found[:2]:
        world.cloud.script(item, failing())
    quiet = changed(resource_set(found[4]), Kind.LOG_GROUP, retention_days=30)
    plans = [*(world.upgrade(item) for item in found[:4]), plan_with(world.cloud, found[4], quiet)]
    results = world.apply(*plans, max_concurrent=1, stop_after_failures=2)
    assert outcomes(results) == [Outcome.FAILED, Outcome.FAILED, Outcome.HELD, Outcome.HELD, Outcome.APPLIED]
    assert [item.message for item in results[2].diagnostics] == [
        "acme/prod/bot-c is not started: 2 rollouts of this commit failed before it"
    ]
    assert len(world.told(EventType.HELD)) == 2


def test_failures_of_earlier_passes_count(world: World) -> None:
    (item,) = world.deploy("bot-a")
    settings = dataclasses.replace(SETTINGS, failures_before=2)
    assert outcomes(world.apply(world.upgrade(item), settings=settings)) == [Outcome.HELD]
    assert world.cloud.writes == []


def test_failures_that_are_no_rollouts_hold_nobody(world: World) -> None:
    found = world.deploy("bot-a", "bot-b")
    world.cloud.fail(DENIED, identity=found[0], times=9)
    results = world.apply(*(world.upgrade(item) for item in found), max_concurrent=1, stop_after_failures=1)
    assert outcomes(results) == [Outcome.FAILED, Outcome.APPLIED]


# -- cancelling -------------------------------------------------------------------------------------------


def _after(times: int) -> Callable[[], bool]:
    """A cancel that turns True after it was asked so many times."""
    asked = [0]

    def cancel() -> bool:
        asked[0] += 1
        return asked[0] > times

    return cancel


def test_cancelled_between_writes_says_what_was_done_and_what_not(world: World) -> None:
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE), cancel=_after(4))
    assert (result.outcome, result.writes) == (Outcome.CANCELLED, 4)
    assert result.diagnostics[0].message == (
        f"stopped after 4 of {len(STATELESS)} changes of acme/prod/support-bot; "
        f"not done: {', '.join(f'create {kind}' for kind in STATELESS[4:])}"
    )
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE))
    assert (result.outcome, result.writes) == (Outcome.APPLIED, len(STATELESS) - 4)


def test_cancelled_while_a_rollout_goes_on(world: World) -> None:
    world.cloud.script(BOT, Script(polls=9))
    (result,) = world.apply(plan_with(world.cloud, BOT, WHOLE), cancel=_after(len(STATELESS) + 2))
    assert (result.outcome, result.rollout) == (Outcome.CANCELLED, RolloutState.IN_PROGRESS)
    assert [item.message for item in result.diagnostics] == [
        "every change of acme/prod/support-bot is made; its rollout goes on in AWS and was not waited for"
    ]


def test_cancelled_while_waiting_for_aws(world: World) -> None:
    world.deploy("support-bot")
    world.cloud.drains = 100
    (result,) = world.apply(plan_with(world.cloud, BOT, None), cancel=_after(8))
    assert result.outcome is Outcome.CANCELLED
    assert "not done: delete security-group" in result.diagnostics[0].message


def test_cancelled_before_it_began_does_nothing(world: World) -> None:
    results = world.apply(
        *(plan_with(world.cloud, bot(name), resource_set(bot(name))) for name in ("bot-a", "bot-b")),
        cancel=lambda: True,
    )
    assert outcomes(results) == [Outcome.CANCELLED] * 2
    assert world.cloud.calls == 0


def test_results_are_in_the_plans_order(world: World) -> None:
    names = [f"bot-{letter}" for letter in "abcdef"]
    world.cloud.default = INSTANT
    plans = [plan_with(world.cloud, bot(name), resource_set(bot(name))) for name in names]
    assert [result.identity.id for result in world.apply(*plans)] == names
