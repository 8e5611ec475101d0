"""Histories that somebody without a role made up to get something all the same."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.access.content import Subject
from molthub.access.signature import Scheme, Signature, Signed
from molthub.access.versions import PATH
from molthub.manifest.sshkeys import fingerprint
from tests.builders import fleet_dict, template_dict, to_yaml
from tests.fakes.access_history import BOT, SUBJECT, FakeHistory, a_key, bot, person, policy_dict

IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}
EVIL = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.8"}}
PROTECTED = {"lifecycle": {"deletionProtection": True}}


@pytest.fixture
def history() -> FakeHistory:
    return FakeHistory.founded()


def refs(history: FakeHistory) -> list[str]:
    return [item.ref for item in history.judged().state(SUBJECT).refused]


@pytest.mark.parametrize("again_on_main", [False, True], ids=["one-side", "both-sides"])
@pytest.mark.parametrize("main_first", [False, True])
def test_a_merge_of_refused_changes_opens_no_way_back(
    history: FakeHistory, main_first: bool, again_on_main: bool
) -> None:
    """The image of before adam's change was allowed once; who has no role brings it back over a merge."""
    start = history.head
    main = history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    if again_on_main:
        main = history.commit({BOT: bot(spec=EVIL)})
    side = history.commit({BOT: bot(spec=EVIL)}, on=(start,))
    parents = (main, side) if main_first else (side, main)
    history.commit({BOT: bot(spec=EVIL)}, on=parents)
    merged = history.head
    history.commit({BOT: bot()})

    assert refs(history), "nobody allowed to go back"

    history.head = merged
    history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    assert refs(history) == []


@pytest.mark.parametrize(
    ("between", "by", "left"),
    [
        pytest.param({BOT: None}, "adam", 1, id="delete"),
        pytest.param({BOT: None}, "olivia", 0, id="delete-by-an-owner"),
        pytest.param({BOT: bot(spec={"nonsense": 1})}, "adam", 1, id="unreadable"),
        pytest.param({"copy.yaml": bot(spec=PROTECTED)}, "adam", 1, id="twice"),
    ],
)
def test_protection_does_not_go_by_a_detour(history: FakeHistory, between: dict[str, Any], by: str, left: int) -> None:
    history.commit({BOT: bot(spec=PROTECTED)}, by="olivia")
    history.commit(between, by=by)
    history.commit({BOT: bot(), "copy.yaml": None}, by="adam")

    assert min(len(refs(history)), 1) == left


# -- what a broken judge would let through ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        pytest.param({"molthub.yaml": to_yaml(fleet_dict(metadata={"name": "other"}))}, Subject("Fleet"), id="fleet"),
        pytest.param(
            {"templates/chat-bot.yaml": to_yaml(template_dict())}, Subject("MoltbotTemplate", "chat-bot"), id="template"
        ),
    ],
)
def test_a_role_with_a_scope_never_reaches_the_whole_fleet(files: dict[str, bytes | None], subject: Subject) -> None:
    bindings = [{"role": "OWNER", "subjects": ["olivia"]}, {"role": "OWNER", "subjects": ["adam"], "scope": ["acme"]}]
    history = FakeHistory.founded(bindings=bindings)
    history.commit({PATH: to_yaml(policy_dict(bindings=[{"role": "OWNER", "subjects": ["adam"]}]))}, by="adam")
    history.commit(files, by="adam")
    judged = history.judged()

    assert judged.chain is not None
    assert [item.ref for item in judged.chain.ignored.values()] == ["MH-ACCESS-010"]
    assert judged.state(subject).refused[0].why.endswith("and adam has no role there")


@pytest.mark.parametrize("kind", [kind for kind in Signed if kind is not Signed.GOOD])
def test_a_fingerprint_proves_nothing_without_its_signature(history: FakeHistory, kind: Signed) -> None:
    """A signature that is bad may still name the key of whoever it pretends to be."""
    claimed = Signature(kind, Scheme.SSH, fingerprint(a_key("olivia")), "it was not made for Git")
    history.commit({BOT: bot(spec=IMAGE)}, by=claimed, email="olivia@example.com")
    history.commit({PATH: to_yaml(policy_dict(mode="open"))}, by=claimed, email="olivia@example.com")

    assert len(refs(history)) == 1
    assert history.judged().mode == "signatures"


def test_a_change_on_refused_ones_covers_only_those_it_names(history: FakeHistory) -> None:
    one = history.commit({BOT: bot(spec=IMAGE)})
    two = history.commit({BOT: bot(spec=EVIL)})
    head = history.head
    for named, left in {one: 2, two: 2, f"{one} {two}": 0}.items():
        history.head = head
        history.commit({BOT: bot(spec=EVIL | PROTECTED)}, by="olivia", Molthub_Approve=named)
        assert len(refs(history)) == left


def test_who_was_added_by_a_version_needs_no_leave_of_the_one_before(history: FakeHistory) -> None:
    people = [person(name) for name in ("olivia", "nora")]
    bindings = [{"role": "OWNER", "subjects": ["olivia"]}, {"role": "ADMIN", "subjects": ["nora"]}]
    history.commit({PATH: to_yaml(policy_dict(people=people, bindings=bindings))}, by="olivia")
    history.commit({BOT: bot(spec=IMAGE)}, by="nora")

    assert refs(history) == []


@pytest.mark.parametrize("refused_first", [False, True])
def test_what_somebody_allowed_on_one_side_is_not_held_back_by_the_other(
    history: FakeHistory, refused_first: bool
) -> None:
    start = history.head
    good = history.commit({BOT: bot(spec=IMAGE)}, by="adam")
    bad = history.commit({BOT: bot(spec=IMAGE)}, on=(start,))
    history.commit({BOT: bot(spec=IMAGE)}, on=(bad, good) if refused_first else (good, bad))

    assert refs(history) == []


def test_taking_one_sides_policy_is_no_change_of_it(history: FakeHistory) -> None:
    side = history.head
    history.commit({PATH: to_yaml(policy_dict(hosts=[]))}, by="olivia")
    history.merge(side)
    judged = history.judged()

    assert judged.chain is not None
    assert judged.chain.ignored == {}


def test_an_operator_goes_back_without_the_waiver_that_was_taken_away_since(history: FakeHistory) -> None:
    waiver = {"rule": "MH-IMG-002", "reason": "the vendor has no newer one", "until": "2027-01-31"}
    history.commit({BOT: bot(spec=IMAGE | {"policies": {"waivers": [waiver]}})}, by="olivia")
    history.commit({BOT: bot(spec=EVIL)}, by="adam")
    head = history.head
    history.commit({BOT: bot(spec=IMAGE)}, by="oscar")
    assert refs(history) == []

    history.head = head
    history.commit({BOT: bot(spec=IMAGE | {"policies": {"waivers": [waiver]}})}, by="oscar")
    assert refs(history) == ["MH-ACCESS-001"]


@pytest.mark.parametrize(("name", "value"), [("Molthub_Secret", "set something"), ("Molthub_Action", "reconcile")])
def test_a_trail_of_no_place_is_one_of_the_whole_fleet(history: FakeHistory, name: str, value: str) -> None:
    sha = history.commit(by="oscar", **{name: value})
    assert not history.judged().counts(sha, name.replace("_", "-").lower())

    sha = history.commit(by="oscar", **{name: value}, Molthub_Instance="acme/prod/support-bot")
    assert history.judged().counts(sha, name.replace("_", "-").lower())


def test_a_fingerprint_of_a_root_key_founds_nothing() -> None:
    history = FakeHistory()
    claimed = Signature(Signed.BAD, Scheme.SSH, fingerprint(a_key("root")), "it was not made for Git")
    history.commit({PATH: to_yaml(policy_dict()), BOT: bot()}, by=claimed)

    assert history.judged().mode == "invalid"


def test_who_owns_only_one_of_two_policies_joins_them_in_vain(history: FakeHistory) -> None:
    both = [{"role": "OWNER", "subjects": ["olivia", "adam"]}]
    start = history.head
    one = history.commit({PATH: to_yaml(policy_dict(bindings=both))}, by="olivia")
    other = history.commit({PATH: to_yaml(policy_dict(hosts=[]))}, by="olivia", on=(start,))
    mine = {PATH: to_yaml(policy_dict(bindings=[{"role": "OWNER", "subjects": ["adam"]}]))}
    for parents in ((one, other), (other, one)):
        sha = history.commit(mine, on=parents, by="adam")
        judged = history.judged()
        assert judged.chain is not None
        assert judged.chain.ignored[sha].ref == "MH-ACCESS-010"
        assert {version.commit for version in judged.versions} == {one, other}


def test_a_copy_that_takes_the_place_of_the_first_changes_nothing(history: FakeHistory) -> None:
    history.commit({"copy.yaml": bot()})
    assert refs(history) == ["MH-ACCESS-002"]

    history.commit({BOT: None})
    assert refs(history) == []
