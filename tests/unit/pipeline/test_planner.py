from __future__ import annotations

import pytest

from molthub.apply.types import Outcome
from molthub.errors import StallingError
from molthub.pipeline.applier import apply_fleet
from molthub.pipeline.engine import check
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.status import statuses
from molthub.pipeline.types import Scope
from molthub.planning.types import InstancePlan
from molthub.resources.observation import ReadFailure
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.builders import environment_dict, fleet_dict, instance_dict, path_of, to_yaml, tree
from tests.fakes.desired import PLAIN_KINDS
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import failing


def bot(name: str = "support-bot", **overrides: object) -> dict[str, object]:
    return instance_dict(metadata={"name": name}, **overrides)


def only(fleet: FakeFleet) -> InstancePlan:
    return next(iter(fleet.plan().plan.instances))


def refs(plan: InstancePlan) -> list[str]:
    return [item.ref for item in plan.reasons]


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


def test_a_new_instance_is_created_and_then_there_is_nothing_to_do(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC
    assert [change.kind for change in only(fleet).changes] == list(PLAIN_KINDS)
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert only(fleet).verdict is Verdict.SYNCED
    writes = len(fleet.prod.writes)
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.UNCHANGED
    assert len(fleet.prod.writes) == writes


def test_one_invalid_manifest_and_one_blocked_never_stop_their_neighbours(fleet: FakeFleet) -> None:
    broken = bot("broken-bot", spec={"runtime": {"cpuu": 1}})
    latest = bot("latest-bot", spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
    fleet.commit(bot(), broken, latest)
    results = fleet.apply()
    assert results["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert results["acme/prod/latest-bot"].outcome is Outcome.BLOCKED
    assert results["acme/prod/broken-bot"].outcome is Outcome.BLOCKED
    verdicts = {plan.name: plan.verdict for plan in fleet.plan().plan.instances}
    assert verdicts["acme/prod/broken-bot"] is Verdict.INVALID
    assert verdicts["acme/prod/latest-bot"] is Verdict.BLOCKED


def test_a_manifest_that_stops_parsing_is_invalid_and_not_absent(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("other-bot"), bot("third-bot"))
    fleet.apply()
    files = tree(bot(), bot("other-bot"), bot("third-bot"))
    files["instances/acme/prod/other-bot.yaml"] = b"apiVersion: molthub/v1\nkind: [\n"
    fleet.commit(files=files)
    plan = {item.name: item for item in fleet.plan().plan.instances}["acme/prod/other-bot"]
    assert plan.verdict is Verdict.BLOCKED
    assert refs(plan) == ["MH-PLAN-011"]
    assert fleet.apply()["acme/prod/other-bot"].outcome is Outcome.BLOCKED
    assert fleet.prod.resources(identity("other-bot")).service is not None


def test_a_removed_manifest_is_pruned(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("other-bot"), bot("third-bot"))
    fleet.apply()
    fleet.commit(bot(), bot("third-bot"))
    assert fleet.apply()["acme/prod/other-bot"].outcome is Outcome.APPLIED
    assert fleet.prod.resources(identity("other-bot")).is_empty


def test_removing_the_last_instance_waits_for_a_confirmation_made_after_it(fleet: FakeFleet) -> None:
    fleet.commit(bot(), environment_dict(), Molthub_Confirm_Delete="acme/prod 1")  # too early: confirms nothing
    fleet.apply()
    fleet.commit(environment_dict())
    assert refs(only(fleet)) == ["MH-PLAN-013"]
    fleet.commit(environment_dict(), Molthub_Confirm_Delete="acme/prod 1")
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert fleet.prod.resources(identity()).is_empty


def test_a_rename_without_an_id_is_blocked_on_both_sides_and_with_one_changes_nothing(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("other-bot"))
    fleet.apply()
    path = path_of(bot())
    renamed = {**tree(bot(), bot("other-bot")), path: to_yaml(bot("help-bot"))}
    fleet.commit(files=renamed)
    plans = {plan.name: plan for plan in fleet.plan().plan.instances}
    assert refs(plans["acme/prod/support-bot"]) == ["MH-PLAN-014"]
    assert refs(plans["acme/prod/help-bot"]) == ["MH-PLAN-014"]
    kept = to_yaml(instance_dict(metadata={"name": "help-bot", "id": "support-bot"}))
    fleet.commit(files={**renamed, path: kept})
    plans = {plan.name: plan for plan in fleet.plan().plan.instances}
    assert plans["acme/prod/help-bot"].verdict is Verdict.SYNCED
    assert not any(change.restarts for plan in plans.values() for change in plan.changes)


def test_a_move_to_another_environment_is_blocked_on_both_sides(fleet: FakeFleet) -> None:
    dev = environment_dict(metadata={"workspace": "acme", "name": "dev"}, spec={"aws": {"cluster": "dev"}})
    fleet.commit(bot(), bot("a-bot"), bot("b-bot"), dev)
    fleet.apply()
    moved = instance_dict(metadata={"name": "support-bot", "environment": "dev"})
    fleet.commit(moved, bot("a-bot"), bot("b-bot"), dev, environment_dict())
    plans = {plan.name: plan for plan in fleet.plan().plan.instances}
    assert "MH-PIPE-005" in refs(plans["acme/dev/support-bot"])
    assert "MH-PIPE-005" in refs(plans["acme/prod/support-bot"])
    alone = fleet.plan(Scope(instances=frozenset({"acme/dev/support-bot"}))).plan.instances
    assert refs(alone[0]) == ["MH-PIPE-005"], "history tells it even where only one side is looked at"


def test_an_environment_whose_region_changed_is_blocked_while_its_instances_run(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    fleet.apply()
    fleet.commit(bot(), environment_dict(spec={"aws": {"region": "us-east-1"}}))
    assert refs(only(fleet)) == ["MH-PIPE-006"]
    fleet.prod.instances.clear()
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC


def test_persistent_state_is_blocked_without_what_it_stands_on(fleet: FakeFleet) -> None:
    fleet.commit(bot(spec={"state": {"persistent": True}}))
    plans = fleet.plan().plan.instances
    assert [refs(plan) for plan in plans] == [["MH-BACK-001"]]
    assert {result.outcome for result in fleet.apply().values()} == {Outcome.BLOCKED}
    assert fleet.prod.writes == []


def test_a_rewritten_history_is_blocked_until_accepted_and_the_same_tree_passes(fleet: FakeFleet) -> None:
    old = fleet.commit(bot())
    fleet.apply()
    fleet.source.force(tree(bot()))
    assert only(fleet).verdict is Verdict.SYNCED
    files = tree(bot(spec={"runtime": {"cpu": 2048, "memory": 4096}}))
    fleet.source.force(files)
    assert refs(only(fleet)) == ["MH-PIPE-003"]
    fleet.source.commit_tree(files, Molthub_Accept_Rewrite=old)
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC


def test_a_remembered_failure_blocks_and_another_definition_does_not(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    fleet.apply()
    fleet.prod.script(identity(), failing("essential container exited"))
    bad = bot(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}})
    fleet.commit(bad)
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.FAILED
    assert refs(only(fleet)) == ["MH-PLAN-004"]
    fleet.commit(bot(spec={"lifecycle": {"restartedAt": "2026-11-23T10:00:00Z"}}))
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC


def test_a_pause_ends_by_itself(fleet: FakeFleet) -> None:
    until = {"lifecycle": {"paused": {"by": "ana", "reason": "holiday", "until": "2100-01-01T00:00:00Z"}}}
    fleet.commit(bot())
    fleet.apply()
    fleet.commit(bot(spec=until))
    assert only(fleet).verdict is Verdict.SUSPENDED
    fleet.apply()
    assert fleet.prod.resources(identity()).service.desired_count == 0  # type: ignore[union-attr]
    (record,) = statuses(fleet.plan(), now=fleet.clock.now())
    assert record.reason == "paused, by ana until 2100-01-01 00:00Z: holiday"
    ended = {"lifecycle": {"paused": {"by": "ana", "reason": "holiday", "until": "2000-01-01T00:00:00Z"}}}
    fleet.commit(bot(spec=ended))
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC


def test_a_missing_secret_blocks_and_names_it(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    fleet.plan()
    del fleet.prod.secrets["acme/prod/model"]
    assert [str(item.message) for item in only(fleet).reasons] == ["the linked secret acme/prod/model does not exist"]


def test_a_secret_that_could_not_be_read_is_unknown_and_not_missing(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    fleet.plan()
    del fleet.prod.secrets["acme/prod/model"]
    fleet.prod.secret_failures = {"acme/prod/model": ReadFailure(Kind.SECRET, "MH-AWS-005", "AWS throttles")}
    assert only(fleet).verdict is Verdict.UNKNOWN


def test_scope_names_instances_and_says_what_it_does_not_know(fleet: FakeFleet) -> None:
    dev = environment_dict(metadata={"workspace": "acme", "name": "dev"}, spec={"aws": {"cluster": "dev"}})
    fleet.commit(bot(), bot("other-bot"), instance_dict(metadata={"environment": "dev"}), dev)
    chosen = fleet.plan(Scope(instances=frozenset({"other-bot"}))).plan.instances
    assert [plan.name for plan in chosen] == ["acme/prod/other-bot"]
    with pytest.raises(StallingError, match="support-bot is not unique: acme/dev/support-bot, acme/prod/support-bot"):
        fleet.plan(Scope(instances=frozenset({"support-bot"})))
    with pytest.raises(StallingError, match=r"Did you mean acme/prod/other-bot\?"):
        fleet.plan(Scope(instances=frozenset({"othr-bot"})))


def test_a_working_tree_plans_and_does_not_apply(fleet: FakeFleet) -> None:
    fleet.commit(bot())
    checked = check(fleet.source.working_tree(), rules=fleet.collaborators.rules, now=fleet.clock.now())
    planned = plan_fleet(checked, fleet.collaborators)
    assert planned.plan.has_changes
    assert not planned.plan.applicable
    with pytest.raises(StallingError, match="working tree"):
        apply_fleet(planned, fleet.collaborators, settings=None, report=print, clock=fleet.clock)  # type: ignore[arg-type]


def test_without_a_fleet_nothing_is_planned(fleet: FakeFleet) -> None:
    files = tree(fleet_dict(), bot())
    del files["molthub.yaml"]
    fleet.commit(files=files)
    with pytest.raises(StallingError, match="MH-FLEET"):
        fleet.plan()
