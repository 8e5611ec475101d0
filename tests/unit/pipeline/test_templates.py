"""From a template to a manifest: which one a name means, what is chosen, what comes of it, and what guards judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from molthub.errors import InvalidInputError, MolthubError, StallingError
from molthub.manifest.template_checks import sample_of
from molthub.manifest.yaml_events import parse
from molthub.pipeline.engine import check
from molthub.pipeline.templates.catalogue import Catalogue, Entry, builtins, catalogue, read_template
from molthub.pipeline.templates.choosing import assignments, choose
from molthub.pipeline.templates.patching import patched, read_patch
from molthub.pipeline.templates.rendering import (
    Order,
    document_of,
    findings,
    identity_of,
    manifest_of,
    path_for,
)
from molthub.pipeline.templates.words import enables
from molthub.pipeline.types import CheckedFleet
from molthub.policies.registry import builtin_rules
from molthub.resources.identity import Identity
from molthub.source.types import FileEntry, Snapshot
from tests.builders import INGRESS, environment_dict, fleet_dict, instance_dict, template_dict, to_yaml, tree
from tests.fakes.clock import START

IDENTITY = Identity("acme-bots", "acme", "prod", "help-bot")
PATH = "instances/acme/prod/help-bot.yaml"


def fleet(*documents: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> CheckedFleet:
    contents = {**tree(*documents), **(files or {})}
    entries = {path: FileEntry(path, "", content) for path, content in contents.items()}
    return check(Snapshot(None, entries), rules=builtin_rules(), now=START)


def own(**overrides: Any) -> Entry:
    return read_template("templates/chat-bot.yaml", to_yaml(template_dict(**overrides)), own=True)


def order(entry: Entry, texts: Mapping[str, str] | None = None, **more: Any) -> Order:
    return Order(entry, choose(entry, texts or {}, IDENTITY, examples=True), "help-bot", **more)


def refused(error: MolthubError) -> list[str]:
    found = error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,)
    return [f"{item.ref} {item.message}" for item in found]


# -- The catalogue -------------------------------------------------------------------------------------------


def test_what_comes_with_molthub() -> None:
    assert list(builtins()) == ["slack-bot", "telegram-bot", "webhook-bot"]


@pytest.mark.parametrize("name", ["slack-bot", "telegram-bot", "webhook-bot"])
def test_a_built_in_template_makes_what_passes_every_guardrail(name: str) -> None:
    around = fleet(fleet_dict(), environment_dict(spec={"ingress": INGRESS}))
    manifest = manifest_of(order(builtins()[name]))
    found = findings(PATH, manifest.encode(), around=around, rules=builtin_rules(), now=START)
    assert found.diagnostics == ()
    assert found.loaded is not None
    assert found.loaded.model.metadata.id == "help-bot"


def test_the_fleets_own_takes_the_place_of_a_built_in_one() -> None:
    mine = template_dict(metadata={"name": "slack-bot", "title": "Ours"})
    known = catalogue(fleet(fleet_dict(), mine))
    found = known.find("slack-bot")
    assert (found.path, found.replaces, found.model.metadata.title) == ("templates/slack-bot.yaml", True, "Ours")
    assert known.find("builtin/slack-bot").path is None
    assert [entry.name for entry in known.entries] == ["slack-bot", "telegram-bot", "webhook-bot"]


def test_a_broken_one_of_the_fleet_is_not_silently_the_built_in_one() -> None:
    mine = template_dict(metadata={"name": "slack-bot"}, spec={"parameters": []})
    known = catalogue(fleet(fleet_dict(), mine))
    with pytest.raises(InvalidInputError) as caught:
        known.find("slack-bot")
    assert {item.ref for item in caught.value.diagnostics} == {"MH-TMPL-001"}
    assert str(caught.value.diagnostic.location).startswith("templates/slack-bot.yaml:")
    assert "slack-bot" not in [entry.name for entry in known.entries]
    assert known.find("builtin/slack-bot").path is None


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("slak-bot", "Did you mean slack-bot?"),
        ("builtin/chat", "`molthub template list` names those there are"),
        ("\x1b[2J", "`molthub template list` names those there are"),
    ],
)
def test_a_name_that_nothing_has(name: str, fix: str) -> None:
    with pytest.raises(StallingError) as caught:
        Catalogue(builtins(), {}).find(name)
    assert (caught.value.ref, caught.value.diagnostic.fix) == ("MH-TMPL-008", fix)
    assert "\x1b" not in str(caught.value)


def test_a_file_of_another_kind_is_no_template() -> None:
    with pytest.raises(StallingError, match=r"MH-TMPL-009 x\.yaml holds no template"):
        read_template("x.yaml", to_yaml(fleet_dict()), own=True)


# -- Choosing ------------------------------------------------------------------------------------------------


def test_defaults_and_what_is_given() -> None:
    found = choose(own(), {"cpu": "2048"}, IDENTITY)
    assert found.values == {
        "name": "help-bot",
        "id": "help-bot",
        "workspace": "acme",
        "environment": "prod",
        "cpu": 2048,
        "model": "acme/prod/help-bot#anthropicApiKey",
        "token": "acme/prod/help-bot#telegramBotToken",
    }
    assert found.given == {"cpu"}


def test_a_secret_of_a_name_that_looks_like_an_arn_has_another_place() -> None:
    """AWS refuses a name that ends in a hyphen and six characters."""
    found = choose(own(), {}, Identity("acme-bots", "acme", "prod", "my-secret"))
    assert found.values["token"] == "acme/prod/my-secret/secrets#telegramBotToken"


def test_every_wrong_choice_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        choose(builtins()["slack-bot"], {"modle": "x", "cpu": "1000", "slackBotToken": "xoxb 1"}, IDENTITY)
    assert [line[:90] for line in refused(caught.value)] == [
        "MH-TMPL-001 the template slack-bot has no parameter 'modle'",
        "MH-TMPL-004 the parameter `cpu` must be one of 512, 1024, 2048, 4096",
        "MH-TMPL-004 the parameter `slackBotToken` must be a place in the secret store: PATH#KEY, o",
        "MH-TMPL-002 the template slack-bot needs a value for `image`: An image that holds the Slac",
    ]
    assert "xoxb" not in str([str(item) for item in caught.value.diagnostics])


def test_a_missing_value_is_told_where_the_template_asks_for_it() -> None:
    asked = [{"name": "cpu", "type": "integer", "description": "CPU units", "required": True, "example": 1024}]
    rest = template_dict()["spec"]["parameters"][1:]
    with pytest.raises(InvalidInputError) as caught:
        choose(own(spec={"parameters": [*asked, *rest]}), {}, IDENTITY)
    assert str(caught.value.diagnostic) == (
        "templates/chat-bot.yaml:8:5: error: MH-TMPL-002 the template chat-bot needs a value for `cpu`: CPU units "
        "(Give --set cpu=1024)"
    )


@pytest.mark.parametrize("texts", [["cpu"], ["=x"], ["a=1", "a=2"]])
def test_what_is_no_assignment(texts: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="MH-TMPL-010 a --set cannot be read: "):
        assignments(texts, option="--set")


@pytest.mark.parametrize(
    ("name", "environment"), [("Bot", "acme/prod"), ("bot", "acme"), ("bot", "a/b/c"), ("b\n", "a/b")]
)
def test_what_is_no_identity(name: str, environment: str) -> None:
    with pytest.raises(StallingError, match="MH-TMPL-010"):
        identity_of(name, environment)


# -- Patches -------------------------------------------------------------------------------------------------


def copies(*, x: int, times: int = 1) -> str:
    """A patch that puts the whole spec into itself, again and again, under x names."""
    return json.dumps([{"op": "copy", "from": "/spec", "path": f"/spec/x{n}"} for n in range(x)] * times)


def test_a_patch_changes_what_no_parameter_does() -> None:
    patch = read_patch("p.yaml", b"- {op: add, path: /spec/runtime/env, value: {TZ: Europe/Berlin}}\n")
    document = document_of(order(own(), labels={"team": "x"}, patch=patch))
    assert document["spec"]["runtime"]["env"] == {"TZ": "Europe/Berlin"}
    assert document["metadata"]["labels"] == {"team": "x"}


@pytest.mark.parametrize(
    ("patch", "ref", "why"),
    [
        ("{}", "MH-TMPL-011", "it is not a list of operations"),
        ("[1]", "MH-TMPL-011", "operation 1 is none: `op` must be one of add, remove, replace, move, copy, test"),
        ('[{"op": "add", "path": "x", "value": 1}]', "MH-TMPL-011", "operation 1 has no `path` such as"),
        ('[{"op": "add", "path": "/spec"}]', "MH-TMPL-011", "operation 1 has no `value`"),
        ('[{"op": "move", "path": "/spec"}]', "MH-TMPL-011", "operation 1 has no `from`"),
        ("[{", "MH-TMPL-011", "(line 1)"),
        ('[{"op": "remove", "path": "/spec/nothing"}]', "MH-TMPL-012", "there is nothing at '/spec/nothing'"),
        ('[{"op": "add", "path": "/spec/secrets/99", "value": 1}]', "MH-TMPL-012", "there is nothing at"),
        ('[{"op": "add", "path": "/spec/runtime/cpu/x", "value": 1}]', "MH-TMPL-012", "there is nothing at"),
        ('[{"op": "remove", "path": ""}]', "MH-TMPL-012", "there is nothing at ''"),
        ('[{"op": "replace", "path": "", "value": []}]', "MH-TMPL-012", "it changes the identity"),
        ('[{"op": "replace", "path": "/metadata/name", "value": "x"}]', "MH-TMPL-012", "it changes the identity"),
        ('[{"op": "move", "from": "/spec", "path": "/spec/x"}]', "MH-TMPL-012", "there is nothing at '/spec'"),
        ('[{"op": "test", "path": "/spec/runtime/cpu", "value": 5}]', "MH-TMPL-012", "its test does not hold"),
        (copies(x=30), "MH-TMPL-012", "becomes too large"),
        (copies(x=1, times=40), "MH-TMPL-012", "nested more than 32 levels deep"),
    ],
)
def test_a_patch_that_is_wrong(patch: str, ref: str, why: str) -> None:
    document = document_of(order(own()))
    before = json.dumps(document)
    with pytest.raises(StallingError) as caught:
        patched(document, read_patch("p.json", patch.encode()))
    assert caught.value.ref == ref
    assert why in caught.value.diagnostic.message
    assert json.dumps(document) == before


# -- The manifest --------------------------------------------------------------------------------------------


def test_the_manifest_says_what_was_chosen() -> None:
    text = manifest_of(order(own(), {"cpu": "2048"}, schema=True))
    assert (
        text
        == """\
# yaml-language-server: $schema=../../../.molthub/molthub.schema.json
# Chat bot, made from the template chat-bot (templates/chat-bot.yaml).
# Chosen: cpu=2048. The rest is the template's default.
apiVersion: molthub/v1
kind: MoltbotInstance
metadata:
  id: help-bot  # its identity for ever: keep it when you rename
  name: help-bot
  workspace: acme
  environment: prod
  labels:
    team: acme
spec:
  runtime:
    image: ghcr.io/openclaw/openclaw:2026.9.6
    cpu: 2048  # CPU units
  model:
    primary: anthropic/claude-sonnet-4-5
    apiKey: {secret: ANTHROPIC_API_KEY}
  secrets:
    - {name: ANTHROPIC_API_KEY, key: "acme/prod/help-bot#anthropicApiKey"}
    - {name: TELEGRAM_BOT_TOKEN, key: "acme/prod/help-bot#telegramBotToken"}
  channels:
    telegram:
      botToken: {secret: TELEGRAM_BOT_TOKEN}
"""
    )


@pytest.mark.parametrize("title", ["# x\nkind: Evil", "a\nkind: Evil", "x" * 80, "it: is # so"])
def test_no_words_of_a_template_get_out_of_their_comment(title: str) -> None:
    parameters = template_dict()["spec"]["parameters"]
    parameters[0] = {**parameters[0], "description": f"{title}\n  cpu: 1\n" * 3}
    entry = own(metadata={"title": title}, spec={"parameters": parameters})
    assert parse(manifest_of(order(entry)).encode()) == document_of(order(entry))


@pytest.mark.parametrize(
    "value", ["yes", "1.10", "null", "a: b", "a #b", "- x", "{x}", "*a", '"', "'", "ü\U0001f600", " x "]
)
def test_a_text_stays_the_text_it_was(value: str) -> None:
    parameters = [
        *template_dict()["spec"]["parameters"],
        {"name": "zone", "type": "string", "description": "x", "default": "x"},
    ]
    runtime = {**template_dict()["spec"]["instance"]["spec"]["runtime"], "env": {"TZ": "${zone}", "A": "in ${zone}"}}
    entry = own(spec={"parameters": parameters, "instance": {"spec": {"runtime": runtime}}})
    made: Any = parse(manifest_of(order(entry, {"zone": value})).encode())
    assert made["spec"]["runtime"]["env"] == {"TZ": value, "A": f"in {value}"}


def test_findings_are_those_of_the_new_file_alone() -> None:
    around = fleet(instance_dict(), files={"broken.yaml": b"kind: MoltbotInstance\n"})
    copy = manifest_of(order(own(), {"token": "acme/prod/support-bot#telegram"}))
    found = findings(PATH, copy.encode(), around=around, rules=builtin_rules(), now=START)
    assert [item.ref for item in found.errors] == ["MH-FLEET-009"]
    odd = manifest_of(order(own(), {"cpu": "1000"}))
    found = findings(PATH, odd.encode(), around=around, rules=builtin_rules(), now=START)
    assert [item.ref for item in found.errors] == ["MH-SIZE-001"]


def test_what_an_instance_enables_in_words() -> None:
    found = enables(sample_of(builtins()["webhook-bot"].model))
    assert found.channels == ("signed webhooks at /hooks/agent",)
    assert found.inbound == "HTTPS through the environment's load balancer: signed requests to its paths, nothing else"
    assert (found.egress, found.size) == ("HTTPS (TCP 443) only", "1 vCPU, 2048 MiB, x86_64")
    assert [(item.variable, item.used_by) for item in found.secrets] == [
        ("MODEL_API_KEY", ("model.apiKey",)),
        ("HOOK_TOKEN", ("channels.webhook.token",)),
    ]
    assert path_for("acme", "prod", "help-bot") == PATH


def test_what_a_template_makes_is_judged_where_the_template_says_it() -> None:
    parameters = template_dict()["spec"]["parameters"]
    odd = template_dict(spec={"parameters": [{**parameters[0], "default": 1000}, *parameters[1:]]})
    checked = fleet(instance_dict(), odd)
    assert [str(item.location) for item in checked.errors] == ["templates/chat-bot.yaml:25:14"]
    assert [(item.ref, item.subject) for item in checked.errors] == [("MH-SIZE-001", None)]
    assert checked.documents.about_what_runs == ()
    assert list(catalogue(checked).own) == ["chat-bot"], "it can be shown, and mended by an override"


def test_a_broken_template_is_no_trouble_of_a_plan() -> None:
    checked = fleet(instance_dict(), files={"t.yaml": to_yaml(template_dict(spec={"parameters": []}))})
    assert {item.ref for item in checked.errors} == {"MH-TMPL-001"}
    assert checked.documents.about_what_runs == ()


@pytest.mark.parametrize("text", ["\x1b[31m", "\u202e", "\udce9"])
def test_a_label_that_no_manifest_can_hold_is_refused(text: str) -> None:
    with pytest.raises(StallingError) as caught:
        manifest_of(order(own(), labels={"team": text}))
    assert caught.value.ref == "MH-TMPL-010"
