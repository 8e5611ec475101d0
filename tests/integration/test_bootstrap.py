"""`molthub bootstrap` against the simulated CloudFormation, from an account with nothing in it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from typing import Any

import pytest

from molthub.apply.settings import Cancel
from molthub.aws.doctor.needs import needs_of
from molthub.aws.doctor.probes import AwsProbes, aws_probes
from molthub.aws.permissions.scopes import Place
from molthub.provider.protocols import Location
from molthub.resources.identity import EnvironmentKey
from tests.builders import INGRESS, environment_dict, instance_dict
from tests.fakes.bootstrap import Bootstrap
from tests.fakes.cli import Result
from tests.fakes.places import PLACE
from tests.fakes.stage import SimulatedTime

Json = dict[str, Any]


def test_its_life_from_an_empty_account_to_an_empty_account(there: Bootstrap) -> None:
    there.environment()
    _is_made(there, there.run("--auto-approve"))
    _stays_as_it_is(there)
    _is_well(there)

    there.environment(_bot(), ingress=INGRESS)
    changed = there.run("--auto-approve")
    assert changed.code == 0, changed.err
    assert "Plan: 7 to create." in changed.out
    assert "load balancers" in changed.out
    plan = there.cli.run("plan", "-o", "json")
    assert plan.code == 0, plan.err
    assert there.output("VpcId") in plan.out
    assert there.output("Boundary") in plan.out

    gone = there.run("--destroy", "--auto-approve", "--no-commit")
    assert gone.code == 0, gone.err
    assert gone.out.splitlines()[:2] == ["The base of acme/prod is deleted.", "What stays:"]
    assert there.stacks() == []
    assert there.client("s3").list_buckets()["Buckets"] == []
    assert [item["IsDefault"] for item in there.client("ec2").describe_vpcs()["Vpcs"]] == [True]
    assert there.run("--destroy").out == "There is no base of acme/prod: nothing to delete.\n"


def _is_made(there: Bootstrap, made: Result) -> None:
    assert made.code == 0, made.err
    assert "OK   Fargate vCPUs running at once: 1 needed, 140 allowed" in made.err
    assert "OK   VPCs in the region: 1 needed, 1 used, 5 allowed" in made.err
    assert made.out.splitlines()[0] == "A new stack for acme/prod:"
    assert "  + create  Vpc (AWS::EC2::VPC)" in made.out
    done = "termination protection is on.\nAlso: the VPC's default security group is emptied.\n"
    assert f"The base of acme/prod is made.\nAlso: {done}" in made.out
    assert "Vpc (AWS::EC2::VPC): create complete" in made.err
    assert there.stacks()[0]["EnableTerminationProtection"] is True
    assert "Molthub-Bootstrap: created the base of acme/prod" in there.cli.repository.git("log", "-1", "--format=%B")
    group = there.client("ec2").describe_security_groups(GroupIds=[there.output("DefaultGroup")])["SecurityGroups"][0]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])
    assert there.output("BackupRole").rpartition("/")[2] == PLACE.parts["backups"], "the policy lets this one pass"
    linked = there.client("iam").list_roles(PathPrefix="/aws-service-role/")["Roles"]
    assert sorted(item["Path"].split("/")[2].partition(".")[0] for item in linked) == [
        *("backup", "ecs", "elasticfilesystem")
    ]


def _stays_as_it_is(there: Bootstrap) -> None:
    there.control.reset_counters()
    again = there.run()
    assert again.code == 0, again.err
    assert again.out.startswith("No changes: the base of acme/prod is as its manifest says.")
    assert _writes(there) == ["cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"]


def _is_well(there: Bootstrap) -> None:
    """The doctor finds the base, and asks for the rights to its own key and bucket."""
    found = {item["name"]: item for item in json.loads(there.cli.run("doctor", "-o", "json").out)["checks"]}
    assert found["bootstrap"]["state"] == "OK", found["bootstrap"]
    assert found["lease"]["message"] == f"the bucket {there.output('Bucket')} answers"
    assert found["permissions"]["state"] == "OK", found["permissions"]
    reconciler, key = there.output("ReconcilerRole"), there.output("KmsKey")
    location = Location("123456789012", "eu-west-1", "", "", (), stack=there.stacks()[0]["StackName"])
    asked: list[Place] = []
    probes = aws_probes()(EnvironmentKey("acme", "prod"), location, "acme-bots")
    assert isinstance(probes, AwsProbes)
    probes._needs = lambda place: asked.append(place) or needs_of(place)  # type: ignore[func-returns-value]
    probes._location = replace(location, role_arn=reconciler)
    assert probes.denied() == (), "the reconciler's role may do all that apply does"
    assert [(place.kms_key, place.bucket) for place in asked] == [(key, there.output("Bucket"))]


def _writes(there: Bootstrap) -> list[str]:
    return [f"{call['service']}:{call['operation']}" for call in there.control.calls() if call["write"]]


def _bot() -> Json:
    return instance_dict()


def test_what_is_not_approved_leaves_nothing(there: Bootstrap) -> None:
    there.environment()
    declined = there.run()
    assert declined.code == 1
    assert "MH-CLI-004 nobody can be asked" in declined.err
    assert there.stacks() == []


def test_a_failed_creation_says_what_failed_and_the_next_run_goes_on(there: Bootstrap) -> None:
    there.environment()
    there.control.add_fault("access-denied", operation="ec2:CreateNatGateway")
    failed = there.run("--auto-approve")
    assert failed.code == 1
    assert (
        "MH-BASE-005 AWS could not create the stack of acme/prod and took back what it had done: NatGateway1 "
        "(AWS::EC2::NatGateway): Resource handler returned message:"
    ) in failed.err
    assert failed.err.count("MH-BASE-005") == 1
    assert [item["StackStatus"] for item in there.stacks()] == ["ROLLBACK_COMPLETE"]
    asked = there.run()
    assert "The first attempt for acme/prod failed (ROLLBACK_COMPLETE); only its name is left." in asked.err
    assert asked.code == 1
    assert there.run("--auto-approve").code == 0
    assert [item["StackStatus"] for item in there.stacks()] == ["CREATE_COMPLETE"]


def test_an_existing_vpc_and_cluster_are_used(there: Bootstrap) -> None:
    given = environment_dict()["spec"]["aws"]
    there.control.seed(environments=[given])
    there.environment(aws=given)
    made = there.run("--auto-approve", "-o", "json")
    assert made.code == 0, made.err
    told = json.loads(made.out)
    assert told["done"] == "created"
    assert told["outputs"]["VpcId"] == given["vpcId"]
    assert {item["type"] for item in told["changes"]}.isdisjoint({"AWS::EC2::VPC", "AWS::ECS::Cluster"})


def test_no_room_in_the_account_stops_it_before_anything_is_made(there: Bootstrap) -> None:
    there.environment(network={"nat": "per-zone", "zones": 3})
    for _ in range(3):
        there.client("ec2").allocate_address(Domain="vpc")
    short = there.run("--auto-approve")
    assert short.code == 1
    assert "FAIL Elastic IP addresses in the region: 3 needed, 3 used, 5 allowed" in short.err
    assert "MH-BASE-011 Elastic IP addresses in the region: 3 more are needed, 3 of 5 are used" in short.err
    assert there.stacks() == []


def test_a_base_with_moltbots_is_not_destroyed(there: Bootstrap) -> None:
    there.environment(_bot())
    assert there.run("--auto-approve").code == 0
    for name in ("acme/prod/model", "acme/prod/support-bot"):
        there.client("secretsmanager").create_secret(Name=name, SecretString='{"molthub-simulator": "x"}')
    applied = there.cli.run("apply", "--auto-approve")
    assert applied.code == 0, applied.out + applied.err
    kept = there.run("--destroy", "--auto-approve")
    assert kept.code == 1
    assert "MH-BASE-008 1 Moltbots stand on the base of acme/prod: acme/prod/support-bot" in kept.err
    assert there.stacks()[0]["EnableTerminationProtection"] is True


class _Interrupted(SimulatedTime):
    """Ctrl-C as soon as the work is under way."""

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        if any(call["operation"] == "ExecuteChangeSet" for call in self.control.calls()) and not cancel():
            os.kill(os.getpid(), signal.SIGINT)
            return
        super().sleep(seconds, cancel)


def test_whoever_stops_watching_is_told_and_may_come_back(there: Bootstrap) -> None:
    there.environment()
    there.control.reset_counters()
    there.cli.roots = replace(there.cli.roots, clock=lambda: _Interrupted(there.control))
    left = there.run("--auto-approve")
    assert left.code == 130
    assert "No longer watching: AWS goes on with the stack of acme/prod (create), with or without you." in left.err
    there.cli.roots = replace(there.cli.roots, clock=lambda: SimulatedTime(there.control))
    back = there.run("--auto-approve")
    assert back.code == 0, back.err
    assert "Another run is at work on acme/prod (CREATE_IN_PROGRESS); following it." in back.err
    assert back.out.startswith("No changes: the base of acme/prod is as its manifest says.\nAlso: termination")


def test_without_a_base_plan_says_what_to_do(there: Bootstrap) -> None:
    there.environment(_bot())
    plan = there.cli.run("plan")
    assert plan.code == 1
    assert "acme/prod is not bootstrapped" in plan.out


def test_print_needs_no_fleet_and_no_cloud(there: Bootstrap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    printed = there.cli.run("bootstrap", "--print")
    assert printed.code == 0, printed.err
    assert json.loads(printed.out)["Resources"]["Vpc"]["Type"] == "AWS::EC2::VPC"
