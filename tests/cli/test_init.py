"""`molthub init`: what it writes is valid, and it overwrites nothing."""

from __future__ import annotations

import yaml

from tests.fakes.cli import Cli

PLACE = (
    "--cluster",
    "molthub-ops-prod",
    "--account",
    "111122223333",
    "--region",
    "us-east-1",
    "--vpc",
    "vpc-0a",
    "--subnet",
    "subnet-0a",
    "--subnet",
    "subnet-0b",
)


def test_a_new_fleet_is_valid_and_a_repository(cli: Cli) -> None:
    ended = cli.run("init", "../new-fleet")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "wrote molthub.yaml",
        "wrote environments/acme-dev.yaml",
        "wrote .github/workflows/molthub.yml",
        "wrote README.md",
        "wrote .github/actions/molthub-plan/action.yml",
        "wrote .gitignore",
        "wrote .molthub/molthub.schema.json",
        "started a Git repository",
    ]
    assert "Replace the placeholders (account, region)" in ended.err
    assert ended.err.endswith(
        "Next:\n  cd ../new-fleet\n  molthub validate\n  git add . && git commit -m 'Start the fleet'\n"
        "  molthub bootstrap --environment acme/dev\n  molthub create --environment acme/dev\n  molthub plan\n"
    )
    environment = yaml.safe_load((cli.repository.path.parent / "new-fleet/environments/acme-dev.yaml").read_text())
    assert environment["spec"]["aws"] == {"accountId": "123456789012", "region": "eu-west-1"}
    checked = cli.run("validate", "--strict", "../new-fleet")
    assert checked.code == 0
    assert checked.out == "2 files, 0 instances, 0 errors\n"


def test_a_controller_started_there_leaves_nothing_to_commit(cli: Cli) -> None:
    cli.run("init", "../new-fleet")
    ignored = (cli.repository.path.parent / "new-fleet/.gitignore").read_text().splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["/molthub.db*", "/plan.json"]


def test_everything_given(cli: Cli) -> None:
    ended = cli.run("init", "--fleet", "acme-bots", "--workspace", "ops", "--environment", "prod", *PLACE)
    assert ended.code == 0
    assert "started a Git repository" not in ended.out, "it is one already"
    assert "placeholders" not in ended.err
    assert "bootstrap" not in ended.err
    environment = yaml.safe_load((cli.repository.path / "environments/ops-prod.yaml").read_text())
    assert environment["metadata"] == {"workspace": "ops", "name": "prod"}
    assert environment["spec"]["aws"] == {
        "accountId": "111122223333",
        "region": "us-east-1",
        "cluster": "molthub-ops-prod",
        "vpcId": "vpc-0a",
        "subnetIds": ["subnet-0a", "subnet-0b"],
    }
    workflow = yaml.safe_load((cli.repository.path / ".github/workflows/molthub.yml").read_text())
    assert workflow["jobs"]["fleet"]["steps"][-1] == {"run": "molthub validate"}
    assert cli.run("validate", "--strict").code == 0


def test_it_overwrites_nothing(cli: Cli) -> None:
    readme = cli.repository.path / "README.md"
    readme.write_text("mine")
    ended = cli.run("init")
    assert ended.code == 1
    assert "MH-CLI-007 init overwrites nothing, and README.md is already in ." in ended.err
    assert readme.read_text() == "mine"
    assert not (cli.repository.path / "molthub.yaml").exists()


def test_half_a_location_is_asked_for_by_name(cli: Cli) -> None:
    ended = cli.run("init", "--region", "eu-west-1")
    assert ended.code == 1
    assert "MH-CLI-008 some of the location is missing: --account" in ended.err
    ended = cli.run("init", "--vpc", "vpc-0a")
    assert ended.code == 1
    assert "MH-CLI-008 only half of an existing network is named: --subnet is missing" in ended.err


def test_wrong_answers_are_told_and_nothing_is_written(cli: Cli) -> None:
    ended = cli.run("init", "../odd", "--workspace", "No Good", *PLACE)
    assert ended.code == 1
    assert "MH-MAN-" in ended.err
    assert not (cli.repository.path.parent / "odd").exists()
