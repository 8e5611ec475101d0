"""A rollout that its surroundings failed is planned again, and everybody is told what ECS said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from molthub.apply.types import Outcome
from molthub.resources.states import Verdict
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import Stage, by_id, furnished

ABSENT = "ghcr.io/openclaw/openclaw:2026.9.6-missing"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        yield made


def test_after_an_image_that_could_not_be_pulled(stage: Stage) -> None:
    good = stage.commit(bot("support-bot"))
    assert stage.session().apply()["support-bot"].outcome is Outcome.APPLIED
    stage.commit(bot("support-bot", runtime={"image": ABSENT}))
    assert stage.session().apply()["support-bot"].outcome is Outcome.FAILED
    stage.control.advance(300)

    plan = by_id(stage.session().plan())["support-bot"].plan  # a process that knows nothing of the try
    assert (plan.verdict, plan.may_apply) == (Verdict.OUT_OF_SYNC, True)
    (notice,) = plan.notices
    assert notice.ref == "MH-PLAN-007"
    assert "CannotPullContainerError" in notice.message
    told = stage.molthub("explain", "support-bot").stdout
    assert f"Healthy: {notice.message}" in told
    assert f"Running      {good[:12]}" in told, "ECS went back to it"

    stage.commit(bot("support-bot"), message="Go back")
    assert by_id(stage.session().plan())["support-bot"].plan.notices == ()
