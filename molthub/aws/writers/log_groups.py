"""Log groups: created with their tags, then given their retention."""

from __future__ import annotations

from molthub.aws.errors import NOT_FOUND
from molthub.aws.readers import log_groups
from molthub.aws.tags import written
from molthub.aws.writers.target import Target
from molthub.provider.protocols import WriteResult
from molthub.resources.types import Kind, LogGroup

EXISTS = frozenset({"ResourceAlreadyExistsException"})


def ensure(target: Target, after: LogGroup) -> WriteResult:
    """Creates the group or brings an existing one of ours to the desired state."""
    name, subject = after.name, f"log group {after.name}"
    raw = log_groups.read_group(target.api, name)
    arn = target.lookup.account.log_group_arn(name)
    if raw is None:
        tags = written(after.tags, target.context.commit)
        target.try_write(EXISTS, "logs", "CreateLogGroup", subject=subject, logGroupName=name, tags=tags)
    have = log_groups.read_tags(target.api, arn)
    target.check_ours(Kind.LOG_GROUP, name, have)
    _retain(target, after, None if raw is None else raw.get("retentionInDays"))
    change = target.tag_change(have, after.tags)
    if change.put:
        target.write("logs", "TagResource", subject=subject, resourceArn=arn, tags=dict(change.put))
    if change.remove:
        target.write("logs", "UntagResource", subject=subject, resourceArn=arn, tagKeys=list(change.remove))
    return target.result(f"keeps {after.retention_days or 'all'} days")


def _retain(target: Target, after: LogGroup, have: int | None) -> None:
    if after.retention_days is None or after.retention_days == have:
        return  # an Environment always names a retention
    subject, days = f"log group {after.name}", after.retention_days
    target.write("logs", "PutRetentionPolicy", subject=subject, logGroupName=after.name, retentionInDays=days)


def delete(target: Target, before: LogGroup) -> WriteResult:
    """Deletes the group with its logs; one that is gone is done."""
    raw = log_groups.read_group(target.api, before.name)
    if raw is not None:
        have = log_groups.read_tags(target.api, target.lookup.account.log_group_arn(before.name))
        target.check_ours(Kind.LOG_GROUP, before.name, have)
        target.try_write(
            NOT_FOUND, "logs", "DeleteLogGroup", subject=f"log group {before.name}", logGroupName=before.name
        )
    return target.result("deleted with its logs")
