"""What counts in a history: ancestors, approvals, merges, and the policy's own chain of trust."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.access.evaluate import Evaluation
from molthub.access.versions import PATH, Roots
from tests.builders import to_yaml, tree
from tests.fakes.access_history import (
    BOT,
    NEIGHBOUR,
    OTHER,
    ROOTS,
    SUBJECT,
    FakeHistory,
    a_key,
    bot,
    person,
    policy_dict,
)

IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}
IMAGE_2 = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.8"}}
PAUSE = {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}}


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory.founded()


def refs(judged: Evaluation) -> list[str]:
    return [item.ref for item in judged.state(SUBJECT).refused]


def policy(**spec: Any) -> dict[str, bytes | None]:
    return {PATH: to_yaml(policy_dict(**spec))}


WITHOUT_ADAM = {
    "people": [person(name) for name in ("olivia", "oscar")],
    "bindings": [{"role": "OWNER", "subjects": ["olivia"]}, {"role": "OPERATOR", "subjects": ["oscar"]}],
}

# -- ancestors, and the way back ----------------------------------------------------------------------------


def test_a_good_head_does_not_cover_up_a_bad_ancestor(history: FakeHistory) -> None:
    bad = history.commit({BOT: bot(spec=IMAGE)})
    history.commit({OTHER: bot("other-bot", spec=IMAGE)}, by="olivia")
    history.commit({BOT: bot(spec=IMAGE | PAUSE)}, by="adam")
    judged = history.judged()

    assert [item.commit for item in judged.state(SUBJECT).refused] == [bad]
    assert judged.state(SUBJECT).refused[0].message == (
        f"commit {bad[:12]} may not change the image of acme/prod/support-bot: "
        "it needs an ADMIN of acme/prod, and the commit is not signed"
    )
    assert not judged.state(NEIGHBOUR).blocked


def test_an_operators_own_change_on_a_refused_one_is_judged_with_it(history: FakeHistory) -> None:
    first = history.commit({BOT: bot(spec=IMAGE)})
    second = history.commit({BOT: bot(spec=IMAGE | PAUSE)}, by="oscar")

    refused = history.judged().state(SUBJECT).refused
    assert [item.commit for item in refused] == [first, second]
    assert refused[1].message.endswith("it needs an ADMIN of acme/prod, and oscar is OPERATOR there")


def test_whoever_brings_back_what_was_allowed_unblocks(history: FakeHistory) -> None:
    history.commit({BOT: bot(spec=IMAGE)}, by="oscar")
    history.commit({BOT: bot()})

    assert refs(history.judged()) == []
    assert len(history.judged().refusals) == 1


@pytest.mark.parametrize(("who", "left"), [("adam", 0), ("oscar", 1), ("vera", 1), (None, 1)])
def test_who_may_make_the_change_may_approve_it(history: FakeHistory, who: str | None, left: int) -> None:
    bad = history.commit({BOT: bot(spec=IMAGE)})
    history.commit(by=who, Molthub_Approve=bad)

    assert len(refs(history.judged())) == left


def test_an_approval_names_every_commit_and_in_full(history: FakeHistory) -> None:
    one = history.commit({BOT: bot(spec=IMAGE)})
    two = history.commit({BOT: bot(spec=IMAGE_2)})
    head = history.head
    for value, left in {one: 2, f"{one} {two[:12]}": 2, f"{one}, {two}": 0}.items():
        history.head = head
        history.commit(by="adam", Molthub_Approve=value)
        assert len(refs(history.judged())) == left


def test_an_approval_can_come_with_a_change_and_not_before(history: FakeHistory) -> None:
    bad = history.commit({BOT: bot(spec=IMAGE)})
    history.commit({BOT: bot(spec=IMAGE | PAUSE)}, by="adam", Molthub_Approve=bad)
    assert refs(history.judged()) == []

    worse = history.commit({BOT: bot(spec=IMAGE_2)})
    assert [item.commit for item in history.judged().state(SUBJECT).refused] == [worse]


def test_a_deletion_nobody_allowed_is_undone_by_bringing_it_back(history: FakeHistory) -> None:
    history.commit({BOT: None}, by="oscar")
    assert refs(history.judged()) == ["MH-ACCESS-001"]

    history.commit({"elsewhere.yaml": bot()})
    assert refs(history.judged()) == []


def test_a_second_file_for_an_instance_is_a_change_of_it(history: FakeHistory) -> None:
    history.commit({"copy.yaml": bot(spec=IMAGE)}, by="oscar")
    history.commit({BOT: None}, by="oscar")

    assert refs(history.judged()) == ["MH-ACCESS-001", "MH-ACCESS-001"]


# -- merges -----------------------------------------------------------------------------------------------


def branch(history: FakeHistory, by: str | None) -> tuple[str, str]:
    """A branch with a new image, while main changed the neighbour: (main, branch)."""
    start = history.head
    side = history.commit({BOT: bot(spec=IMAGE)}, by=by)
    history.head = start
    return history.commit({OTHER: bot("other-bot", spec=PAUSE)}, by="oscar"), side


@pytest.mark.parametrize("swapped", [False, True], ids=["main-first", "branch-first"])
@pytest.mark.parametrize(("by", "expected"), [("adam", []), ("oscar", ["MH-ACCESS-001"]), (None, ["MH-ACCESS-002"])])
def test_a_clean_merge_needs_what_it_brings_to_be_allowed(
    history: FakeHistory, by: str | None, expected: list[str], swapped: bool
) -> None:
    main, side = branch(history, by)
    history.head, other = (side, main) if swapped else (main, side)
    history.merge(other, by="host")
    judged = history.judged()

    assert refs(judged) == expected
    assert not judged.state(NEIGHBOUR).blocked


@pytest.mark.parametrize(("by", "expected"), [("adam", []), ("oscar", ["MH-ACCESS-001"]), ("host", ["MH-ACCESS-006"])])
def test_what_a_merge_makes_up_is_the_mergers(history: FakeHistory, by: str, expected: list[str]) -> None:
    _, side = branch(history, "adam")
    history.merge(side, {BOT: bot(spec=IMAGE_2)}, by=by)

    assert refs(history.judged()) == expected


@pytest.mark.parametrize(("by", "left"), [("adam", 0), ("host", 1)])
def test_a_merge_that_drops_what_main_changed_is_the_mergers(history: FakeHistory, by: str, left: int) -> None:
    start = history.head
    side = history.commit({OTHER: bot("other-bot", spec=PAUSE)}, by="oscar")
    history.head = start
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    history.commit({BOT: bot(spec=IMAGE_2)}, by="adam")
    history.merge(side, {BOT: bot()}, by=by)

    assert len(refs(history.judged())) == left


@pytest.mark.parametrize(("by", "left"), [("adam", 0), ("oscar", 0), ("vera", 1), (None, 1)])
def test_where_both_sides_changed_one_the_merger_stands_for_it(history: FakeHistory, by: str | None, left: int) -> None:
    """oscar could not choose the image; but it is one that was allowed, and pausing is his."""
    start = history.head
    side = history.commit({BOT: bot(spec=PAUSE)}, by="oscar")
    history.head = start
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    history.merge(side, {BOT: bot(spec=IMAGE | PAUSE)}, by=by)

    assert len(refs(history.judged())) == left


def test_the_same_change_on_both_sides_needs_nobody(history: FakeHistory) -> None:
    start = history.head
    side = history.commit({BOT: bot(spec=IMAGE)}, by="olivia")
    history.head = start
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    history.merge(side, {BOT: bot(spec=IMAGE)})

    assert refs(history.judged()) == []


def test_an_unrelated_history_brings_nothing_for_free(history: FakeHistory) -> None:
    main = history.head
    side = history.commit({**tree(), "new.yaml": bot(spec=IMAGE)}, on=())
    history.head = main
    history.commit({BOT: bot(spec=IMAGE)}, on=(main, side))

    assert set(refs(history.judged())) == {"MH-ACCESS-002"}


# -- the policy's chain ---------------------------------------------------------------------------------------


def test_without_a_policy_everybody_may_everything() -> None:
    history = FakeHistory()
    history.commit({BOT: bot(), **tree()})

    assert (history.judged().mode, history.asked) == ("open", [])


def test_what_was_there_before_the_first_version_is_settled() -> None:
    judged = FakeHistory.founded().judged()

    assert (judged.mode, judged.refusals) == ("signatures", {})
    assert len(judged.states) == 5


@pytest.mark.parametrize("who", ["adam", "vera", None, "host", "stranger", "root"])
def test_only_an_owner_changes_the_policy(history: FakeHistory, who: str | None) -> None:
    """A non-owner takes the fleet: it is ignored and told, and what comes of it is refused."""
    mine = {"bindings": [{"role": "OWNER", "subjects": ["olivia", "adam", "vera"]}]}
    taken = history.commit(policy(**mine), by=who)
    history.commit({BOT: bot(spec=IMAGE)}, by="vera")
    judged = history.judged()

    assert judged.chain is not None
    assert judged.chain.ignored[taken].ref == "MH-ACCESS-010"
    assert refs(judged) == ["MH-ACCESS-001"]
    history.commit({PATH: to_yaml(policy_dict(**mine)) + b"# read\n"}, by="olivia")
    assert [version.commit for version in history.judged().versions] == [history.head]


def test_an_owner_changes_the_policy_for_what_comes_after(history: FakeHistory) -> None:
    before = history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    history.commit(policy(**WITHOUT_ADAM), by="olivia")
    assert before not in history.judged().refusals

    history.commit({BOT: bot(spec=IMAGE_2)}, by="adam")
    assert refs(history.judged()) == ["MH-ACCESS-003"]


def test_a_policy_is_judged_by_the_one_before_it_and_not_by_itself(history: FakeHistory) -> None:
    history.commit(policy(**WITHOUT_ADAM), by="olivia")
    again = history.commit(policy(), by="adam")
    judged = history.judged()

    assert judged.chain is not None
    assert judged.chain.ignored[again].message == (
        f"the change of access.yaml in commit {again[:12]} does not count: the commit is signed with "
        f"{judged.chain.record.signatures([again], judged.roots.keyring)[again].fingerprint}, "
        "a key that the access policy does not know"
    )


@pytest.mark.parametrize("files", [{PATH: None}, {PATH: b"kind: AccessPolicy\n"}, {PATH: b"\tnot yaml"}])
@pytest.mark.parametrize("who", ["olivia", None])
def test_a_policy_is_never_lifted_by_taking_it_away(history: FakeHistory, files: Any, who: str | None) -> None:
    history.commit(files, by=who)
    history.commit({BOT: bot(spec=IMAGE)}, by="oscar")
    judged = history.judged()

    assert judged.mode == "signatures"
    assert judged.chain is not None
    assert [item.ref for item in judged.chain.ignored.values()] == ["MH-ACCESS-011"]
    assert refs(judged) == ["MH-ACCESS-001"]


def test_a_branch_from_an_older_policy_is_judged_by_the_one_it_is_merged_under(history: FakeHistory) -> None:
    """Or whoever was dismissed would only have to begin from before."""
    old = history.head
    history.commit(policy(**WITHOUT_ADAM), by="olivia")
    main = history.head
    side = history.commit({BOT: bot(spec=IMAGE)}, by="adam", on=(old,))
    for first, second in ((main, side), (side, main)):
        history.head = first
        taken = {PATH: history.trees[main][PATH], BOT: history.trees[side][BOT]}
        history.commit(taken, on=(first, second), by="host")
        assert refs(history.judged()) == ["MH-ACCESS-003"]


def test_an_old_policy_does_not_come_back_by_a_merge(history: FakeHistory) -> None:
    old = history.head
    history.commit(policy(**WITHOUT_ADAM), by="olivia")
    main = history.head
    side = history.commit({OTHER: bot("other-bot", spec=PAUSE)}, by="oscar", on=(old,))
    history.commit({PATH: history.trees[old][PATH]}, on=(main, side))
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")

    assert refs(history.judged()) == ["MH-ACCESS-003"]


def test_versions_side_by_side_allow_what_both_allow(history: FakeHistory) -> None:
    start = history.head
    one = history.commit(policy(**WITHOUT_ADAM), by="olivia")
    history.head = start
    two = history.commit(policy(mode="signatures", groups=[{"name": "all", "members": ["adam"]}]), by="olivia")
    history.commit({}, on=(two, one), by="host")
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    judged = history.judged()

    assert {version.commit for version in judged.versions} == {one, two}
    assert refs(judged) == ["MH-ACCESS-003"]
    history.commit({PATH: history.trees[two][PATH] + b"# this one\n"}, by="olivia")
    assert [version.commit for version in history.judged().versions] == [history.head]


def test_a_first_version_that_nobody_stands_for_grants_nothing() -> None:
    history = FakeHistory()
    history.commit({BOT: bot(), **tree()})
    mine = history.commit(policy(), by="olivia")
    history.commit({BOT: bot(spec=IMAGE)}, by="olivia")
    judged = history.judged()

    assert judged.mode == "invalid"
    assert judged.chain is not None
    assert judged.chain.ignored[mine].message == (
        f"the first access policy, of commit {mine[:12]}, does not count and nothing may change: "
        f"the commit is signed with {history.signed[mine].fingerprint}, which is no root key"
    )
    assert refs(judged) == ["MH-ACCESS-012"]
    history.commit({PATH: to_yaml(policy_dict()) + b"# founded\n"}, by="root")
    assert (history.judged().mode, refs(history.judged())) == ("signatures", [])


def test_a_false_first_version_on_a_branch_stops_nobody(history: FakeHistory) -> None:
    first = next(sha for sha, view in history.views_.items() if not view.parents)
    main = history.head
    side = history.commit(policy(bindings=[{"role": "OWNER", "subjects": ["vera"]}]), by="vera", on=(first,))
    history.commit({}, on=(main, side))
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    judged = history.judged()

    assert (judged.mode, refs(judged)) == ("signatures", [])


def test_without_root_keys_an_owner_of_the_first_version_founds_it() -> None:
    history = FakeHistory()
    history.commit({BOT: bot(), **tree()})
    history.commit(policy(), by="olivia")
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")

    assert (history.judged(Roots()).mode, refs(history.judged(Roots()))) == ("unrooted", [])
    assert history.judged(Roots(frozenset({a_key("somebody")}))).mode == "invalid"
    assert ROOTS.fingerprints is not None


def test_a_long_history_is_judged_once_for_each_commit(history: FakeHistory) -> None:
    for number in range(300):
        history.commit({BOT: bot(metadata={"labels": {"n": str(number)}})}, by="oscar")
    judged = history.judged()

    assert judged.refusals == {}
    assert max(history.asked.count(sha) for sha in history.asked) <= 2
