"""Many instances, a moody cloud: after the faults stop, everything is as wanted and no further write is made."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from molthub.apply.engine import apply_environment
from molthub.apply.settings import ApplySettings
from molthub.apply.types import InstanceResult, Outcome
from molthub.errors import MolthubError, StallingError, WaitingError
from molthub.resources.identity import Identity
from molthub.resources.observation import Cause
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.clock import FakeClock
from tests.fakes.provider import FakeProvider, Script, failing, throttled
from tests.fakes.resource_sets import COMMIT, KEY, bot, environment_plan, plan_with, resource_set

BOTS = [bot(f"bot-{letter}") for letter in "abcd"]
SETTINGS = ApplySettings(commit=COMMIT, actor="test", patience=0, attempts=2)


def _denied() -> MolthubError:
    return StallingError("MH-AWS-004", "denied")


def _waiting() -> MolthubError:
    return WaitingError("MH-AWS-015", "a role is not usable yet", after=5)


FAULTS = st.lists(
    st.tuples(
        st.sampled_from([_denied, _waiting, throttled, lambda: RuntimeError("a bug")]),
        st.sampled_from([None, *Kind]),
        st.sampled_from([None, *BOTS]),
        st.booleans(),
        st.integers(1, 3),
    ),
    max_size=6,
)
ROLLOUTS = st.lists(
    st.tuples(
        st.sampled_from(BOTS),
        st.sampled_from(
            [Script(polls=3), failing(cause=Cause.SURROUNDINGS), failing(cause=Cause.SURROUNDINGS, polls=3)]
        ),
    ),
    max_size=4,
)


def one_pass(cloud: FakeProvider, wanted: dict[Identity, ResourceSet | None]) -> tuple[InstanceResult, ...]:
    plans = [plan_with(cloud, identity, desired) for identity, desired in wanted.items()]
    return apply_environment(
        environment_plan(*plans, max_concurrent=2, stop_after_failures=2),
        cloud,
        settings=SETTINGS,
        report=lambda _event: None,
        clock=FakeClock(),
        jitter=lambda: 0.0,
    )


@given(FAULTS, ROLLOUTS, st.integers(0, 2), st.sets(st.sampled_from(BOTS)))
@settings(deadline=None, max_examples=60)
def test_it_ends_as_wanted(
    faults: list[tuple[object, Kind | None, Identity | None, bool, int]],
    rollouts: list[tuple[Identity, Script]],
    drains: int,
    removed: set[Identity],
) -> None:
    cloud = FakeProvider(KEY)
    old: dict[Identity, ResourceSet | None] = {item: resource_set(item) for item in BOTS}
    one_pass(cloud, old)
    cloud.drains = drains
    for make, kind, identity, after_effect, times in faults:
        cloud.fail(make(), kind=kind, identity=identity, after_effect=after_effect, times=times)  # type: ignore[operator]
    for identity, script in rollouts:
        cloud.script(identity, script)
    new = {item: None if item in removed else resource_set(item, environment={"TZ": "Asia/Tokyo"}) for item in BOTS}
    for _ in range(3):
        one_pass(cloud, new)
    cloud.heal()
    for _ in range(12):
        results = one_pass(cloud, new)
    assert {result.outcome for result in results} == {Outcome.UNCHANGED}
    assert {item: cloud.resources(item) for item in BOTS} == {i: d or ResourceSet() for i, d in new.items()}
    writes = len(cloud.writes)
    one_pass(cloud, new)
    assert len(cloud.writes) == writes
