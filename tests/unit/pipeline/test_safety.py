"""Ways in which a plan could delete, or make a second Moltbot, that look harmless at first sight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from molthub.apply.types import Outcome
from molthub.guard.engine import Finding, Subject
from molthub.pipeline.types import Scope
from molthub.planning.types import InstancePlan, Plan
from molthub.resources.states import Verdict
from tests.builders import environment_dict, fleet_dict, instance_dict, to_yaml, tree
from tests.fakes.fleet import FakeFleet, identity

DEV = environment_dict(metadata={"workspace": "acme", "name": "dev"}, spec={"aws": {"cluster": "dev"}})
PROD_FILE = "environments/acme-prod.yaml"


def bot(name: str = "support-bot", **overrides: object) -> dict[str, object]:
    return instance_dict(metadata={"name": name}, **overrides)


def refs(plan: InstancePlan) -> list[str]:
    return [item.ref for item in plan.reasons]


def by_id(plan: Plan) -> dict[str, InstancePlan]:
    return {item.identity.id: item for item in plan.instances}


@pytest.fixture
def fleet() -> FakeFleet:
    return FakeFleet()


def test_what_a_history_that_was_rewritten_no_longer_holds_is_not_deleted(fleet: FakeFleet) -> None:
    old = fleet.commit(bot(), bot("other-bot"), bot("third-bot"))
    fleet.apply()
    rest = tree(bot(), bot("other-bot"))
    fleet.source.force(rest)
    assert refs(by_id(fleet.plan().plan)["third-bot"]) == ["MH-PIPE-003"]
    assert fleet.apply()["acme/prod/third-bot"].outcome is Outcome.BLOCKED
    fleet.source.commit_tree(rest, Molthub_Accept_Rewrite=old)
    assert by_id(fleet.plan().plan)["third-bot"].may_apply


@pytest.mark.parametrize(
    ("content", "ref"),
    [(to_yaml(bot("help-bot")), "MH-PLAN-014"), (b"foo: bar\n", "MH-PLAN-011")],
    ids=["another identity", "no manifest any more"],
)
def test_the_last_place_of_a_file_that_was_moved_since_the_last_write_counts(
    fleet: FakeFleet, content: bytes, ref: str
) -> None:
    rest = tree(bot("other-bot"), bot("third-bot"))
    fleet.commit(files={**rest, "instances/a.yaml": to_yaml(bot())})
    fleet.apply()
    fleet.commit(files={**rest, "instances/b.yaml": to_yaml(bot())})
    fleet.commit(files={**rest, "instances/b.yaml": content})
    assert refs(by_id(fleet.plan().plan)["support-bot"]) == [ref]


def test_the_leaving_side_of_a_move_is_blocked_also_when_it_is_looked_at_alone(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("a-bot"), bot("b-bot"), DEV)
    fleet.apply()
    moved = instance_dict(metadata={"name": "support-bot", "environment": "dev"})
    fleet.commit(moved, bot("a-bot"), bot("b-bot"), DEV, environment_dict())
    alone = Scope(identities=frozenset({identity()}))
    assert refs(fleet.plan(alone).plan.instances[0]) == ["MH-PIPE-005"]
    decisions = fleet.plan().decisions
    assert refs(fleet.plan(alone, decided=decisions).plan.instances[0]) == ["MH-PIPE-005"]
    prod = Scope(environments=frozenset({identity().key}))
    assert refs(by_id(fleet.plan(prod).plan)["support-bot"]) == ["MH-PIPE-005"]


def test_one_that_has_a_namesake_elsewhere_for_long_is_removed_as_any_other(fleet: FakeFleet) -> None:
    twin = instance_dict(metadata={"name": "support-bot", "environment": "dev"})
    fleet.commit(bot(), bot("a-bot"), bot("b-bot"), DEV, twin)
    fleet.apply()
    fleet.commit(bot("a-bot"), bot("b-bot"), DEV, twin)
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.APPLIED


def test_another_name_for_the_fleet_makes_no_second_fleet(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("other-bot"))
    fleet.apply()
    files = tree(bot(), bot("other-bot"))
    files["molthub.yaml"] = to_yaml(fleet_dict(metadata={"name": "new-bots"}))
    fleet.commit(files=files)
    plans = fleet.plan().plan.instances
    assert len(plans) == 4
    assert not any(plan.may_apply for plan in plans)


def test_a_broken_neighbour_is_no_business_of_a_plan_for_one_instance(fleet: FakeFleet) -> None:
    fleet.commit(bot(), bot("broken-bot", spec={"runtime": {"cpuu": 1}}))
    chosen = fleet.plan(Scope(instances=frozenset({"support-bot"}))).plan.instances
    assert [plan.name for plan in chosen] == ["acme/prod/support-bot"]


@pytest.mark.parametrize("environment", [b"", b"apiVersion: molthub/v1\nkind: Environment\nspec: {}\n"])
def test_instances_without_a_usable_environment_are_shown_as_invalid_and_left_alone(
    fleet: FakeFleet, environment: bytes
) -> None:
    fleet.commit(bot(), bot("other-bot"), DEV)
    fleet.apply()
    writes = list(fleet.prod.writes)
    fleet.commit(files={**tree(bot(), bot("other-bot"), DEV), PROD_FILE: environment})
    planned = fleet.plan()
    assert {item.name: item.verdict for item in planned.plan.instances} == {
        "acme/prod/other-bot": Verdict.INVALID,
        "acme/prod/support-bot": Verdict.INVALID,
    }
    assert planned.plan.errored
    assert {result.outcome for result in fleet.apply().values()} == {Outcome.BLOCKED}
    assert fleet.prod.writes == writes
    dev = Scope(environments=frozenset({identity(environment="dev").key}))
    assert fleet.plan(dev).plan.instances == ()


class BrokenRule:
    """A guardrail with a bug that one manifest meets."""

    ref = "MH-TEST-001"
    title = "broken"
    waivable = False

    def check(self, subject: Subject) -> Iterable[Finding]:
        if subject.instance.model.metadata.name == "other-bot":
            raise ZeroDivisionError("secret text of the manifest")
        return ()


def test_a_bug_that_one_manifest_meets_stops_no_neighbour() -> None:
    fleet = FakeFleet()
    fleet.collaborators = replace(fleet.collaborators, rules=(BrokenRule(),))
    fleet.commit(instance_dict(), instance_dict(metadata={"name": "other-bot"}))
    results = fleet.apply()
    assert results["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert [str(item.message) for item in results["acme/prod/other-bot"].diagnostics] == [
        "acme/prod/other-bot meets a bug in Molthub (ZeroDivisionError), so nothing is done to it"
    ]


def test_a_confirmation_in_a_merged_branch_counts() -> None:
    fleet = FakeFleet()
    fleet.commit(instance_dict(), environment_dict())
    fleet.apply()
    base = fleet.source.head
    branch = fleet.commit(environment_dict(), Molthub_Confirm_Delete="acme/prod 1")
    fleet.source.head = base
    merge = fleet.commit(environment_dict())
    info = fleet.source.infos[merge]
    fleet.source.infos[merge] = replace(info, parents=(base, branch))
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert fleet.prod.resources(identity()).is_empty
