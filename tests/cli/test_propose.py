"""`molthub propose`: as an agent without credentials and without the main branch, on a real bare repository."""

from __future__ import annotations

import io
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.builders import instance_dict
from tests.fakes.cli import Cli, Repository

BOT = instance_dict()
PATH = "instances/acme/prod/support-bot.yaml"
BIGGER = [
    {"op": "add", "path": "/spec/runtime/cpu", "value": 2048},
    {"op": "add", "path": "/spec/runtime/memory", "value": 4096},
]
ONLY_BRANCHES = """#!/bin/sh
case "$1" in refs/heads/main) echo "main is protected" >&2; exit 1;; esac
"""


def nobody() -> NoReturn:
    raise AssertionError("a proposal asks no cloud")


class Agent:
    """A clone of a bare repository whose main branch nobody of its kind may push to."""

    def __init__(self, cli: Cli, tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cli, self.bare = cli, tmp / "origin.git"
        self._monkeypatch = monkeypatch
        for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
            monkeypatch.setenv(name, "Agent Seven")
        for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
            monkeypatch.setenv(name, "agent@example.com")
        assert not [name for name in os.environ if name.startswith("AWS_")]
        self.owner = cli.repository
        self.base = self.owner.commit(BOT)
        self.owner.git("clone", "--quiet", "--bare", str(self.owner.path), str(self.bare))
        hook = self.bare / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(ONLY_BRANCHES)
        hook.chmod(0o755)
        self.clone = Repository.__new__(Repository)
        self.clone.path = tmp / "agent"
        self.owner.git("clone", "--quiet", str(self.bare), str(self.clone.path))
        monkeypatch.chdir(self.clone.path)
        cli.roots = replace(cli.roots, providers=nobody, secrets=nobody, probes=nobody)

    def propose(
        self, *arguments: str, patch: Any = BIGGER, instance: str = "support-bot"
    ) -> tuple[int, dict[str, Any]]:
        stdin = io.TextIOWrapper(io.BytesIO(json.dumps(patch).encode()))
        self._monkeypatch.setattr("sys.stdin", stdin)
        ended = self.cli.run("propose", instance, "--patch", "-", "-o", "json", *arguments)
        told: dict[str, Any] = json.loads(ended.out)
        return ended.code, told

    def at_server(self, *arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(self.bare), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def merge(self, branch: str) -> None:
        """What the owner does with a proposal."""
        self.at_server("update-ref", "refs/heads/main", f"refs/heads/{branch}")

    def main_gains(self, *documents: Any) -> str:
        """The owner commits, and it is on the server."""
        sha = self.owner.commit(*documents)
        self.at_server("fetch", "--quiet", str(self.owner.path), "+refs/heads/main:refs/heads/main")
        return sha


@pytest.fixture
def agent(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    return Agent(cli, tmp_path, monkeypatch)


def test_a_proposal_is_checked_planned_and_pushed_to_a_branch_of_its_own(agent: Agent) -> None:
    code, told = agent.propose("--by", "agent-7", "-m", "It runs out of memory")
    branch = told["branch"]
    assert (code, told["status"], told["pushed"], told["onto"]) == (0, "proposed", True, "main")
    assert branch.startswith("molthub/propose/support-bot-")
    assert (told["findings"], told["base"], told["instance"]) == ([], agent.base, "acme/prod/support-bot")
    assert told["plan"]["applicable"] is False
    assert told["plan"]["summary"] == {"create": 0, "update": 2, "replace": 0, "delete": 0}
    assert "+    cpu: 2048" in told["files"][0]["diff"]
    assert agent.at_server("rev-parse", branch) == told["commit"]
    assert agent.at_server("rev-parse", "main") == agent.base
    assert agent.at_server("log", "-1", "--format=%an <%ae>%n%B", branch).splitlines() == [
        "Agent Seven <agent@example.com>",
        "Propose a change of acme/prod/support-bot",
        "",
        "It touches:",
        "  /spec/runtime/cpu",
        "  /spec/runtime/memory",
        "",
        "It runs out of memory",
        "",
        "Molthub-Action: propose",
        "Molthub-Instance: acme/prod/support-bot",
        "Molthub-Proposed-By: agent-7",
    ]
    assert agent.clone.git("status", "--porcelain") == ""
    assert agent.clone.git("rev-parse", "HEAD") == agent.base


def test_the_same_patch_again_makes_no_second_commit(agent: Agent) -> None:
    _, first = agent.propose()
    code, again = agent.propose()
    assert (code, again["status"], again["commit"]) == (0, "already-proposed", first["commit"])
    assert agent.at_server("rev-list", "--count", first["branch"]) == "2"
    elsewhere, by_url = agent.propose("--repo", str(agent.bare))
    assert (elsewhere, by_url["status"], by_url["commit"]) == (0, "already-proposed", first["commit"])


def test_when_the_base_moved_it_is_made_anew_on_top_of_that(agent: Agent) -> None:
    _, first = agent.propose()
    moved = agent.main_gains(instance_dict(metadata={"name": "neighbour"}))
    code, again = agent.propose()
    assert (code, again["status"], again["branch"]) == (0, "proposed", first["branch"])
    assert again["commit"] != first["commit"]
    assert agent.at_server("rev-parse", f"{again['branch']}^") == moved
    assert agent.at_server("rev-list", "--count", f"main..{again['branch']}") == "1"


def test_what_holds_already_is_not_proposed(agent: Agent) -> None:
    _, first = agent.propose()
    agent.merge(first["branch"])
    code, told = agent.propose()
    assert (code, told["status"], told["branch"], told["commit"]) == (0, "holds", None, None)


@pytest.mark.parametrize("hidden", [False, True])
def test_what_somebody_else_committed_to_the_branch_is_never_overwritten(agent: Agent, hidden: bool) -> None:
    _, first = agent.propose()
    agent.clone.git("switch", "--quiet", "--detach", first["commit"])
    mine = agent.clone.commit(files={"notes.txt": b"a review\n"})
    if hidden:  # below what looks like a proposal
        agent.clone.git("commit", "--quiet", "--allow-empty", "-m", "More\n\nMolthub-Action: propose")
        mine = agent.clone.git("rev-parse", "HEAD").strip()
    agent.clone.git("push", "--quiet", "origin", f"HEAD:refs/heads/{first['branch']}")
    code, told = agent.propose()
    assert (code, told["status"], told["findings"][0]["ref"]) == (1, "refused", "MH-PROP-007")
    assert agent.at_server("rev-parse", first["branch"]) == mine


def test_the_default_branch_is_none_to_propose_to_whatever_is_followed(agent: Agent) -> None:
    agent.at_server("update-ref", "refs/heads/production", "main")
    agent.at_server("symbolic-ref", "HEAD", "refs/heads/production")
    for where in ((), ("--repo", str(agent.bare))):
        code, told = agent.propose("--onto", "main", "--branch", "production", *where)
        assert (code, told["findings"][0]["ref"]) == (1, "MH-PROP-006")


@pytest.mark.parametrize("branch", ["main", "master", "Main", "production"])
def test_no_main_branch_is_proposed_to(agent: Agent, branch: str) -> None:
    agent.at_server("update-ref", "refs/heads/production", "main")
    code, told = agent.propose("--branch", branch)
    assert (code, told["status"]) == (1, "refused")
    assert told["findings"][0]["ref"] == ("MH-PROP-007" if branch == "production" else "MH-PROP-006")
    assert agent.at_server("rev-parse", "main", "production").split() == [agent.base] * 2


@pytest.mark.parametrize(
    ("patch", "ref"),
    [
        ([{"op": "replace", "path": "/spec/policies", "value": {}}], "MH-PROP-003"),
        ([{"op": "test", "path": "/spec/runtime/image", "value": "another"}], "MH-PROP-005"),
        ([{"op": "add", "path": "/spec/runtime/cpus", "value": 2}], "MH-MAN-001"),
        ([{"op": "replace", "path": "/spec/runtime/image", "value": "ghcr.io/openclaw/openclaw:latest"}], "MH-IMG-001"),
        ({}, "MH-PROP-001"),
    ],
)
def test_what_is_wrong_is_refused_with_findings_and_nothing_is_written(agent: Agent, patch: Any, ref: str) -> None:
    code, told = agent.propose(patch=patch)
    assert (code, told["status"]) == (1, "refused")
    assert [item["ref"] for item in told["findings"]] == [ref]
    assert agent.at_server("for-each-ref", "--format=%(refname)") == "refs/heads/main"


@pytest.mark.parametrize("name", ["acme-bots", "acme/prod", "molthub.yaml"])
def test_only_instances_can_be_named(agent: Agent, name: str) -> None:
    code, told = agent.propose(instance=name)
    assert (code, told["findings"][0]["ref"]) == (1, "MH-PIPE-001")


def test_nothing_reaches_the_cloud_before_a_merge(agent: Agent) -> None:
    """The controller and apply follow main: they see no proposal, and all of it once it is merged."""
    cli = agent.cli
    live = replace(cli.roots, providers=lambda: cli.cloud.provider_at)
    alone, cli.roots = cli.roots, live
    assert cli.run("apply", "--repo", str(agent.bare), "--auto-approve").code == 0
    cli.roots = alone
    _, told = agent.propose()
    cli.roots = live
    assert cli.run("plan", "--repo", str(agent.bare), "--detailed-exitcode").code == 0
    agent.merge(told["branch"])
    assert cli.run("plan", "--repo", str(agent.bare), "--detailed-exitcode").code == 2


def test_for_people_and_without_a_push(agent: Agent, tmp_path: Path) -> None:
    file = tmp_path / "change.json"
    file.write_text(json.dumps(BIGGER))
    dry = agent.cli.run("propose", "support-bot", "--patch", str(file), "--dry-run")
    assert dry.code == 0
    assert dry.out.splitlines()[0] == "Propose a change of acme/prod/support-bot"
    assert "      ~ cpu: 1024 -> 2048" in dry.out.splitlines()
    assert dry.out.splitlines()[-1].startswith("Nothing was committed (--dry-run); it would go to 'molthub/propose/")
    kept = agent.cli.run("propose", "support-bot", "--patch", str(file), "--no-push")
    assert kept.out.splitlines()[-1].endswith("in this clone only. Nothing happens before it is merged into 'main'.")
    assert agent.at_server("for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert agent.clone.git("for-each-ref", "--format=%(refname)", "refs/heads/molthub/**").count("propose") == 1
    again = agent.cli.run("propose", "support-bot", "--patch", str(file), "--no-push")
    assert again.out.splitlines()[-1].startswith("Proposed already: ")
    missing = agent.cli.run("propose", "support-bot", "--patch", "nowhere.json")
    assert (missing.code, missing.err.splitlines()[0]) == (
        1,
        "error: MH-PROP-008 cannot read the patch 'nowhere.json': no such file or directory",
    )
