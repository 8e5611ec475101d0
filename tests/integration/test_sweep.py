"""A full drift check of 1,000 instances: how many calls it makes, and that it sees what drifted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.builders import documents
from tests.fakes.bulk import furnish
from tests.fakes.hand import Hand
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import Session, Stage, furnished

INSTANCES = 1000
MOST_CALLS = 160
"""The floor, with a warm cache of task definitions, is 143 calls."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A thousand running instances, furnished past HTTP; Molthub itself judges below that they are as they should."""
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        manifests = [bot(f"bot-{number:04}") for number in range(INSTANCES)]
        made.commit(*manifests)
        furnish(made.simulator._world, documents(*manifests))
        made.control.advance(600)
        yield made


@pytest.fixture(scope="module")
def session(stage: Stage) -> Session:
    """A process that has seen the whole fleet before: its cache of task definitions is warm."""
    made = stage.session()
    verdicts = Counter(view.plan.verdict for view in made.plan().views)
    assert verdicts == {Verdict.SYNCED: INSTANCES}
    print(f"with a cold cache: {stage.control.counters()['reads']} calls")
    return made


def test_a_sweep_of_a_thousand(stage: Stage, session: Session) -> None:
    clients: dict[str, object] = {}
    Hand(stage, "bot-0007", clients).replace_egress(FromPort=80)
    Hand(stage, "bot-0500", clients).update(enableExecuteCommand=True)
    logs = stage.client("logs")
    logs.put_retention_policy(logGroupName=Hand(stage, "bot-0999", clients).names.log_group, retentionInDays=7)
    stage.control.reset_counters()
    started = time.monotonic()
    planned = session.plan()
    took = time.monotonic() - started
    counters = stage.control.counters()
    drifted = {
        view.identity.id: {change.kind for change in view.plan.changes}
        for view in planned.views
        if view.plan.verdict is not Verdict.SYNCED
    }
    assert len(planned.views) == INSTANCES
    assert drifted == {
        "bot-0007": {Kind.SECURITY_GROUP},
        "bot-0500": {Kind.SERVICE},
        "bot-0999": {Kind.LOG_GROUP},
    }
    assert counters["writes"] == 0
    print(f"a sweep over {INSTANCES} instances: {counters['reads']} calls, {took:.1f} s; {counters['operations']}")
    assert counters["reads"] <= MOST_CALLS
