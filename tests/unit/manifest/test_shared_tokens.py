"""Never two bots on one token: what counts as the same token, and what may be shared."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.manifest.documents import FleetDocuments
from molthub.manifest.loader import load_files, load_loose
from tests.builders import REMOVED, documents, environment_dict, instance_dict, to_yaml, tree

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/shared-AbC1d2"
FIX = "(Give each bot a token of its own; two bots on one token take each other's messages)"


def bot(name: str, key: str, *, environment: str = "prod", **more: Any) -> dict[str, Any]:
    """A Telegram bot whose token has this key."""
    spec = {"model": REMOVED, "secrets": [{"name": "TOKEN", "key": key}], **more}
    spec.setdefault("channels", {"telegram": {"botToken": {"secret": "TOKEN"}}})
    return instance_dict(metadata={"name": name, "environment": environment}, spec=spec)


def errors(loaded: FleetDocuments) -> list[str]:
    return [str(item) for item in loaded.diagnostics if item.ref != "MH-MAN-020"]


def test_both_files_are_told_of_the_other_and_neither_is_applied() -> None:
    loaded = documents(bot("a", "acme/tokens#one"), bot("b", "acme/tokens#one"), bot("c", "acme/tokens#two"))
    assert errors(loaded) == [
        (
            "instances/acme/prod/a.yaml:12:10: error: MH-FLEET-009 the token of channels.telegram.botToken is also that"
            f" of acme/prod/b (instances/acme/prod/b.yaml:12:10) {FIX}"
        ),
        (
            "instances/acme/prod/b.yaml:12:10: error: MH-FLEET-009 the token of channels.telegram.botToken is also that"
            f" of acme/prod/a (instances/acme/prod/a.yaml:12:10) {FIX}"
        ),
    ]
    assert [item.path for item in loaded.invalid] == ["instances/acme/prod/a.yaml", "instances/acme/prod/b.yaml"]
    assert [str(identity) for identity in loaded.instances] == ["acme/prod/c"]
    assert not loaded.is_valid_for_deletion


def test_many_are_named_in_part() -> None:
    loaded = documents(*[bot(name, "acme/token") for name in "abcde"])
    places = [f"acme/prod/{name} (instances/acme/prod/{name}.yaml:12:10)" for name in "bcd"]
    assert f"also that of {' and '.join(places)} and others {FIX}" in errors(loaded)[0]
    assert len(errors(loaded)) == 5


@pytest.mark.parametrize("key", ["acme/shared#bot", f"{ARN}#bot"])
@pytest.mark.parametrize("other", ["acme/shared#bot", f"{ARN}#bot"])
def test_a_name_and_the_arn_of_one_secret_are_the_same(key: str, other: str) -> None:
    assert len(errors(documents(bot("a", key), bot("b", other)))) == 2


@pytest.mark.parametrize(
    "other", ["acme/shared", "acme/shared#app", "acme/share#bot", f"{ARN}#app", f"{ARN.replace('west', 'north')}#bot"]
)
def test_another_key_name_or_region_is_another_token(other: str) -> None:
    assert errors(documents(bot("a", "acme/shared#bot"), bot("b", other))) == []


@pytest.mark.parametrize(
    ("aws", "clashes"), [({}, 2), ({"region": "eu-north-1"}, 0), ({"accountId": "210987654321"}, 0)]
)
def test_a_name_is_one_secret_in_each_account_and_region(aws: dict[str, str], clashes: int) -> None:
    dev = environment_dict(metadata={"name": "dev"}, spec={"aws": aws})
    loaded = documents(bot("a", "acme/token"), bot("a", "acme/token", environment="dev"), dev)
    assert len(errors(loaded)) == clashes


def test_any_channel_counts_against_any_other() -> None:
    hook = {"telegram": REMOVED, "webhook": {"token": {"secret": "TOKEN"}, "paths": ["/hooks/agent"]}}
    inbound = bot("a", "acme/token", channels=hook, network={"inbound": "WEBHOOK"})
    slack = {"telegram": REMOVED, "slack": {"botToken": {"secret": "TOKEN"}, "appToken": {"secret": "TOKEN"}}}
    found = errors(documents(inbound, bot("b", "acme/token", channels=slack)))
    assert [text.split(" is also ")[0].rsplit(" ", 1)[1] for text in found] == [
        "channels.webhook.token",
        "channels.slack.appToken",
        "channels.slack.botToken",
    ]


def test_a_paused_one_counts_because_it_comes_back() -> None:
    paused = {"paused": {"by": "ana@example.com", "reason": "holiday"}}
    assert len(errors(documents(bot("a", "acme/token", lifecycle=paused), bot("b", "acme/token")))) == 2


def test_the_keys_of_models_and_unused_entries_are_shared_freely() -> None:
    model = {"primary": "anthropic/claude-sonnet-4-5", "apiKey": {"secret": "KEY"}}
    entries = [{"name": "KEY", "key": "acme/model"}, {"name": "SPARE", "key": "acme/token"}]
    talking = bot("a", "acme/token")
    thinking = [bot(name, "", model=model, secrets=entries, channels={"telegram": REMOVED}) for name in "bc"]
    assert [item.ref for item in documents(talking, *thinking).diagnostics if item.severity.value == "error"] == []


def test_a_mere_copy_has_one_error_and_the_third_bot_is_stopped_too() -> None:
    files = tree(bot("a", "acme/token"), bot("b", "acme/token"))
    loaded = load_files({**files, "copy.yaml": to_yaml(bot("a", "acme/token"))})
    found = {(item.location.path, item.ref) for item in loaded.diagnostics if item.location and item.fix}
    assert {(path, ref) for path, ref in found if ref.startswith("MH-FLEET")} == {
        ("copy.yaml", "MH-FLEET-004"),
        ("copy.yaml", "MH-FLEET-009"),
        ("instances/acme/prod/a.yaml", "MH-FLEET-004"),
        ("instances/acme/prod/a.yaml", "MH-FLEET-009"),
        ("instances/acme/prod/b.yaml", "MH-FLEET-009"),
    }
    alone = load_files({**tree(bot("a", "acme/token")), "copy.yaml": to_yaml(bot("a", "acme/token"))})
    assert "MH-FLEET-009" not in {item.ref for item in alone.diagnostics}


def test_loose_files_are_not_compared() -> None:
    files = {f"{name}.yaml": to_yaml(bot(name, "acme/token")) for name in "ab"}
    assert load_loose(files).invalid == ()
