"""`molthub bootstrap` where somebody or something stops it, and in a network that is there already."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from molthub.apply.settings import Cancel
from molthub.simulator.server import RunningSimulator
from tests.builders import INGRESS, environment_dict
from tests.fakes.bootstrap import Bootstrap
from tests.fakes.person import at_a_terminal
from tests.fakes.stage import SimulatedTime, aws_variables

PUBLIC = ["subnet-0c1b2c3d4e5f60718", "subnet-0d1b2c3d4e5f60718"]


@pytest.fixture
def there(there: Bootstrap) -> Bootstrap:
    """In a VPC and a cluster that are there: little is to be made."""
    given = environment_dict()["spec"]["aws"]
    there.control.seed(environments=[given | {"subnetIds": [*given["subnetIds"], *PUBLIC]}])
    there.environment(aws=given)
    return there


def test_load_balancers_stand_in_the_public_subnets_that_are_named(there: Bootstrap) -> None:
    there.environment(aws=environment_dict()["spec"]["aws"], ingress={**INGRESS, "subnetIds": PUBLIC})
    made = there.run("--auto-approve")
    assert made.code == 0, made.err
    (balancer,) = there.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert sorted(zone["SubnetId"] for zone in balancer["AvailabilityZones"]) == PUBLIC
    assert balancer["VpcId"] == environment_dict()["spec"]["aws"]["vpcId"]
    arn, name, *_ = there.output("Listener1").split("|")
    assert name == balancer["LoadBalancerArn"]
    listeners = there.client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
    assert [item["Port"] for item in listeners] == [443]


def test_a_base_with_backups_is_not_destroyed(there: Bootstrap) -> None:
    assert there.run("--auto-approve").code == 0
    files = there.client("efs").create_file_system(CreationToken="one", Encrypted=True)
    there.control.advance(60)
    there.client("backup").start_backup_job(
        BackupVaultName=there.output("BackupVault"),
        ResourceArn=files["FileSystemArn"],
        IamRoleArn=there.output("BackupRole"),
    )
    there.control.advance(3600)
    kept = there.run("--destroy", "--auto-approve")
    assert kept.code == 1
    vault = there.output("BackupVault")
    assert f"MH-BASE-009 the base of acme/prod holds 1 backup in the vault {vault}" in kept.err
    assert there.stacks()[0]["EnableTerminationProtection"] is True


def test_a_deletion_that_failed_is_told_and_taken_up_again(there: Bootstrap) -> None:
    assert there.run("--auto-approve").code == 0
    there.control.add_fault("access-denied", operation="ec2:DeleteSecurityGroup", times=None)
    failed = there.run("--destroy", "--auto-approve", "--no-commit")
    assert failed.code == 1
    assert "MH-BASE-005 AWS could not delete the stack of acme/prod: State" in failed.err
    assert there.stacks()[0]["StackStatus"] == "DELETE_FAILED"
    again = there.run("--auto-approve")
    assert again.code == 1
    assert "MH-BASE-010 the stack of acme/prod was being deleted, and that failed: The following" in again.err
    there.control.clear_faults()
    assert there.run("--destroy", "--auto-approve", "--no-commit").code == 0
    assert there.stacks() == []


class _Interrupted(SimulatedTime):
    """Ctrl-C as soon as the deletion is under way."""

    def sleep(self, seconds: float, cancel: Cancel) -> None:
        if any(call["operation"] == "DeleteStack" for call in self.control.calls()) and not cancel():
            os.kill(os.getpid(), signal.SIGINT)
            return
        super().sleep(seconds, cancel)


def test_whoever_stops_watching_a_deletion_may_come_back(there: Bootstrap) -> None:
    assert there.run("--auto-approve").code == 0
    there.control.reset_counters()
    there.cli.roots = replace(there.cli.roots, clock=lambda: _Interrupted(there.control))
    left = there.run("--destroy", "--auto-approve", "--no-commit")
    assert left.code == 130
    assert "No longer watching: AWS goes on with the stack of acme/prod (delete), with or without you." in left.err
    there.cli.roots = replace(there.cli.roots, clock=lambda: SimulatedTime(there.control))
    back = there.run("--destroy", "--auto-approve", "--no-commit")
    assert back.code == 0, back.err
    assert "Another run is at work on acme/prod (DELETE_IN_PROGRESS); following it." in back.err
    assert back.out.startswith("The base of acme/prod is deleted.")


def test_declining_at_the_terminal_leaves_nothing(there: Bootstrap, account: RunningSimulator) -> None:
    there.control.set_speed(100.0)
    cwd = there.cli.repository.path
    with at_a_terminal("bootstrap", cwd=cwd, **aws_variables(account.endpoint_url)) as person:
        person.wait_for("Make this in AWS for acme/prod? Only 'yes' will be accepted to approve.")
        person.type("y")
        assert person.end() == 1
        assert "MH-CLI-004 not approved, so nothing was changed" in person.seen
    there.control.advance(60)
    assert there.stacks() == []
