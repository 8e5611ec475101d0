"""What is done only after the rollout: when that completed, not when it failed, and again after a crash."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from molthub.apply.engine import apply_environment
from molthub.apply.settings import ApplySettings
from molthub.apply.types import InstanceResult, Outcome
from molthub.cli.views import results as results_view
from molthub.errors import TransientError
from molthub.events.types import Event, EventType
from molthub.planning.permissions import PREVIOUS
from molthub.planning.types import Change, InstancePlan
from molthub.provider.protocols import WriteContext, WriteResult
from molthub.resources.identity import Identity
from molthub.resources.normal import canonical_policy
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.clock import FakeClock
from tests.fakes.provider import CrashError, FakeProvider, Script, failing
from tests.fakes.resource_sets import COMMIT, KEY, bot, changed, environment_plan, plan_with, resource_set

BOT = bot()
SETTINGS = ApplySettings(commit=COMMIT, actor="ana")


def version(number: int, secret: str) -> ResourceSet:
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": f"${{secret:{secret}}}"}
    text = canonical_policy({"Version": "2012-10-17", "Statement": [statement]})
    made = resource_set(BOT, image=f"ghcr.io/openclaw/openclaw:2026.9.{number}")
    return changed(made, Kind.EXECUTION_ROLE, inline_policies=(("molthub", text),))


OLD, NEW = version(6, "old"), version(7, "new")


class World:
    def __init__(self) -> None:
        self.cloud = FakeProvider(KEY)
        self.events: list[Event] = []
        self.seen: list[tuple[Kind, bool]] = []
        self.apply(OLD)
        self.cloud.before_perform = self._see
        self.events.clear()
        self.cloud.tidied.clear()

    def _see(self, identity: Identity, change: Change) -> None:
        item = self.cloud.instances[identity]
        rolling = item.rollout is not None and item.rollout.record.state.value == "in-progress"
        assert not (rolling and change.after_rollout), "the rollout is not over"
        self.seen.append((change.kind, change.after_rollout))

    def apply(self, desired: ResourceSet) -> InstanceResult:
        (result,) = apply_environment(
            environment_plan(plan_with(self.cloud, BOT, desired)),
            self.cloud,
            settings=SETTINGS,
            report=self.events.append,
            clock=FakeClock(),
            jitter=lambda: 0,
        )
        return result

    def policies(self) -> set[str]:
        role = self.cloud.resources(BOT).execution_role
        assert role is not None
        return {name for name, _ in role.inline_policies}


@pytest.fixture
def world() -> World:
    return World()


ORDER = [
    (Kind.EXECUTION_ROLE, False),
    (Kind.TASK_DEFINITION, False),
    (Kind.SERVICE, False),
    (Kind.EXECUTION_ROLE, True),
]


def test_narrowed_when_the_rollout_completed(world: World) -> None:
    world.cloud.script(BOT, Script(polls=3))
    assert world.apply(NEW).outcome is Outcome.APPLIED
    assert world.seen == ORDER
    assert world.policies() == {"molthub"}
    assert plan_with(world.cloud, BOT, NEW).verdict is Verdict.SYNCED
    assert world.cloud.tidied == [BOT]


def test_left_when_the_rollout_failed(world: World) -> None:
    world.cloud.script(BOT, failing(polls=3))
    assert world.apply(NEW).outcome is Outcome.FAILED
    assert world.seen == ORDER[:-1]
    assert world.policies() == {"molthub", PREVIOUS}
    assert world.cloud.tidied == []
    assert world.apply(NEW).outcome is Outcome.BLOCKED
    assert world.apply(OLD).outcome is Outcome.APPLIED
    assert world.policies() == {"molthub"}


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("call", range(1, len(ORDER) + 1))
def test_a_crash_at_any_of_them_heals(world: World, call: int, after_effect: bool) -> None:
    world.cloud.crash_at(call, after_effect=after_effect)
    with pytest.raises(CrashError):
        world.apply(NEW)
    world.cloud.heal()
    assert world.apply(NEW).outcome in (Outcome.APPLIED, Outcome.UNCHANGED)
    assert world.policies() == {"molthub"}
    assert plan_with(world.cloud, BOT, NEW).verdict is Verdict.SYNCED


class Untidy(FakeProvider):
    def tidy(self, context: WriteContext) -> WriteResult:
        raise TransientError("MH-AWS-005", f"AWS throttles DeregisterTaskDefinition for {context.identity}")


class Tidy(FakeProvider):
    def tidy(self, context: WriteContext) -> WriteResult:
        assert context.commit == COMMIT
        return WriteResult(wrote=True, detail="2 old revisions deregistered")


@pytest.mark.parametrize(("kind", "told"), [(Untidy, []), (Tidy, ["tidy up: 2 old revisions deregistered"])])
def test_tidying_is_told_and_its_failure_is_none(kind: type[FakeProvider], told: list[str]) -> None:
    cloud, events = kind(KEY), list[Event]()
    (result,) = apply_environment(
        environment_plan(plan_with(cloud, BOT, OLD)),
        cloud,
        settings=SETTINGS,
        report=events.append,
        clock=FakeClock(),
        jitter=lambda: 0,
    )
    assert result.outcome is Outcome.APPLIED
    done = [event.message for event in events if event.type is EventType.CHANGE_APPLIED]
    assert [message for message in done if message.startswith("tidy")] == told


def test_deletions_that_wait_hold_up_nothing_else() -> None:
    """More of them than the other pools are wide; each waits until something else was done."""
    names = [bot(f"gone-{number:02}") for number in range(12)]
    cloud, done = FakeProvider(KEY), threading.Event()

    def apply(*plans: InstancePlan) -> tuple[InstanceResult, ...]:
        made = environment_plan(*plans)
        return apply_environment(
            made, cloud, settings=SETTINGS, report=lambda _event: None, clock=FakeClock(), jitter=lambda: 0
        )

    apply(*(plan_with(cloud, item, resource_set(item)) for item in [BOT, *names]))
    held: list[bool] = []

    def meet(identity: Identity, change: Change) -> None:
        if identity == BOT:
            done.set()
        elif change.kind is Kind.SERVICE:
            held.append(done.wait(10))

    cloud.before_perform = meet
    tagged = changed(resource_set(BOT), Kind.LOG_GROUP, retention_days=30)
    results = apply(plan_with(cloud, BOT, tagged), *(plan_with(cloud, item, None) for item in names))
    assert {item.outcome for item in results} == {Outcome.APPLIED}
    assert held == [True] * len(names)


def test_what_stays_of_a_deletion_is_told() -> None:
    class Keeping(FakeProvider):
        def perform(self, change: Change, context: WriteContext) -> WriteResult:
            result = super().perform(change, context)
            return replace(result, stays="the secret x, for 30 days") if change.kind is Kind.SECRET else result

    cloud, events = Keeping(KEY), list[Event]()
    for desired in (OLD, None):
        (result,) = apply_environment(
            environment_plan(plan_with(cloud, BOT, desired)),
            cloud,
            settings=SETTINGS,
            report=events.append,
            clock=FakeClock(),
            jitter=lambda: 0,
        )
    assert result.stays == ("the secret x, for 30 days",)
    assert events[-1].message == "acme/prod/support-bot is deleted; what stays: the secret x, for 30 days"
    assert "  stays: the secret x, for 30 days" in results_view.human([result], colour=False)
