"""`molthub plan --base`: the plan of a change, without a cloud or credentials; and plans as comments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from tests.builders import instance_dict
from tests.fakes.cli import Cli

BOT = instance_dict()
NEWER = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}})
BAD = instance_dict(metadata={"name": "bad"}, spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})


def nobody() -> NoReturn:
    raise AssertionError("a plan of a change asks no cloud")


@pytest.fixture
def alone(cli: Cli) -> Cli:
    """Without any cloud to ask."""
    refused: Callable[[], NoReturn] = nobody
    cli.roots = replace(cli.roots, providers=refused, secrets=refused, probes=refused)
    return cli


def test_a_change_is_planned_without_a_cloud(alone: Cli) -> None:
    base = alone.repository.commit(BOT, BAD)
    alone.repository.git("switch", "--quiet", "--create", "feature")
    head = alone.repository.commit(NEWER)
    ended = alone.run("plan", "--base", "main")
    assert ended.code == 0
    assert ended.err == f"Planning {alone.repository.path} at {head[:12]}\n"
    lines = ended.out.splitlines()
    assert lines[:2] == [
        f"Compared with main ({base[:12]}); AWS was not asked.",
        "1 finding of before, elsewhere; `molthub validate` shows them all.",
    ]
    assert "# instance acme/prod/support-bot" in lines
    assert lines[-2:] == ["Plan: 0 to create, 2 to update, 0 to replace, 0 to delete.", "1 instance: 1 OutOfSync."]
    assert alone.run("plan", "--base", "main", "--detailed-exitcode").code == 2
    assert alone.run("plan", "--base", "HEAD", "--detailed-exitcode").code == 0


def test_its_json_says_what_was_compared_and_can_never_be_applied(alone: Cli) -> None:
    base = alone.repository.commit(BOT)
    alone.repository.git("switch", "--quiet", "--create", "feature")
    alone.repository.commit(NEWER, BAD)
    ended = alone.run("plan", "--base", "main", "-o", "json")
    told = json.loads(ended.out)
    assert (ended.code, told["format"], told["applicable"]) == (1, "molthub.dev/plan/v1", False)
    assert told["base"] == {"ref": "main", "commit": base}
    assert [item["ref"] for item in told["findings"]] == ["MH-IMG-001"]
    assert told["changedFiles"] == ["instances/acme/prod/bad.yaml", "instances/acme/prod/support-bot.yaml"]
    assert [item["name"] for item in told["environments"][0]["instances"]] == ["acme/prod/bad", "acme/prod/support-bot"]


def test_the_comment_of_a_change_names_its_findings(alone: Cli) -> None:
    alone.repository.commit(BOT)
    alone.repository.git("switch", "--quiet", "--create", "feature")
    alone.repository.commit(NEWER, BAD)
    ended = alone.run("plan", "--base", "main", "-o", "markdown")
    assert ended.code == 1
    assert ended.out.startswith("<!-- molthub:plan -->\n### Molthub plan\n")
    assert (
        '- **error** `MH-IMG-001` at `instances/acme/prod/bad.yaml:9:12`: `the image tag "latest" may name another '
        "image tomorrow`"
    ) in ended.out.splitlines()
    assert "- `~` `acme/prod/support-bot` will be updated, and **restarts**" in ended.out.splitlines()


def test_nothing_to_do_is_said(alone: Cli) -> None:
    alone.repository.commit(BOT)
    ended = alone.run("plan", "--base", "HEAD")
    assert ended.out.splitlines()[-2:] == ["Nothing would be written to AWS.", "No instance is concerned."]
    assert "**Nothing would be written to AWS.**" in alone.run("plan", "--base", "HEAD", "-o", "markdown").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--base", "HEAD", "--out", "x.json"), "leave out --base"), (("--published",), "goes with")],
)
def test_what_does_not_go_together(alone: Cli, arguments: tuple[str, ...], told: str) -> None:
    alone.repository.commit(BOT)
    ended = alone.run("plan", *arguments)
    assert (ended.code, told in ended.err.replace("\n", " ")) == (2, True)


def test_a_plan_against_aws_is_a_comment_too(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    ended = cli.run("plan", "-o", "markdown")
    assert ended.code == 0
    assert f"Planned `{sha[:12]}` against what AWS has." in ended.out.splitlines()
    assert "- `+` `acme/prod/support-bot` will be created" in ended.out.splitlines()


def test_published_says_what_runs_beside_it(cli: Cli) -> None:
    base = cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.repository.commit(NEWER)
    ended = cli.run("plan", "--base", base, "--published", "-o", "markdown")
    assert ended.code == 0
    assert "#### What the controllers say" in ended.out
    told = json.loads(cli.run("plan", "--base", base, "--published", "-o", "json").out)
    assert told["published"][0]["environment"] == "acme/prod"
