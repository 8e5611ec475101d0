"""`molthub bootstrap` where others have been: somebody else's stack of that name, and things changed meanwhile."""

from __future__ import annotations

import json

import pytest

from molthub.aws.bootstrap import stack
from molthub.cli.bootstrapping import Job
from molthub.resources.identity import (
    EnvironmentKey,
    Identity,
    identity_tags,
    names_of,
    names_of_environment,
)
from tests.builders import environment_dict
from tests.fakes.bootstrap import Bootstrap
from tests.fakes.stage import SimulatedTime

GIVEN = environment_dict()["spec"]["aws"]
STACK = names_of_environment(
    "acme-bots", EnvironmentKey("acme", "prod"), account=GIVEN["accountId"], region=GIVEN["region"]
).stack
CONTROLLER = (
    *("--with-controller", "--controller-image", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:0.1.0"),
    *("--controller-repo", "https://git.example.com/acme/fleet.git"),
)


@pytest.fixture
def there(there: Bootstrap) -> Bootstrap:
    """In a VPC and a cluster that are there: little is to be made."""
    there.control.seed(environments=[GIVEN])
    there.environment(aws=GIVEN)
    return there


def _somebodys_stack(there: Bootstrap, *, tags: dict[str, str]) -> None:
    """One with our name, which is not Molthub's, or another fleet's."""
    stacks = there.client("cloudformation")
    template = {"Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/theirs"}}}}
    stacks.create_change_set(
        StackName=STACK,
        ChangeSetName="theirs",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    there.control.advance(10)
    stacks.execute_change_set(StackName=STACK, ChangeSetName="theirs")
    there.control.advance(60)


@pytest.mark.parametrize("tags", [{}, {"molthub:fleet": "other-bots"}], ids=["nobody's", "another fleet's"])
@pytest.mark.parametrize("arguments", [(), ("--destroy",)], ids=["make", "destroy"])
def test_a_stack_of_our_name_that_is_not_ours_is_left_alone(
    there: Bootstrap, tags: dict[str, str], arguments: tuple[str, ...]
) -> None:
    _somebodys_stack(there, tags=tags)
    there.control.reset_counters()
    refused = there.run("--auto-approve", *arguments)
    assert refused.code == 1
    says = tags.get("molthub:fleet", "missing")
    assert f"MH-AWS-013 The stack {STACK} exists but is not ours: its tag molthub:fleet is {says}" in refused.err
    assert [call for call in there.control.calls() if call["write"]] == []
    (theirs,) = there.stacks()
    assert (theirs["StackStatus"], theirs["Tags"]) == (
        "CREATE_COMPLETE",
        [{"Key": key, "Value": value} for key, value in tags.items()],
    )


def test_a_base_that_is_stuck_is_not_destroyed_under_its_moltbots(there: Bootstrap) -> None:
    assert there.run("--auto-approve").code == 0
    bot = Identity("acme-bots", "acme", "prod", "support-bot")
    there.client("logs").create_log_group(logGroupName=names_of(bot).log_group, tags=identity_tags(bot))
    there.client("s3").put_object(Bucket=there.output("Bucket"), Key="lease.json", Body=b"{}")
    _stick(there)
    kept = there.run("--destroy", "--auto-approve")
    assert kept.code == 1
    assert "MH-BASE-008 1 Moltbots stand on the base of acme/prod: acme/prod/support-bot" in kept.err
    assert there.stacks()[0]["EnableTerminationProtection"] is True
    assert there.client("s3").list_objects_v2(Bucket=there.output("Bucket"))["KeyCount"] == 1, "its lease is there"


def _stick(there: Bootstrap) -> None:
    """An update fails, and so does undoing it."""
    for operation in ("iam:CreateRole", "ec2:DeleteSecurityGroup"):
        there.control.add_fault("access-denied", operation=operation, times=None)
    stuck = there.run("--auto-approve", *CONTROLLER)
    assert stuck.code == 1
    there.control.clear_faults()
    assert there.stacks()[0]["StackStatus"] == "UPDATE_ROLLBACK_FAILED", stuck.err


class _Overtaken(SimulatedTime):
    """Somebody removes the change set while the question is open; here: while its making is waited for."""


def test_a_change_that_somebody_else_made_meanwhile_is_said(there: Bootstrap, monkeypatch: pytest.MonkeyPatch) -> None:
    assert there.run("--auto-approve").code == 0
    stacks = there.client("cloudformation")

    def overtaken(_job: Job, _question: str) -> None:
        (item,) = stacks.list_change_sets(StackName=STACK)["Summaries"]
        stacks.delete_change_set(ChangeSetName=item["ChangeSetId"])

    monkeypatch.setattr(Job, "_approve", overtaken)
    late = there.run(*CONTROLLER)
    assert late.code == 1
    assert "MH-BASE-014 the stack of acme/prod was changed meanwhile" in late.err


def test_what_was_never_begun_leaves_nothing(there: Bootstrap) -> None:
    there.control.add_fault("access-denied", operation="iam:CreateServiceLinkedRole")
    denied = there.run("--auto-approve")
    assert denied.code == 1
    assert "iam:CreateServiceLinkedRole" in denied.err
    there.control.advance(60)
    assert there.stacks() == []


def test_credentials_that_expire_on_the_way_stop_nothing(there: Bootstrap) -> None:
    there.control.add_fault("expired-token", operation="cloudformation:DescribeStackEvents", nth=3)
    ended = there.run("--auto-approve")
    assert ended.code == 1
    assert "What AWS has begun goes on without you; run it again to follow it to its end." in ended.err
    assert "MH-AWS-002" in ended.err
    again = there.run("--auto-approve")
    assert again.code == 0, again.err
    assert there.stacks()[0]["EnableTerminationProtection"] is True


def test_what_was_only_proposed_is_destroyed_too(there: Bootstrap) -> None:
    """What a run leaves that was killed at its question: a change set, and the stack that is nothing but it."""
    way = {"Resources": {"Way": {"Type": "AWS::EC2::InternetGateway"}}}
    there.client("cloudformation").create_change_set(
        StackName=STACK, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(way)
    )
    assert [item["StackStatus"] for item in there.stacks()] == ["REVIEW_IN_PROGRESS"]
    gone = there.run("--destroy", "--auto-approve", "--no-commit")
    assert gone.code == 0, gone.err
    assert there.stacks() == []


def test_backups_are_gone_before_their_vault_is(there: Bootstrap) -> None:
    assert there.run("--auto-approve").code == 0
    files = there.client("efs").create_file_system(CreationToken="one", Encrypted=True)
    there.control.advance(60)
    there.client("backup").start_backup_job(
        BackupVaultName=there.output("BackupVault"),
        ResourceArn=files["FileSystemArn"],
        IamRoleArn=there.output("BackupRole"),
    )
    there.control.advance(3600)
    gone = there.run("--destroy", "--delete-backups", "--auto-approve", "--no-commit")
    assert gone.code == 0, gone.err
    assert "1 backup in the vault" in gone.err
    assert there.stacks() == []


def test_a_destroy_that_was_cut_off_leaves_no_controller_stopped(there: Bootstrap) -> None:
    assert there.run("--auto-approve", *CONTROLLER).code == 0
    there.control.add_fault("access-denied", operation="s3:ListObjectVersions")
    assert there.run("--destroy", "--auto-approve").code == 1
    again = there.run("--auto-approve")
    assert again.code == 0, again.err
    assert "Also: the controller runs again.\nAlso: termination protection is on.\n" in again.out
    service = there.output("Controller")
    (found,) = there.client("ecs").describe_services(cluster=GIVEN["cluster"], services=[service])["services"]
    assert found["desiredCount"] == 1
    assert there.stacks()[0]["EnableTerminationProtection"] is True


def test_what_is_too_large_for_one_request_is_made_in_two_steps_and_changed_through_the_bucket(
    there: Bootstrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a limit that this small base reaches: the real one takes a minute of load balancers."""
    monkeypatch.setattr(stack, "MOST_BYTES", 26_000)
    there.control.add_fault("access-denied", operation="s3:PutObject")
    stopped = there.run("--auto-approve", *CONTROLLER)
    assert stopped.code == 1
    assert "load balancers and controller are shown and asked for after it." in stopped.err
    assert "s3:PutObject" in stopped.err
    assert stopped.out.startswith("A new stack for acme/prod:")
    assert "Controller" not in stopped.out
    assert [item["StackStatus"] for item in there.stacks()] == ["CREATE_COMPLETE"]

    made = there.run("--auto-approve", *CONTROLLER)
    assert made.code == 0, made.err
    assert made.out.startswith("Changes for acme/prod:")
    assert "create  Controller (AWS::ECS::Service)" in made.out
    kept = there.client("s3").get_object(Bucket=there.output("Bucket"), Key="template.json")
    assert kept["ContentLength"] > stack.MOST_BYTES
    assert there.run().out.startswith("No changes: the base of acme/prod is as its manifest says.")
