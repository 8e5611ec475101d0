"""The base of an environment where AWS answers late, or says no in the middle: scripted answers, no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from molthub.aws.api import Api
from molthub.aws.bootstrap import around
from molthub.aws.bootstrap.following import Follower
from molthub.errors import StallingError
from molthub.provider.bootstrap import Cancelled, Progress

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/base/1"


@dataclass
class Scripted:
    """Answers each operation with the next of its answers, and with the last for ever."""

    answers: dict[str, list[Any]]
    asked: list[str] = field(default_factory=list)

    def client(self, _service: str) -> Scripted:
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**_params: Any) -> Any:
            self.asked.append(operation)
            there = self.answers[operation]
            return there.pop(0) if len(there) > 1 else there[0]

        return answer


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


def test_an_object_that_s3_keeps_ends_the_emptying() -> None:
    kept = {"Key": "lease.json", "Code": "AccessDenied", "Message": "Access Denied because of a lock"}
    version = {"Key": "lease.json", "VersionId": "1"}
    aws = Scripted({"list_object_versions": [{"Versions": [version]}], "delete_objects": [{"Errors": [kept]}]})
    with pytest.raises(StallingError, match=r"S3 does not delete lease\.json of the bucket b \(AccessDenied: ") as told:
        around.empty_bucket(Api(aws), "b", "123456789012")
    assert told.value.ref == "MH-BASE-015"
    assert aws.asked == ["list_object_versions", "delete_objects"]
