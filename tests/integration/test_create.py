"""From a template to a running Moltbot: one person creates it and another applies it, each in a clone of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from molthub.apply.types import Outcome
from molthub.resources.identity import Identity, names_of
from molthub.resources.observation import RolloutState
from tests.builders import environment_dict, fleet_dict, template_dict
from tests.fakes.git_repositories import git
from tests.fakes.stage import AWS, Stage, furnished

VALUE = "xoxb" + "-not-a-real-token"
IMAGE = "registry.example.com/acme/openclaw-slack:2026.9.6"
CREATE = ("create", "help-bot", "--template", "slack-bot", "--environment", "acme/prod", "--set", f"image={IMAGE}")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with furnished(tmp_path_factory.mktemp("stage"), speed=50) as made:
        yield made


@pytest.fixture(scope="module")
def ana(stage: Stage) -> Path:
    """Ana's clone; the stage's own repository is Ben's."""
    stage.commit(fleet_dict(), environment_dict(), template_dict())
    origin, clone = stage.home / "origin.git", stage.home / "ana"
    git(stage.repo, "clone", "--quiet", "--bare", ".", str(origin))
    git(stage.repo, "remote", "add", "origin", str(origin))
    git(stage.repo, "fetch", "--quiet", "origin")
    git(stage.repo, "branch", "--quiet", "--set-upstream-to=origin/main")
    git(stage.home, "clone", "--quiet", str(origin), str(clone))
    return clone


def molthub(stage: Stage, clone: Path, who: str, *arguments: str, piped: str = "") -> subprocess.CompletedProcess[str]:
    author = {f"GIT_{role}_{part}": who for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    ended = subprocess.run(
        [sys.executable, "-m", "molthub", *arguments],
        cwd=clone,
        env=stage.variables | author,
        input=piped,
        capture_output=True,
        text=True,
        check=False,
    )
    assert VALUE not in ended.stdout + ended.stderr
    return ended


def test_what_one_creates_another_applies(stage: Stage, ana: Path) -> None:
    sources = ("SLACK_BOT_TOKEN=-", "SLACK_APP_TOKEN=generate", "MODEL_API_KEY=generate")
    secrets = [word for source in sources for word in ("--secret", source)]
    made = molthub(stage, ana, "ana@example.com", *CREATE, *secrets, piped=VALUE)
    assert made.returncode == 0, made.stderr

    other = (*CREATE, "--set", "logLevel=debug", *secrets[:2])
    late = molthub(stage, stage.repo, "ben@example.com", *other, piped=VALUE + "x")
    assert late.returncode == 1, "his clone did not know it yet, and the commit is made on what is pushed"
    assert "MH-TMPL-017 acme/prod/help-bot is there already" in late.stderr
    held = stage.client("secretsmanager").get_secret_value(SecretId="acme/prod/help-bot")["SecretString"]
    assert json.loads(held)["slackBotToken"] == VALUE, "and nothing of his was stored"

    git(stage.repo, "pull", "--quiet", "--ff-only")
    result = stage.session().apply()["help-bot"]
    assert (result.outcome, result.rollout) == (Outcome.APPLIED, RolloutState.COMPLETED)
    identity = Identity("acme-bots", "acme", "prod", "help-bot")
    ecs = stage.client("ecs")
    (service,) = ecs.describe_services(cluster=AWS["cluster"], services=[names_of(identity).service])["services"]
    assert service["runningCount"] == 1
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    gateway = next(item for item in task["containerDefinitions"] if item["name"] == "gateway")
    assert gateway["image"] == IMAGE
    given = {item["name"]: item["valueFrom"] for item in gateway["secrets"]}
    assert given["SLACK_BOT_TOKEN"].endswith(":slackBotToken::")

    again = molthub(stage, stage.repo, "ben@example.com", *CREATE)
    assert again.stdout == "Nothing to do: it is so already.\n"
    assert git(stage.repo, "rev-list", "--count", "HEAD") == "2"
