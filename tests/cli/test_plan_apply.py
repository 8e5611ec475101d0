"""`molthub plan` and `molthub apply`: the whole way, on a real repository and a cloud in memory."""

from __future__ import annotations

import json

import pytest

from molthub.errors import StallingError
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.cli import Cli
from tests.fakes.fleet import identity
from tests.fakes.provider import failing

BOT = instance_dict()
BAD = instance_dict(metadata={"name": "bad-bot"}, spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
NEWER = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}})


def test_plan_says_what_would_be_created(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    ended = cli.run("plan")
    assert ended.code == 0
    assert ended.err == f"Planning {cli.repository.path} at {sha[:12]}\n"
    lines = ended.out.splitlines()
    assert lines[0] == "# instance acme/prod/support-bot"
    assert "  + log-group /molthub/acme-bots/acme-prod-support-bot-1b0ba3f997 will be created" in lines
    assert "      + retention_days: 365" in lines
    assert '      + containers[gateway].image: "ghcr.io/openclaw/openclaw:2026.9.6"' in lines
    assert lines[-2:] == ["Plan: 7 to create, 0 to update, 0 to replace, 0 to delete.", "1 instance: 1 OutOfSync."]
    assert len(cli.run("plan", "--full").out.splitlines()) > 2 * len(lines)


def test_apply_then_nothing_is_left_to_do(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    assert cli.run("plan", "--detailed-exitcode").code == 2
    applied = cli.run("apply", "--auto-approve")
    assert applied.code == 0
    assert applied.err.startswith(f"Applying {cli.repository.path} at {sha[:12]}\n")
    assert applied.out.splitlines()[-3:] == [
        "acme/prod/support-bot  applied (7 writes; its rollout completed)",
        "",
        "Apply: 1 applied; 7 writes.",
    ]
    assert "acme/prod/support-bot: rollout-completed: " in applied.err
    again = cli.run("plan", "--detailed-exitcode")
    assert again.code == 0
    assert again.out == "No changes. What runs is what the manifests say.\n1 instance: 1 Synced.\n"


def test_an_update_shows_what_differs_inside_packed_documents(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.repository.commit(instance_dict(spec={"model": {"primary": "anthropic/claude-opus-4-5"}}))
    shown = cli.run("plan").out
    assert (
        "      ~ containers[init].environment[MOLTHUB_INIT].config.agents.defaults.model.primary: "
        '"anthropic/claude-sonnet-4-5" -> "anthropic/claude-opus-4-5"'
    ) in shown.splitlines()
    assert "will get a new revision" in shown
    assert "# restarts the Moltbot" in shown
    assert "unchanged attributes hidden)" in shown


def test_a_dirty_tree_is_planned_and_never_applied(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.repository.write(NEWER)
    planned = cli.run("plan", "--out", "plan.json")
    assert "working tree" in planned.err
    assert planned.out.startswith("This plan cannot be applied: it was made from a working tree.")
    assert "openclaw:2026.9.7" in planned.out
    assert "MH-PLAN-023" in cli.run("apply", "plan.json", "--auto-approve").err
    assert "openclaw:2026.9.6" in cli.run("plan", "--ref", "HEAD").out
    applied = cli.run("apply", "--auto-approve")
    assert applied.err.startswith("The working tree has uncommitted changes; they are not applied.\n")
    definition = cli.cloud.prod.resources(identity()).task_definition
    assert definition is not None
    assert {container.image for container in definition.containers} == {"ghcr.io/openclaw/openclaw:2026.9.6"}


def test_a_plan_file_is_applied_or_refused_when_stale(cli: Cli) -> None:
    cli.repository.commit(BOT)
    assert cli.run("plan", "--out", "../plan.json").err.endswith("Plan written to ../plan.json\n")
    cli.run("apply", "../plan.json", "--auto-approve")
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    ended = cli.run("apply", "../plan.json", "--auto-approve")
    assert ended.code == 1
    assert "MH-PLAN-022" in ended.err
    group = cli.cloud.prod.resources(identity()).log_group
    assert group is not None
    assert group.retention_days == 1


@pytest.mark.parametrize(
    ("content", "ref"),
    [(None, "MH-CLI-005"), (b"\xff\xfe", "MH-CLI-005"), (b"{", "MH-PLAN-020"), (b'{"format": "x"}', "MH-PLAN-021")],
)
def test_a_plan_file_of_no_use(cli: Cli, content: bytes | None, ref: str) -> None:
    cli.repository.commit(BOT)
    if content is not None:
        cli.repository.write(files={"plan.json": content})
    ended = cli.run("apply", "plan.json", "--auto-approve")
    assert ended.code == 1
    assert ended.err.startswith(f"error: {ref} ")


def test_a_plan_file_says_itself_what_is_meant(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("plan", "--out", "../plan.json")
    assert cli.run("apply", "../plan.json", "support-bot").code == 2
    assert cli.run("apply", "../plan.json", "--ref", "main").code == 2


def test_without_a_terminal_nothing_is_applied_unasked(cli: Cli) -> None:
    cli.repository.commit(BOT)
    ended = cli.run("apply")
    assert ended.code == 1
    assert "MH-CLI-004 nobody can be asked: this is not a terminal" in ended.err
    assert cli.cloud.prod.writes == []


def test_a_bad_neighbour_stops_only_itself(cli: Cli) -> None:
    cli.repository.commit(BOT, BAD)
    planned = cli.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "# instance acme/prod/bad-bot is Blocked" in planned.out
    applied = cli.run("apply", "--auto-approve")
    assert applied.code == 1
    assert "Apply: 1 applied, 1 blocked; 7 writes." in applied.out
    assert "acme/prod/bad-bot      blocked (MH-IMG-001; see the plan above)" in applied.out.splitlines()
    assert (applied.out + applied.err).count(": error: MH-IMG-001 ") == 1, "the plan says why, and nothing repeats it"
    assert "bad-bot" not in applied.err
    assert cli.run("plan", "--detailed-exitcode").code == 0
    assert cli.run("apply", "support-bot", "--auto-approve").code == 0


def test_an_unusable_manifest_is_an_error_of_the_plan(cli: Cli) -> None:
    broken = {"instances/acme/prod/broken.yaml": b"apiVersion: molthub/v1\nkind: MoltbotInstance\nmetadata: {}\n"}
    cli.repository.commit(BOT, files=broken)
    for arguments in (["plan"], ["plan", "--detailed-exitcode"]):
        ended = cli.run(*arguments)
        assert ended.code == 1
        assert "instances/acme/prod/broken.yaml:3:" in ended.out
        assert "Plan: 7 to create" in ended.out


def test_a_failed_rollout_fails_the_apply(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.script(identity(), failing("exit code 1"))
    cli.repository.commit(NEWER)
    ended = cli.run("apply", "--auto-approve", "-o", "json")
    found = json.loads(ended.out)
    assert ended.code == 1
    assert found["ok"] is False
    assert found["instances"][0]["outcome"] == "failed"
    assert found["instances"][0]["rollout"] == "rolled-back"
    assert found["instances"][0]["diagnostics"][0]["ref"].startswith("MH-APPLY-")


def test_json_shapes(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    plan = json.loads(cli.run("plan", "-o", "json").out)
    assert (plan["format"], plan["commit"], plan["hasChanges"]) == ("molthub.dev/plan/v1", sha, True)
    result = cli.run("apply", "--auto-approve", "-o", "json")
    applied = json.loads(result.out)
    assert applied.keys() == {"format", "commit", "ok", "instances"}
    assert (applied["format"], applied["commit"], applied["ok"]) == ("molthub.dev/apply/v1", sha, True)
    assert applied["instances"][0] == {
        "workspace": "acme",
        "environment": "prod",
        "id": "support-bot",
        "name": "acme/prod/support-bot",
        "outcome": "applied",
        "rollout": "completed",
        "writes": 7,
        "retryAfter": None,
        "stays": [],
        "diagnostics": [],
    }


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nobody"], 1, "MH-PIPE-001"),
        (["--environment", "prod"], 2, "'prod' is not WORKSPACE/NAME"),
        (["--environment", "acme/nowhere"], 1, "MH-PIPE-001"),
        (["--workspace", "nobody"], 2, "no environment of this fleet is in 'nobody'"),
        (["--ref", "nope"], 1, "MH-GIT-"),
        (["--repo", "/nonexistent/fleet"], 1, "MH-GIT-002"),
        (["--out", "/nonexistent/plan.json"], 1, "MH-CLI-005"),
        (["--detailed-exitcode", "--nonsense"], 1, "No such option"),
    ],
)
def test_what_cannot_be_planned(cli: Cli, arguments: list[str], code: int, message: str) -> None:
    cli.repository.commit(BOT)
    ended = cli.run("plan", *arguments)
    assert (ended.code, message in ended.err) == (code, True), ended.err


def test_a_failure_of_the_surroundings_says_try_again(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("plan")
    cli.cloud.prod.fail(StallingError("MH-AWS-004", "access denied"), kind=Kind.SECRET)
    ended = cli.run("apply", "--auto-approve")
    assert ended.code == 1
    assert "MH-AWS-004" in ended.out
    assert cli.run("apply", "--auto-approve").code == 0


def test_going_back_to_an_older_commit_is_told_how(cli: Cli) -> None:
    old = cli.repository.commit(BOT)
    new = cli.repository.commit(BOT, files={"notes.txt": b"x"})
    cli.run("apply", "--auto-approve")
    ended = cli.run("apply", "--auto-approve", "--ref", old)
    assert ended.code == 1
    assert f"runs commit {new[:12]}, which the history of {old[:12]} does not hold" in ended.out
    assert "to go back, commit a revert" in ended.out


@pytest.mark.parametrize("given", ["soon", "0", "-1", "inf", "nan"])
def test_a_poll_that_is_no_number_of_seconds_applies_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    cli.repository.commit(BOT)
    monkeypatch.setenv("MOLTHUB_ROLLOUT_POLL", given)
    ended = cli.run("apply", "--auto-approve")
    assert ended.code == 1
    assert f"MH-CLI-012 MOLTHUB_ROLLOUT_POLL is no number of seconds: '{given}'" in ended.err
    monkeypatch.delenv("MOLTHUB_ROLLOUT_POLL")
    assert "7 to create" in cli.run("plan").out
