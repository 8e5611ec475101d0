"""S3: whose bucket it is, and the preconditions of a conditional write.

moto compares the ETags itself; the simulator's global lock makes comparing and writing one step.
(Conditional writes: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests".)
"""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from molthub.simulator.iam.evaluator import Ask, Rights, decide
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World


def _bucket_is_ours(world: World, call: Call, account: str) -> None:
    """A bucket that is not there, and one whose owner is not the one the caller expects."""
    owner = world.moto.bucket_owner(str(call.params["Bucket"]))
    if owner is None:
        raise RefusalError("NoSuchBucket", "The specified bucket does not exist", status=404)
    if owner != account or call.params.get("ExpectedBucketOwner", account) != account:
        raise RefusalError("AccessDenied", "Access Denied", status=403)


def _condition_is_one_that_s3_knows(world: World, call: Call, account: str) -> None:
    none_match, match = call.params.get("IfNoneMatch"), call.params.get("IfMatch")
    if none_match is not None and (none_match != "*" or match is not None):
        message = "A header you provided implies functionality that is not implemented"
        raise MalformedRequestError("NotImplemented", message)


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What a bucket's policy says. moto's own answer leaves conditions out, so "only TLS" would lock everybody out."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    ask = Ask(action, resource, {"aws:securetransport": ("true",)})
    decision = decide(Rights([json.loads(bucket.policy)]), ask)
    denied = not decision.allowed and decision.why.startswith("with an explicit deny")
    return PermissionResult.DENIED if denied else PermissionResult.NEUTRAL


FakeBucket.get_permission = _permission

_OBJECTS = {"GetObject": "s3:GetObject", "PutObject": "s3:PutObject", "DeleteObject": "s3:DeleteObject"}
"""IAM's name of what an operation does to an object; a HEAD reads."""


def _bucket_policy_allows(world: World, call: Call, account: str) -> None:
    """With S3's own answer: moto's is a bare 403."""
    name = str(call.params["Bucket"])
    bucket = world.moto.backend("s3", account, "aws").buckets[name]
    resource = f"arn:aws:s3:::{name}/{call.params['Key']}"
    if _permission(bucket, _OBJECTS.get(call.operation, "s3:GetObject"), resource) is PermissionResult.DENIED:
        raise RefusalError("AccessDenied", "Access Denied", status=403)


_BUCKET = (_bucket_is_ours,)
_OBJECT = (*_BUCKET, _bucket_policy_allows)
RULES: Mapping[str, tuple[Any, ...]] = {
    "s3:GetObject": _OBJECT,
    "s3:HeadObject": _OBJECT,
    "s3:PutObject": (_condition_is_one_that_s3_knows, *_OBJECT),
    "s3:DeleteObject": _OBJECT,
    "s3:HeadBucket": _BUCKET,
    "s3:ListObjectsV2": _BUCKET,
    "s3:ListObjectVersions": _BUCKET,
}
