"""`molthub bootstrap --with-controller` against the simulated CloudFormation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.bootstrap import Bootstrap

FIRST, SECOND = (f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:0.{minor}.0" for minor in (1, 2))
REPO = "https://git.example.com/acme/fleet.git"


def _services(there: Bootstrap) -> list[dict[str, Any]]:
    ecs, cluster = there.client("ecs"), there.output("Cluster")
    names = ecs.list_services(cluster=cluster)["serviceArns"]
    return list(ecs.describe_services(cluster=cluster, services=names)["services"]) if names else []


def _running(there: Bootstrap) -> list[str]:
    """The one service's image and what it was told to do."""
    there.control.advance(600)
    (service,) = _services(there)
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    (container,) = there.client("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])[
        "taskDefinition"
    ]["containerDefinitions"]
    return [container["image"], *container["command"]]


def test_it_comes_stays_changes_goes_and_comes_again(there: Bootstrap) -> None:
    there.control.seed(secrets=["fleet-git"])
    secret = there.client("secretsmanager").describe_secret(SecretId="fleet-git")["ARN"]
    there.environment()
    command = ["controller", "run", "--repo", REPO, "--ref", "main", "--environment", "acme/prod"]
    given = ("--controller-repo", REPO, "--controller-ref", "main", "--controller-git-secret", secret)
    made = there.run("--auto-approve", "--with-controller", "--controller-image", FIRST, *given)
    assert made.code == 0, made.err
    assert f"  controller      {FIRST}, follows {REPO} main" in made.out
    assert _running(there) == [FIRST, *command]

    plain = there.run("--auto-approve")
    assert plain.code == 0, plain.err
    assert plain.out.startswith("No changes: the base of acme/prod is as its manifest says.")
    assert f"  controller      {FIRST}" in plain.out

    changed = there.run("--auto-approve", "--controller-image", SECOND)
    assert changed.code == 0, changed.err
    assert "REPLACE ControllerTask (AWS::ECS::TaskDefinition): ContainerDefinitions" in changed.out
    assert "update  Controller (AWS::ECS::Service): TaskDefinition" in changed.out
    assert "Plan: 1 to update, 1 to REPLACE." in changed.out
    assert _running(there) == [SECOND, *command]

    there.environment(logs={"retentionDays": 30})
    assert "ControllerTask" not in there.run("--auto-approve").out
    assert _running(there) == [SECOND, *command]

    gone = there.run("--auto-approve", "--without-controller")
    assert gone.code == 0, gone.err
    assert "! the controller's history of deployments and events goes with it" in gone.out
    assert _services(there) == []
    assert not [item for item in there.stacks()[0]["Outputs"] if item["OutputKey"].startswith("Controller")]
    assert there.run("--auto-approve").out.startswith("No changes: ")
    _goes_with_the_base(there)


def _goes_with_the_base(there: Bootstrap) -> None:
    """And is ended before the bucket is emptied, into which it writes."""
    made = there.run("--auto-approve", "--with-controller", "--controller-image", FIRST, "--controller-repo", REPO)
    assert made.code == 0, made.err
    there.control.reset_counters()
    gone = there.run("--destroy", "--auto-approve", "--no-commit")
    assert gone.code == 0, gone.err
    assert there.stacks() == []
    asked = [call["operation"] for call in there.control.calls()]
    assert asked.index("UpdateService") < asked.index("ListObjectVersions") < asked.index("DeleteStack")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--with-controller",), "MH-BASE-012 a new controller needs an image and the URL of the fleet repository"),
        (("--controller-image", FIRST), "MH-BASE-012 settings are given of a controller that is not there"),
        (
            ("--without-controller", "--controller-image", FIRST),
            "MH-BASE-012 settings are given of a controller that is to go",
        ),
        (
            ("--with-controller", "--controller-image", "molthub:latest", "--controller-repo", REPO),
            "MH-BASE-012 the controller's image 'molthub:latest' is not pinned, so it may be another program tomorrow",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_made(
    there: Bootstrap, arguments: tuple[str, ...], said: str
) -> None:
    there.environment()
    refused = there.run("--auto-approve", *arguments)
    assert refused.code == 1
    assert said in refused.err
    assert there.stacks() == []


def test_with_destroy_it_makes_no_sense(there: Bootstrap) -> None:
    there.environment()
    refused = there.run("--destroy", "--with-controller")
    assert refused.code == 2
    assert "goes without --destroy" in refused.err


def test_print_shows_the_one_that_is_wished_for(there: Bootstrap, monkeypatch: pytest.MonkeyPatch) -> None:
    there.environment()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert '"Controller": {' not in there.run("--print").out
    printed = there.run("--print", "--with-controller", "--controller-image", FIRST, "--controller-repo", REPO)
    assert '"Controller": {' in printed.out
