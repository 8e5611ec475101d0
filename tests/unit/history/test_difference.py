"""What differs between two versions: in words, as a patch, and in meaning only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonpatch
import pytest
from pydantic import BaseModel

from molthub.history.action import inferred
from molthub.history.difference import Difference, difference
from molthub.history.document import written
from molthub.history.hiding import NOT_SHOWN
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.reading import read_file
from tests.builders import REMOVED, loaded_environment, loaded_instance

PAUSED = {"by": "ana@example.com", "reason": "holiday", "until": "2027-01-07T08:00:00Z"}
MODEL = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
TOKEN = {"secret": "TELEGRAM_BOT_TOKEN"}
TELEGRAM = {"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/support-bot#telegram"}


def model(**overrides: Any) -> MoltbotInstance:
    return loaded_instance(**overrides).model


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def renamed(name: str) -> dict[str, Any]:
    return {"metadata": {"id": "support-bot", "name": name}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, spec(runtime={"image": "ghcr.io/openclaw/openclaw:2026.6.11"}), "image 2026.9.6 → 2026.6.11"),
        (
            {},
            spec(runtime={"image": "registry.example.com:5000/bot:1.0.0"}),
            "image ghcr.io/openclaw/openclaw:2026.9.6 → registry.example.com:5000/bot:1.0.0",
        ),
        ({}, renamed("helper"), "renamed support-bot → helper"),
        ({}, {"metadata": {"labels": {"team": "support"}}}, "label team=support added"),
        ({"metadata": {"labels": {"team": "a"}}}, {"metadata": {"labels": {"team": "b"}}}, "label team a → b"),
        ({"metadata": {"labels": {"team": "a"}}}, {}, "label team removed"),
        ({}, spec(lifecycle={"paused": PAUSED}), "paused by ana@example.com until 2027-01-07 08:00Z: holiday"),
        (spec(lifecycle={"paused": PAUSED}), {}, "resumed"),
        (
            spec(lifecycle={"paused": PAUSED}),
            spec(lifecycle={"paused": {"by": "ben@example.com", "reason": "longer"}}),
            "pause changed: by ben@example.com: longer",
        ),
        ({}, spec(lifecycle={"restartedAt": "2026-11-23T10:00:00Z"}), "restart asked for at 2026-11-23 10:00Z"),
        ({}, spec(lifecycle={"deletionProtection": True}), "deletion protection turned on"),
        ({}, spec(runtime={"cpu": 2048, "memory": 4096}), "cpu 1024 → 2048; memory 2048 → 4096"),
        ({}, spec(runtime={"env": {"TZ": "Europe/Berlin"}}), "env TZ=Europe/Berlin added"),
        ({}, spec(skills={"allowlist": ["github", "weather"]}), "skill github allowed; skill weather allowed"),
        (spec(skills={"allowlist": ["github"]}), {}, "skill github no longer allowed"),
        ({}, spec(model={"fallbacks": ["openai/gpt-5"]}), "fallback models set to openai/gpt-5"),
        ({}, spec(state={"persistent": True}), "state made persistent"),
        ({}, spec(network={"egressPreset": "DEFAULT"}), "egress RESTRICTED → DEFAULT"),
        ({}, spec(observability={"tracing": {"endpoint": "https://otel.example.com"}}), "tracing added"),
        (
            {},
            spec(secrets=[MODEL, {**TELEGRAM, "key": "acme/prod/other#telegram"}]),
            "secret TELEGRAM_BOT_TOKEN from acme/prod/support-bot#telegram → acme/prod/other#telegram",
        ),
        (
            {},
            spec(secrets=[{"name": "NEW", "key": "acme/new"}, MODEL, TELEGRAM]),
            "secret NEW added",
        ),
        (
            {},
            spec(channels={"telegram": REMOVED, "slack": {"botToken": TOKEN, "appToken": TOKEN}}),
            "channel telegram removed; channel slack added",
        ),
    ],
)
def test_a_change_is_told_in_words_and_its_patch_makes_it(
    before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    old, new = model(**before), model(**after)
    found = difference(old, new)
    assert found.summary == said
    assert jsonpatch.apply_patch(written(old), list(found.patch)) == written(new)


@pytest.mark.parametrize(
    "same",
    [
        spec(runtime={"cpu": 1024, "replicas": 1, "architecture": "x86_64"}),
        spec(secrets=[TELEGRAM, MODEL]),
        spec(network={}),
        {"metadata": {"id": "support-bot", "labels": {}}},
    ],
)
def test_a_written_default_and_another_order_mean_the_same(same: dict[str, Any]) -> None:
    assert difference(model(), model(**same)) == Difference()


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    other = {**PAUSED, "until": "2027-01-07T09:00:00+01:00"}
    assert difference(model(**spec(lifecycle={"paused": PAUSED})), model(**spec(lifecycle={"paused": other}))).is_empty


def test_the_order_of_fallback_models_means_something() -> None:
    one, other = ({"fallbacks": list(order)} for order in (["a/b", "c/d"], ["c/d", "a/b"]))
    assert difference(model(**spec(model=one)), model(**spec(model=other))).summary == (
        "fallback models a/b, c/d → c/d, a/b"
    )


def test_a_first_and_a_last_version() -> None:
    first, last = difference(None, model()), difference(model(), None)
    assert first.summary == "created with image ghcr.io/openclaw/openclaw:2026.9.6, channels telegram"
    assert first.patch == ({"op": "add", "path": "", "value": written(model())},)
    assert last.summary == "deleted"
    assert last.patch == ({"op": "replace", "path": "", "value": None},)


def test_an_environment_is_told_too() -> None:
    after = loaded_environment(spec={"rollout": {"maxConcurrent": 9}, "logs": {"retentionDays": 30}}).model
    assert (
        difference(loaded_environment().model, after).summary
        == "rollouts at once 5 → 9; log retention in days 365 → 30"
    )


def test_what_looks_like_a_secret_is_shown_nowhere() -> None:
    pasted = "xoxb-" + "1234567890-" * 2 + "AbCdEfGh12345678"
    found = difference(model(), model(**spec(runtime={"env": {"NOTE": pasted}})))
    assert found.summary == "env NOTE=(not shown) added"
    assert pasted not in repr(found)
    again = difference(
        model(**spec(runtime={"env": {"NOTE": pasted}})), model(**spec(runtime={"env": {"NOTE": pasted + "9"}}))
    )
    assert again.summary == "env NOTE changed"
    assert pasted not in repr(again)


def test_many_phrases_are_shortened_in_the_summary_and_nowhere_else() -> None:
    found = difference(model(), model(metadata={"labels": {f"l{number}": "x" for number in range(9)}}))
    assert len(found.words) == 9
    assert found.summary.endswith("label l3=x added; and 5 more")


@pytest.mark.parametrize(
    ("after", "action"),
    [
        (renamed("helper"), "rename"),
        ({"metadata": {"labels": {"a": "b"}}}, "label"),
        (spec(runtime={"image": "ghcr.io/openclaw/openclaw:2026.6.11"}), "image-set"),
        (spec(lifecycle={"paused": PAUSED}), "pause"),
        (spec(lifecycle={"restartedAt": "2026-11-23T10:00:00Z"}), "restart"),
        (spec(runtime={"cpu": 2048, "memory": 4096}), "update"),
        (spec(lifecycle={"paused": PAUSED}, runtime={"cpu": 512}), "update"),
    ],
)
def test_the_action_of_a_change_made_by_hand(after: dict[str, Any], action: str) -> None:
    assert inferred(difference(model(), model(**after))) == action


def test_to_pause_no_longer_is_to_resume() -> None:
    assert inferred(difference(model(**spec(lifecycle={"paused": PAUSED})), model())) == "resume"


def corpus() -> list[BaseModel]:
    """Every valid document of the tests and of the example fleet."""
    root = Path(__file__).resolve().parents[3]
    paths = [*(root / "tests/manifests/valid").rglob("*.yaml"), *(root / "manifests-example").rglob("*.yaml")]
    read = [read_file(path.name, path.read_bytes()) for path in sorted(paths)]
    return [file.model for file in read if file is not None and file.model is not None]


def test_between_any_two_documents_there_is_a_difference_in_words_whose_patch_makes_it() -> None:
    documents = corpus()
    assert len(documents) > 10
    for before in documents:
        for after in documents:
            found = difference(before, after)
            same = before.model_dump() == after.model_dump()
            assert bool(found.words) == bool(found.patch) == (not found.is_empty)
            assert not (same and found.words)
            if NOT_SHOWN not in repr(found.patch):
                made = jsonpatch.apply_patch(written(before), list(found.patch))
                assert made == written(after) or found.is_empty
