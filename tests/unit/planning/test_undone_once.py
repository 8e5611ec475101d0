"""A failed upgrade is undone to the backup before it, and never to one further back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from molthub.planning.state import Kept, failed_upgrade
from molthub.resources.observation import RecoveryPoint, Rollout, RolloutState, StateFacts
from molthub.resources.types import BY_HAND, FINAL
from tests.fakes.resource_sets import bot, resource_set

NOON = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
WHOLE = resource_set(bot())
FIRST = RecoveryPoint("arn:1", NOON, of="old@1", before="new@1")
SECOND = RecoveryPoint("arn:2", NOON + timedelta(hours=1), of="new@1", before="bad@1")


def failed(definition: str, *points: RecoveryPoint, after: timedelta) -> Kept:
    """In service is a deployment of `definition` that failed, made so long after noon."""
    rollout = Rollout("ecs-svc/1", definition, RolloutState.FAILED, NOON + after)
    facts = StateFacts("fs-1", points=tuple(reversed(points)), earlier=WHOLE.task_definition)
    return Kept(facts, WHOLE, rollout, (), None)


def test_the_upgrade_that_failed_is_undone() -> None:
    assert failed_upgrade(failed("bad@1", FIRST, SECOND, after=timedelta(hours=2))) == SECOND
    assert failed_upgrade(failed("new@1", FIRST, after=timedelta(minutes=5))) == FIRST


def test_what_was_gone_back_to_is_not_undone_itself() -> None:
    """It may fail for a reason of its own, and its own upgrade was backed up too: what it learned since would go."""
    assert failed_upgrade(failed("new@1", FIRST, SECOND, after=timedelta(hours=2))) is None


@pytest.mark.parametrize("before", ["", FINAL, f"{BY_HAND}2027-01-04T12:02:00+00:00"])
def test_backups_for_other_reasons_do_not_stand_in_the_way(before: str) -> None:
    other = RecoveryPoint("arn:3", NOON + timedelta(minutes=2), of="old@1", before=before)
    assert failed_upgrade(failed("new@1", FIRST, other, after=timedelta(minutes=5))) == FIRST


def test_a_change_without_a_backup_is_not_undone() -> None:
    assert failed_upgrade(failed("newer@1", FIRST, after=timedelta(hours=2))) is None
