"""Histories that somebody without a role made up to get something all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.access_history import BOT, SUBJECT, FakeHistory, bot

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
