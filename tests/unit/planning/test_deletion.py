"""The deletion guard: every doubt keeps an instance, and only a proven absence lets it go."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.manifest.documents import InvalidFile
from molthub.planning.deletion import (
    DeletionRequest,
    DeletionVerdict,
    guard_deletions,
    needs_confirmation,
    read_confirmations,
)
from molthub.resources.identity import EnvironmentKey, Identity
from tests.fakes.resource_sets import KEY, bot

OLD = bot("old-bot")
KEPT = frozenset(bot(f"kept-{letter}") for letter in "abcdefghij")
PATH = "instances/acme/prod/old-bot.yaml"


def judge(*gone: Identity, kept: frozenset[Identity] = KEPT, **more: Any) -> DeletionVerdict:
    """Ten are kept, and nothing is doubtful but what is said."""
    fields: dict[str, Any] = {
        "observed": kept | frozenset(gone),
        "wanted": kept,
        "environments": frozenset({KEY}),
        "tree_is_valid": True,
        **more,
    }
    return guard_deletions(DeletionRequest(**fields))


def message(found: DeletionVerdict, identity: Identity = OLD) -> tuple[str, str]:
    why_not = found.removals[identity]
    assert why_not is not None
    assert why_not.subject == str(identity)
    return why_not.ref, why_not.message


def test_a_manifest_that_is_gone_from_a_whole_tree_lets_its_instance_go() -> None:
    found = judge(OLD, former_paths={OLD: PATH})
    assert found.removals == {OLD: None}
    assert found.allowed == {OLD}
    assert found.creations == {}


def test_what_is_wanted_is_no_removal() -> None:
    assert judge().removals == {}


def test_what_was_never_observed_is_no_removal() -> None:
    assert judge(wanted=frozenset()).removals.keys() == KEPT


def test_a_removed_environment_prunes_nothing() -> None:
    assert message(judge(OLD, environments=frozenset())) == (
        "MH-PLAN-010",
        "the Environment acme/prod was removed while acme/prod/old-bot still exists there",
    )


def test_an_environment_that_was_not_read_in_full_prunes_nothing() -> None:
    assert message(judge(OLD, unread=frozenset({KEY})))[0] == "MH-PLAN-016"


def test_an_invalid_file_that_names_it_is_not_absence() -> None:
    broken = InvalidFile("moved/x.yaml", (), workspace="acme", environment="prod", name="old-bot")
    assert message(judge(OLD, tree_is_valid=False, invalid=(broken,))) == (
        "MH-PLAN-011",
        "acme/prod/old-bot is not deleted: its file moved/x.yaml is still there and cannot be used",
    )


def test_any_invalid_file_may_be_its_manifest() -> None:
    broken = InvalidFile("instances/x.yaml", ())
    assert message(judge(OLD, tree_is_valid=False, invalid=(broken,))) == (
        "MH-PLAN-012",
        "acme/prod/old-bot has no manifest, but nothing is deleted while files cannot be used: instances/x.yaml",
    )


def test_a_tree_without_a_fleet_file_deletes_nothing_and_says_so() -> None:
    found = judge(OLD, tree_is_valid=False, environments=frozenset(), wanted=frozenset())
    assert found.allowed == frozenset()
    assert message(found)[1].endswith("while files cannot be used: molthub.yaml")


def test_a_path_that_changed_its_kind_is_not_absence() -> None:
    assert message(judge(OLD, former_paths={OLD: PATH}, present_paths={PATH: None})) == (
        "MH-PLAN-011",
        f"acme/prod/old-bot is not deleted: its file {PATH} is still there and no longer holds a MoltbotInstance",
    )


def test_a_rename_by_hand_touches_neither_and_hints_at_the_id() -> None:
    new = bot("new-bot")
    found = judge(OLD, wanted=KEPT | {new}, former_paths={OLD: PATH}, present_paths={PATH: new})
    expected = ("MH-PLAN-014", f"{PATH} held acme/prod/old-bot and now holds acme/prod/new-bot; neither is touched")
    assert message(found) == expected
    assert found.creations.keys() == {new}
    assert (found.creations[new].message, found.creations[new].subject) == (expected[1], str(new))
    assert found.creations[new].fix.startswith("To rename it, keep 'id: old-bot' in its metadata")


def test_a_change_of_environment_by_hand_touches_neither() -> None:
    new = bot("old-bot", environment="dev")
    found = judge(OLD, wanted=KEPT | {new}, former_paths={OLD: PATH}, present_paths={PATH: new})
    assert found.allowed == frozenset()
    assert found.creations[new].fix.startswith("Workspace and environment are for ever")


def test_a_running_neighbour_that_moved_into_the_file_goes_on() -> None:
    (neighbour, *_) = sorted(KEPT)
    found = judge(OLD, former_paths={OLD: PATH}, present_paths={PATH: neighbour})
    assert message(found)[0] == "MH-PLAN-014"
    assert found.creations == {}


@pytest.mark.parametrize(
    ("going", "observed", "waits"),
    [
        (0, 0, False),
        (1, 1, True),  # the last one
        (2, 2, True),
        (1, 2, False),
        (2, 3, False),  # more than a fifth, not more than two
        (3, 14, True),
        (3, 15, False),  # exactly a fifth
        (4, 20, False),
        (5, 20, True),
        (200, 1000, False),
        (201, 1000, True),
    ],
)
def test_the_thresholds(going: int, observed: int, waits: bool) -> None:
    assert needs_confirmation(going, observed) is waits


THREE = tuple(bot(f"gone-{letter}") for letter in "abc")


def test_a_large_deletion_waits_for_its_confirmation() -> None:
    found = judge(*THREE)
    assert found.allowed == frozenset()
    why_not = found.removals[THREE[0]]
    assert why_not is not None
    assert (why_not.ref, why_not.message, why_not.fix) == (
        "MH-PLAN-013",
        "this would delete 3 of the 13 instances of acme/prod",
        "If that is meant, push a commit with the trailer 'Molthub-Confirm-Delete: acme/prod 3'",
    )


@pytest.mark.parametrize(("confirmed", "allowed"), [(2, False), (3, True), (4, True)])
def test_the_confirmation_is_an_upper_bound(confirmed: int, allowed: bool) -> None:
    found = judge(*THREE, confirmations={KEY: confirmed})
    assert found.allowed == (frozenset(THREE) if allowed else frozenset())


def test_the_confirmation_of_another_environment_confirms_nothing() -> None:
    assert judge(*THREE, confirmations={EnvironmentKey("acme", "dev"): 3}).allowed == frozenset()


def test_the_last_ones_of_an_environment_wait() -> None:
    assert message(judge(OLD, kept=frozenset())) == (
        "MH-PLAN-013",
        "this would delete 1 of the 1 instances of acme/prod",
    )


def test_a_confirmed_deletion_goes_on_after_a_crash_in_the_middle() -> None:
    """Of five confirmed ones two are gone, one has only its remnants left."""
    left = (bot("gone-c"), bot("gone-d"), bot("gone-e"))
    found = judge(*left, kept=frozenset(), confirmations={KEY: 5}, remnants=frozenset({left[0]}))
    assert found.allowed == frozenset(left)


def test_remnants_are_cleaned_up_without_a_confirmation() -> None:
    found = judge(*THREE, remnants=frozenset(THREE))
    assert found.allowed == frozenset(THREE)


def test_what_is_protected_or_doubtful_is_not_counted() -> None:
    assert judge(*THREE, protected=frozenset({THREE[0]})).allowed == frozenset(THREE)
    doubtful = judge(*THREE, former_paths={THREE[0]: PATH}, present_paths={PATH: None})
    assert doubtful.allowed == frozenset(THREE[1:])


def test_environments_are_counted_apart() -> None:
    dev = EnvironmentKey("acme", "dev")
    other = bot("dev-bot", environment="dev")
    found = judge(OLD, other, environments=frozenset({KEY, dev}))
    assert found.allowed == {OLD}
    assert message(found, other)[0] == "MH-PLAN-013"


def test_confirmations_are_read_and_bad_ones_are_named() -> None:
    confirmed, bad = read_confirmations([" acme/prod 3 ", "acme/prod 7", "acme/dev   2", "all of them", "acme/prod -1"])
    assert confirmed == {KEY: 7, EnvironmentKey("acme", "dev"): 2}
    assert [str(item) for item in bad] == [
        f"warning: MH-PLAN-015 the trailer Molthub-Confirm-Delete has a value that confirms nothing: {value!r} "
        f"(Write it as 'Molthub-Confirm-Delete: WORKSPACE/ENVIRONMENT N')"
        for value in ("all of them", "acme/prod -1")
    ]
