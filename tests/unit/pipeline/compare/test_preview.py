"""The plan of a change, made of what two revisions say: as a real plan would be, and without a cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from molthub.pipeline.types import Scope
from molthub.planning.types import Action, InstancePlan
from molthub.resources.identity import EnvironmentKey
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, Step
from tests.builders import INGRESS, environment_dict, instance_dict, to_yaml, tree
from tests.fakes.changes import NOW, Change

BOT = instance_dict()
NEWER: dict[str, Any] = {"spec": {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}}


def bots(count: int) -> tuple[dict[str, Any], ...]:
    return tuple(instance_dict(metadata={"name": f"bot-{number}"}) for number in range(count))


def only(change: Change) -> InstancePlan:
    plans = change.preview().plan.instances
    assert len(plans) == 1, [plan.name for plan in plans]
    return plans[0]


def actions(plan: InstancePlan) -> set[tuple[str, str]]:
    return {(change.action.word, change.kind.value) for change in plan.changes}


def test_a_new_instance_is_created_and_its_neighbour_not_mentioned() -> None:
    plan = only(Change((BOT,), (BOT, instance_dict(metadata={"name": "new-bot"}))))
    assert (plan.name, plan.verdict) == ("acme/prod/new-bot", Verdict.OUT_OF_SYNC)
    assert {word for word, _ in actions(plan)} == {"create"}
    assert len(plan.changes) == 7


def test_another_image_restarts_it_and_labels_do_not() -> None:
    upgraded = only(Change((BOT,), (instance_dict(**NEWER),)))
    assert actions(upgraded) == {("update", "task-definition"), ("update", "service")}
    assert [change.restarts for change in upgraded.changes if change.kind is Kind.SERVICE] == [True]
    labelled = only(Change((BOT,), (instance_dict(metadata={"labels": {"team": "support"}}),)))
    assert not any(change.restarts for change in labelled.changes)
    assert {attribute.path for change in labelled.changes for attribute in change.attributes} == {"tags[team]"}


def test_a_comment_changes_nothing() -> None:
    files = tree(BOT)
    commented = {path: b"# a word\n" + content for path, content in files.items() if "instances" in path}
    plan = only(Change(files, files | commented))
    assert (plan.verdict, plan.changes) == (Verdict.SYNCED, ())


def test_a_plan_of_a_change_can_never_be_applied() -> None:
    made = Change((BOT,), (instance_dict(**NEWER),)).preview().plan
    assert made.has_changes
    assert not made.applicable


def test_persistent_state_is_backed_up_before_its_upgrade() -> None:
    kept = {"state": {"persistent": True}}
    newer = instance_dict(spec={**NEWER["spec"], **kept})
    plan = only(Change((instance_dict(spec=kept),), (newer,)))
    assert [change.kind for change in plan.changes][:2] == [Kind.SERVICE, Step.BACKUP]


def test_pausing_stops_and_resuming_starts_with_a_new_deployment() -> None:
    paused = instance_dict(spec={"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}})
    stopped = only(Change((BOT,), (paused,)))
    assert stopped.verdict is Verdict.SUSPENDED
    assert [(a.path, a.before, a.after) for c in stopped.changes for a in c.attributes] == [("desired_count", 1, 0)]
    resumed = only(Change((paused,), (BOT,)))
    assert [change.force for change in resumed.changes if change.kind is Kind.SERVICE] == [True]


def test_a_secret_of_another_name_is_a_change_and_its_versions_are_not_looked_at() -> None:
    secrets = [*BOT["spec"]["secrets"]]
    secrets[0] = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/other#anthropic"}
    plan = only(Change((BOT,), (instance_dict(spec={"secrets": secrets}),)))
    assert plan.verdict is Verdict.OUT_OF_SYNC
    assert ("update", "execution-role") in actions(plan)


# -- deletions ------------------------------------------------------------------------------------------------


def test_a_few_deletions_go_through_and_many_ask_for_a_confirmation() -> None:
    many = bots(11)
    few = Change(many, many[2:]).preview().plan
    assert {plan.verdict for plan in few.instances} == {Verdict.OUT_OF_SYNC}
    assert few.count(Action.DELETE) == 14
    blocked = Change(many, many[3:]).preview().plan
    assert {reason.ref for plan in blocked.instances for reason in plan.reasons} == {"MH-PLAN-013"}
    assert "'Molthub-Confirm-Delete: acme/prod 3'" in blocked.instances[0].reasons[0].fix


def test_a_confirmation_in_the_change_counts() -> None:
    many = bots(5)
    plan = Change(many, many[4:], Molthub_Confirm_Delete="acme/prod 4").preview().plan
    assert {item.verdict for item in plan.instances} == {Verdict.OUT_OF_SYNC}


def test_deletion_protection_of_the_base_outlives_its_manifest() -> None:
    protected = instance_dict(spec={"lifecycle": {"deletionProtection": True}})
    plan = only(Change((protected, *bots(2)), bots(2)))
    assert (plan.verdict, [reason.ref for reason in plan.reasons]) == (Verdict.BLOCKED, ["MH-PLAN-005"])


def test_a_removed_environment_blocks_its_instances() -> None:
    dev = instance_dict(metadata={"name": "dev-bot", "environment": "dev"})
    plan = only(Change((BOT, dev), (BOT,)))
    assert (str(plan.identity), plan.verdict) == ("acme/dev/dev-bot", Verdict.BLOCKED)
    assert [reason.ref for reason in plan.reasons] == ["MH-PLAN-010"]


def test_a_move_to_another_environment_is_blocked_on_both_sides() -> None:
    there = instance_dict(metadata={"environment": "dev"})
    staying = instance_dict(metadata={"name": "dev-bot", "environment": "dev"})
    plans = Change((BOT, *bots(1), staying), (there, *bots(1), staying)).preview().plan.instances
    assert {plan.verdict for plan in plans} == {Verdict.BLOCKED}
    assert {reason.ref for plan in plans for reason in plan.reasons} >= {"MH-PIPE-005"}


def test_a_rename_without_an_id_is_told() -> None:
    renamed = tree(instance_dict(metadata={"name": "help-bot"}))
    path = "instances/acme/prod/support-bot.yaml"
    files = {path if "instances" in name else name: content for name, content in renamed.items()}
    plans = Change((BOT,), files).preview().plan.instances
    assert {reason.ref for plan in plans for reason in plan.reasons} == {"MH-PLAN-014"}


def test_another_account_for_an_environment_with_instances_is_refused() -> None:
    elsewhere = environment_dict(spec={"aws": {"accountId": "210987654321"}})
    plan = only(Change((BOT,), (BOT, elsewhere)))
    assert (plan.verdict, plan.reasons[0].ref) == (Verdict.BLOCKED, "MH-PIPE-006")


# -- what the base cannot tell ---------------------------------------------------------------------------------


def test_what_was_unusable_at_the_base_is_unknown_and_stops_nobody() -> None:
    files = tree(BOT)
    path = "instances/acme/prod/support-bot.yaml"
    for broken in (b"kind: [", files[path].replace(b"name: support-bot", b"name: support-bot\n  typo: 1")):
        change = Change(files | {path: broken}, files)
        plan = only(change)
        assert (plan.verdict, plan.reasons[0].ref) == (Verdict.UNKNOWN, "MH-CI-005")
        assert change.preview().findings.errors == ()


def test_a_secret_in_plain_text_at_the_base_is_never_repeated() -> None:
    token = "sk-ant-" + "api03-" + "A1b2C3d4" * 10
    leaking = instance_dict(spec={"runtime": {"env": {"NOTE": token}}})
    plan = only(Change((leaking,), (BOT,)))
    assert (plan.verdict, plan.reasons[0].ref, plan.changes) == (Verdict.UNKNOWN, "MH-CI-006", ())
    gone = only(Change((leaking, *bots(2)), bots(2)))
    assert (gone.verdict, gone.changes) == (Verdict.UNKNOWN, ())
    assert token not in repr(gone) + repr(plan)


def test_a_new_or_widened_environment_asks_for_bootstrap() -> None:
    opened = environment_dict(spec={"ingress": {**INGRESS, "subnetIds": ["subnet-2", "subnet-3"]}})
    change = Change((BOT, environment_dict()), (BOT, opened))
    assert [(item.ref, item.subject) for item in change.preview().notices] == [("MH-CI-007", "acme/prod")]
    hook = {"name": "HOOK_TOKEN", "key": "acme/prod/support-bot#hook"}
    called = instance_dict(
        spec={
            "network": {"inbound": "WEBHOOK"},
            "secrets": [*BOT["spec"]["secrets"], hook],
            "channels": {"webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent"]}},
        }
    )
    plan = only(Change((BOT, environment_dict()), (called, opened)))
    assert plan.verdict is Verdict.OUT_OF_SYNC
    assert ("create", "listener-rule") in actions(plan)


def test_a_base_that_was_blocked_is_compared_and_said_to_be() -> None:
    blocked = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
    plan = only(Change((blocked,), (BOT,)))
    assert plan.verdict is Verdict.OUT_OF_SYNC
    (notice,) = plan.notices
    assert notice.ref == "MH-CI-009"
    assert notice.message.startswith("at the base acme/prod/support-bot is Blocked (MH-IMG-001), so what runs may be ")


def test_a_change_of_access_is_never_overlooked() -> None:
    policy = (Path(__file__).parents[3] / "manifests" / "valid" / "access.yaml").read_bytes()
    files = tree(BOT)
    made = Change(files, files | {"access.yaml": policy}).preview()
    assert [(item.ref, item.message) for item in made.notices] == [
        ("MH-CI-008", "the access policy is new: who may do what in this fleet")
    ]
    assert (made.findings.new, made.plan.instances) == ((), ())
    gone = Change(files | {"access.yaml": policy}, files).preview()
    assert [item.message for item in gone.notices] == ["the access policy is removed: who may do what in this fleet"]


def test_an_invalid_manifest_of_the_head_is_invalid_in_the_plan() -> None:
    files = tree(BOT)
    path = "instances/acme/prod/support-bot.yaml"
    broken = files | {path: files[path].replace(b"2026.9.6", b"2026.9.6\n    cpus: 3")}
    plan = only(Change(files, broken))
    assert plan.verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(environments=frozenset({EnvironmentKey("acme", "dev")})), ["acme/dev/dev-bot"]),
        (Scope(instances=frozenset({"support-bot"})), ["acme/prod/support-bot"]),
        (Scope(instances=frozenset({"bot-0"})), []),
    ],
)
def test_a_scope_narrows_it(scope: Scope, expected: list[str]) -> None:
    def fleet(**overrides: Any) -> tuple[dict[str, Any], ...]:
        dev = instance_dict(metadata={"name": "dev-bot", "environment": "dev"}, **overrides)
        return (instance_dict(**overrides), dev, *bots(1))

    plan = Change(fleet(), fleet(**NEWER)).preview(scope).plan
    assert [item.name for item in plan.instances] == expected


def test_pauses_end_by_the_clock() -> None:
    over = {"by": "ana@example.com", "reason": "holiday", "until": NOW.replace(year=2026).isoformat()}
    ended = instance_dict(spec={"lifecycle": {"paused": over}})
    assert only(Change((ended,), (BOT,))).changes == ()
    assert to_yaml(ended) != to_yaml(BOT)
