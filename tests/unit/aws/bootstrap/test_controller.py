"""Molthub's own controller in the base stack: what it may, what it keeps, and that it comes to run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from molthub.aws.bootstrap.controller import controller_in, is_ssh
from molthub.aws.bootstrap.parts import tags_of
from molthub.aws.bootstrap.template import names_of, template, template_text
from molthub.provider.bootstrap import BaseSpec, ControllerSpec
from tests.fakes.bases import base_spec, existing
from tests.fakes.simulator import TestSimulator

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:fleet-git-AbCdEf"
HTTPS = "https://git.example.com/acme/fleet.git"
SSH = "git@git.example.com:acme/fleet.git"
Json = dict[str, Any]


def with_controller(base: BaseSpec, **changes: Any) -> BaseSpec:
    given: dict[str, Any] = {"image": "ghcr.io/example/molthub:0.1.0", "repo": HTTPS, "git_secret": SECRET}
    return replace(base, controller=ControllerSpec(**(given | changes)))


def part(spec: BaseSpec, name: str) -> Json:
    found: Json = template(spec)["Resources"][name]["Properties"]
    return found


def test_without_it_nothing_of_it_is_made() -> None:
    assert not [name for name in template(base_spec())["Resources"] if name.startswith("Controller")]


@pytest.mark.parametrize("base", [base_spec(), base_spec(**existing())], ids=["own network", "existing"])
def test_cfn_lint_finds_nothing(base: BaseSpec) -> None:
    text = template_text(with_controller(base, repo=SSH, ref="main"))
    assert [str(match) for match in lint(text, config=ManualArgs(regions=["eu-west-1"]))] == []


def test_one_at_a_time_as_nobody_special_with_its_files_and_nothing_else_to_write() -> None:
    spec = with_controller(base_spec(), ref="main")
    service, task = part(spec, "Controller"), part(spec, "ControllerTask")
    assert (service["DesiredCount"], service["DeploymentConfiguration"]["MaximumPercent"]) == (1, 100)
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    (container,) = task["ContainerDefinitions"]
    assert container["Command"] == [
        "controller",
        "run",
        "--repo",
        HTTPS,
        "--ref",
        "main",
        *("--environment", "acme/prod"),
    ]
    assert (container["User"], container["ReadonlyRootFilesystem"]) == ("1000:1000", True)
    assert container["Secrets"] == [{"Name": "MOLTHUB_GIT_TOKEN", "ValueFrom": SECRET}]
    (volume,) = task["Volumes"]
    assert volume["EFSVolumeConfiguration"]["TransitEncryption"] == "ENABLED"
    assert part(spec, "ControllerFiles")["Encrypted"] is True
    assert part(spec, "ControllerAccess")["PosixUser"] == {"Uid": "1000", "Gid": "1000"}
    (allowed,) = part(spec, "ControllerFiles")["FileSystemPolicy"]["Statement"]
    assert allowed["Principal"] == {"AWS": {"Fn::GetAtt": ["ControllerRole", "Arn"]}}


@pytest.mark.parametrize(
    ("repo", "ports", "variable"),
    [
        (HTTPS, [443], "MOLTHUB_GIT_TOKEN"),
        (SSH, [443, 22], "MOLTHUB_GIT_KEY"),
        ("ssh://git@git.example.com/acme/fleet.git", [443, 22], "MOLTHUB_GIT_KEY"),
    ],
)
def test_it_calls_out_to_git_and_aws_and_is_called_by_nobody(repo: str, ports: list[int], variable: str) -> None:
    spec = with_controller(base_spec(), repo=repo)
    group = part(spec, "ControllerGroup")
    assert "SecurityGroupIngress" not in group
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == ports
    assert part(spec, "ControllerTask")["ContainerDefinitions"][0]["Secrets"][0]["Name"] == variable
    assert is_ssh(repo) == (22 in ports)


def test_it_has_the_reconcilers_rights_and_may_become_it_and_nobody_else() -> None:
    resources = template(with_controller(base_spec()))["Resources"]
    role = resources["ControllerRole"]["Properties"]
    assert role["ManagedPolicyArns"] == resources["Reconciler"]["Properties"]["ManagedPolicyArns"]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Resource"] == {"Fn::GetAtt": ["Reconciler", "Arn"]}
    names = names_of(base_spec())
    assert not names.controller_role.startswith("molthub-"), "the reconciler may write services of that name"
    assert not names.controller_role.endswith(("-exec", "-task")), "and roles of these"


def test_only_the_secret_that_was_named_is_read_and_only_at_its_start() -> None:
    start = part(with_controller(base_spec()), "ControllerStartRole")["Policies"][0]["PolicyDocument"]["Statement"]
    reads = [item for item in start if "GetSecretValue" in str(item["Action"])]
    assert [item["Resource"] for item in reads] == [SECRET]
    public = part(with_controller(base_spec(), git_secret=None), "ControllerStartRole")
    assert "GetSecretValue" not in str(public)


@pytest.mark.parametrize(
    "changes", [{}, {"repo": SSH, "ref": "main"}, {"git_secret": None}, {"root_keys": "ssh-ed25519 AAAA"}]
)
def test_its_settings_are_read_again_from_the_stacks_outputs(changes: Json) -> None:
    spec = with_controller(base_spec(), **changes)
    outputs = {name: item["Value"] for name, item in template(spec)["Outputs"].items()}
    assert controller_in(outputs) == spec.controller
    (container,) = template(spec)["Resources"]["ControllerTask"]["Properties"]["ContainerDefinitions"]
    variables = {item["Name"]: item["Value"] for item in container["Environment"]}
    assert variables.get("MOLTHUB_ROOT_KEYS") == changes.get("root_keys")
    assert controller_in({name: item["Value"] for name, item in template(base_spec())["Outputs"].items()}) is None


def test_it_comes_to_run_and_goes_with_the_stack(simulator: TestSimulator) -> None:
    simulator.control.seed(secrets=["fleet-git"])
    secret = simulator.client("secretsmanager").describe_secret(SecretId="fleet-git")["ARN"]
    spec = with_controller(base_spec(), git_secret=secret)
    stacks, names = simulator.client("cloudformation"), names_of(spec)
    stacks.create_change_set(
        StackName=names.stack,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=template_text(spec),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags_of(spec).items()],
    )
    simulator.control.advance(5)
    stacks.execute_change_set(StackName=names.stack, ChangeSetName="first")
    simulator.control.advance(3600)
    assert stacks.describe_stacks(StackName=names.stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    (service,) = simulator.client("ecs").describe_services(cluster=names.cluster, services=[names.controller_role])[
        "services"
    ]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    stacks.delete_stack(StackName=names.stack)
    simulator.control.advance(3600)
    with pytest.raises(ClientError, match="does not exist"):
        stacks.describe_stacks(StackName=names.stack)
