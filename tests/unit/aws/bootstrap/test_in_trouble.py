"""The base of an environment where AWS answers late, or says no in the middle: scripted answers, no clock."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from molthub.aws.api import Api
from molthub.aws.bootstrap import around
from molthub.aws.bootstrap.following import Follower
from molthub.errors import StallingError
from molthub.provider.bootstrap import Cancelled, Progress
from tests.fakes.bases import base_spec
from tests.fakes.scripted import Scripted

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/base/1"


def _stack(status: str) -> dict[str, Any]:
    return {"Stacks": [{"StackId": STACK, "StackStatus": status}]}


def _events(*ids: str) -> dict[str, Any]:
    raw = {
        "StackId": STACK,
        "PhysicalResourceId": STACK,
        "LogicalResourceId": "base",
        "ResourceType": "AWS::CloudFormation::Stack",
        "ResourceStatus": "UPDATE_IN_PROGRESS",
        "Timestamp": "2026-11-23T00:00:00Z",
    }
    return {"StackEvents": [{**raw, "EventId": item} for item in ids]}


def _no_wait(_seconds: float, _cancelled: Cancelled) -> None:
    pass


def test_the_status_from_before_is_not_taken_for_the_end() -> None:
    """Right after the request AWS may still say how the operation before it ended."""
    aws = Scripted(
        {
            "describe_stacks": [_stack(f"UPDATE_{word}") for word in ("COMPLETE", "COMPLETE", "IN_PROGRESS")]
            + [_stack("UPDATE_ROLLBACK_COMPLETE")],
            "describe_stack_events": [_events("1"), _events("1"), _events("1"), _events("2", "1")],
        }
    )
    follower = Follower(Api(aws), STACK, _no_wait)
    follower.mark()
    told: list[Progress] = []
    ended = follower.to_the_end(told.append, lambda: False, about="acme/prod", begun=False)
    assert (ended.status, ended.ok, len(told)) == ("UPDATE_ROLLBACK_COMPLETE", False, 1)


def test_what_is_deleted_is_over_whatever_was_told_of_it() -> None:
    """A stack that was only proposed goes at once."""
    aws = Scripted({"describe_stacks": [_stack("DELETE_COMPLETE")], "describe_stack_events": [_events("1")]})
    follower = Follower(Api(aws), STACK, _no_wait)
    follower.mark()
    assert follower.to_the_end(lambda _: None, lambda: False, about="acme/prod", begun=False).ok


def test_an_object_that_s3_keeps_ends_the_emptying() -> None:
    kept = {"Key": "lease.json", "Code": "AccessDenied", "Message": "Access Denied because of a lock"}
    version = {"Key": "lease.json", "VersionId": "1"}
    aws = Scripted({"list_object_versions": [{"Versions": [version]}], "delete_objects": [{"Errors": [kept]}]})
    with pytest.raises(StallingError, match=r"S3 does not delete lease\.json of the bucket b \(AccessDenied: ") as told:
        around.empty_bucket(Api(aws), "b", "123456789012")
    assert told.value.ref == "MH-BASE-015"
    assert aws.asked == ["list_object_versions", "delete_objects"]


def _refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeBackupVault")


def test_a_vault_that_may_not_be_looked_at_is_not_empty() -> None:
    """Of a vault that is not there AWS Backup says that it is denied, too, in other words."""
    user = "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: backup:DescribeBackupVault"
    with pytest.raises(StallingError, match="AWS denies backup:DescribeBackupVault"):
        around.backups_held(Api(Scripted({"describe_backup_vault": [_refused("AccessDeniedException", user)]})), "v")
    unknown = _refused("AccessDeniedException", "Insufficient privileges to perform this action.")
    assert around.backups_held(Api(Scripted({"describe_backup_vault": [unknown]})), "v") == 0


def test_a_service_linked_role_that_cannot_be_made_is_said() -> None:
    taken = _refused("InvalidInput", "Service role name AWSServiceRoleForECS has been taken in this account")
    wrong = _refused("InvalidInput", "Service name ecs is not valid")
    around.ensure_service_roles(Api(Scripted({"create_service_linked_role": [taken]})), base_spec())
    with pytest.raises(StallingError, match="Service name ecs is not valid"):
        around.ensure_service_roles(Api(Scripted({"create_service_linked_role": [taken, wrong]})), base_spec())
