"""`molthub template list|show|render|export`, in a fleet repository and outside of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.builders import INGRESS, environment_dict, instance_dict, template_dict
from tests.fakes.cli import Cli


def test_outside_of_a_fleet_there_are_molthubs_own(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = cli.run("template", "list")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["NAME", "slack-bot", "telegram-bot", "webhook-bot"]
    assert cli.run("template", "list", "--repo", ".").code == 1, "a repository that was named must be one"


def test_the_list_says_where_each_is_from(cli: Cli) -> None:
    broken = template_dict(metadata={"name": "odd-bot"}, spec={"parameters": []})
    cli.repository.commit(template_dict(), template_dict(metadata={"name": "slack-bot"}), broken)
    ended = cli.run("template", "list")
    assert ended.code == 0
    rows = {line.split()[0]: line for line in ended.out.splitlines()[1:]}
    assert sorted(rows) == ["chat-bot", "odd-bot", "slack-bot", "telegram-bot", "webhook-bot"]
    assert "  templates/chat-bot.yaml  " in rows["chat-bot"]
    assert "templates/slack-bot.yaml (replaces the built-in)" in rows["slack-bot"]
    assert "  cannot be used  " in rows["odd-bot"]
    assert "templates/odd-bot.yaml:" in ended.err
    data = json.loads(cli.run("template", "list", "-o", "json").out)
    assert data["format"] == "molthub.dev/templates/v1"
    assert [item["origin"] for item in data["templates"]] == ["fleet", "fleet", "builtin", "builtin"]
    assert [item["name"] for item in data["broken"]] == ["odd-bot"]


def test_show_tells_in_words_what_it_enables(cli: Cli) -> None:
    cli.repository.commit(template_dict())
    ended = cli.run("template", "show", "slack-bot")
    assert ended.code == 0
    for line in (
        "  channels       Slack, by a connection that the bot opens",
        "  inbound        nothing can reach it",
        "  egress         HTTPS (TCP 443) only",
        "  size           1 vCPU, 2048 MiB, x86_64",
        "                 SLACK_APP_TOKEN for channels.slack.appToken",
    ):
        assert line in ended.out.splitlines()
    assert "Make one: molthub create NAME --template slack-bot --environment WORKSPACE/NAME --set image=" in ended.out
    data = json.loads(cli.run("template", "show", "chat-bot", "-o", "json").out)
    assert data["format"] == "molthub.dev/template/v1"
    assert (data["origin"], data["path"]) == ("fleet", "templates/chat-bot.yaml")
    assert [item["name"] for item in data["parameters"]] == ["cpu", "model", "token"]
    assert data["enables"]["channels"] == ["Telegram, by polling"]


def test_nothing_a_template_says_reaches_the_terminal_as_more_than_text(cli: Cli) -> None:
    cli.repository.commit(template_dict(metadata={"title": "Join\u2060ed bot", "description": "zero\u200bwidth"}))
    for arguments in (["list"], ["show", "chat-bot"], ["list", "-o", "json"], ["show", "chat-bot", "-o", "json"]):
        out = cli.run("template", *arguments).out
        assert "\u200b" not in out
        assert "\u2060" not in out


def test_render_prints_the_manifest_and_says_what_is_wrong(cli: Cli) -> None:
    cli.repository.commit(instance_dict(), environment_dict(spec={"ingress": INGRESS}))
    ended = cli.run("template", "render", "slack-bot", "--name", "help-bot", "--environment", "acme/prod")
    assert ended.code == 0
    assert ended.err == "image is only an example: give --set image=VALUE.\n"
    assert yaml.safe_load(ended.out)["metadata"] == {
        "id": "help-bot",
        "name": "help-bot",
        "workspace": "acme",
        "environment": "prod",
    }
    where = ["--name", "help-bot", "--environment", "acme/prod"]
    small = cli.run("template", "render", "telegram-bot", *where, "--set", "cpu=4096", "-o", "json")
    assert small.code == 1
    assert json.loads(small.out)["spec"]["runtime"]["cpu"] == 4096
    assert "instances/acme/prod/help-bot.yaml:" in small.err
    assert "MH-SIZE-001" in small.err
    nowhere = cli.run("template", "render", "telegram-bot", "--environment", "acme/dev")
    assert (nowhere.code, "MH-FLEET-003 there is no environment acme/dev" in nowhere.err) == (1, True)


def test_render_takes_labels_and_a_patch(cli: Cli, tmp_path: Path) -> None:
    patch = tmp_path / "patch.yaml"
    patch.write_text("- {op: replace, path: /spec/state, value: {persistent: true}}\n")
    refused = cli.run("template", "render", "telegram-bot", "--patch", str(patch))
    assert (refused.code, "MH-TMPL-012 operation 1 (replace) of" in refused.err) == (1, True)
    patch.write_text('[{"op": "add", "path": "/spec/state", "value": {"persistent": true}}]')
    ended = cli.run("template", "render", "telegram-bot", "--patch", str(patch), "--label", "team=x")
    assert ended.code == 0, ended.err
    made = yaml.safe_load(ended.out)
    assert (made["metadata"]["labels"], made["spec"]["state"]) == ({"team": "x"}, {"persistent": True})
    assert "MH-TMPL-013 no.json cannot be read" in cli.run("template", "render", "slack-bot", "--patch", "no.json").err


def test_export_writes_it_as_it_was_written(cli: Cli, tmp_path: Path) -> None:
    ended = cli.run("template", "export", "slack-bot")
    assert ended.out.startswith("# Molthub's own template.")
    out = tmp_path / "mine.yaml"
    assert cli.run("template", "export", "slack-bot", "--out", str(out)).code == 0
    assert out.read_text() == ended.out
    again = cli.run("template", "export", "slack-bot", "--out", str(out))
    assert (again.code, "MH-TMPL-014" in again.err) == (1, True)
    assert cli.run("template", "export", "telegram-bot", "--out", str(out), "--force").code == 0
    assert "name: telegram-bot" in out.read_text()


def test_an_instance_becomes_a_template(cli: Cli) -> None:
    own = {"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/support-bot#telegram"}
    shared = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
    other = {"name": "GITHUB", "key": "shared/github"}
    spec = {
        "secrets": [shared, own, other],
        "runtime": {"env": {"GREETING": "Hello ${name}"}},
        "lifecycle": {"deletionProtection": True, "paused": {"by": "ana@example.com", "reason": "away"}},
    }
    cli.repository.commit(instance_dict(spec=spec))
    ended = cli.run("template", "export", "--from-instance", "support-bot", "--name", "desk-bot")
    assert ended.code == 0, ended.err
    made = yaml.safe_load(ended.out)
    assert made["metadata"]["name"] == "desk-bot"
    assert {item["name"]: item.get("default") for item in made["spec"]["parameters"]} == {
        "image": "ghcr.io/openclaw/openclaw:2026.9.6",
        "model": "anthropic/claude-sonnet-4-5",
        "anthropicApiKey": "${workspace}/${environment}/model#anthropic",
        "telegramBotToken": None,
        "github": "shared/github",
    }
    body = made["spec"]["instance"]["spec"]
    assert body["lifecycle"] == {"deletionProtection": True}
    assert body["runtime"]["env"] == {"GREETING": "Hello $${name}"}
    cli.repository.write(files={"templates/desk-bot.yaml": ended.out.encode()})
    assert cli.run("validate", "--strict").code == 0
    again = cli.run("template", "render", "desk-bot", "--name", "other-bot")
    assert yaml.safe_load(again.out)["spec"]["runtime"]["env"] == {"GREETING": "Hello ${name}"}
    assert "acme/prod/other-bot#telegramBotToken" in again.out
    assert cli.run("template", "export", "--from-instance", "support-bot", "--name", "No").code == 1


def test_export_wants_one_thing(cli: Cli) -> None:
    assert cli.run("template", "export").code == 2
    assert cli.run("template", "export", "slack-bot", "--name", "x").code == 2
