"""The gateway secret: made once with a random value that nobody reads, restored when it was being deleted."""

from __future__ import annotations

from typing import Any

from molthub.aws.errors import NOT_FOUND
from molthub.aws.readers import secrets
from molthub.aws.tags import to_upper, written
from molthub.aws.writers.target import Target
from molthub.errors import WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import gateway_version_id
from molthub.resources.types import Kind, Secret

SM = "secretsmanager"
EXISTS = frozenset({"ResourceExistsException", "InvalidRequestException"})
"""The latter when a secret of this name is scheduled for deletion."""
RECOVERY_DAYS = 30
DEFAULT_KEY = "alias/aws/secretsmanager"


def ensure(target: Target, after: Secret) -> WriteResult:
    """Creates the secret, or restores and adopts one of ours. An existing value is never touched."""
    raw = secrets.read_secret(target.api, after.name) or _create(target, after)
    if raw is None:
        return target.result("created with a new random value")
    have = secrets.tags_of(raw)
    target.check_ours(Kind.SECRET, after.name, have)
    subject = f"secret {after.name}"
    if secrets.is_deleted(raw):
        target.write(SM, "RestoreSecret", subject=subject, SecretId=after.name)
    if secrets.project_facts(raw).version_id is None:
        token = gateway_version_id(target.identity)
        target.write(
            SM,
            "PutSecretValue",
            subject=subject,
            SecretId=after.name,
            ClientRequestToken=token,
            SecretString=target.new_token(),
        )
    live = secrets.project_secret(raw)
    if (live.description, live.kms_key) != (after.description, after.kms_key):
        settings = {"Description": after.description, "KmsKeyId": after.kms_key or DEFAULT_KEY}
        target.write(SM, "UpdateSecret", subject=subject, SecretId=after.name, **settings)
    change = target.tag_change(have, after.tags)
    if change.put:
        target.write(SM, "TagResource", subject=subject, SecretId=after.name, Tags=to_upper(change.put))
    if change.remove:
        target.write(SM, "UntagResource", subject=subject, SecretId=after.name, TagKeys=list(change.remove))
    return target.result("adopted, its value untouched")


def _create(target: Target, after: Secret) -> Any:
    """Creates it and gives None; when somebody was faster, what is there now.

    The request token becomes the version's id, so the version is known before the secret exists.
    """
    key = {} if after.kms_key is None else {"KmsKeyId": after.kms_key}
    answer = target.try_write(
        EXISTS,
        SM,
        "CreateSecret",
        subject=f"secret {after.name}",
        Name=after.name,
        Description=after.description,
        ClientRequestToken=gateway_version_id(target.identity),
        SecretString=target.new_token(),
        Tags=to_upper(written(after.tags, target.context.commit)),
        **key,
    )
    if isinstance(answer, dict):
        return None
    raw = secrets.read_secret(target.api, after.name)
    if raw is None:  # the deletion of its namesake is still under way
        raise WaitingError("MH-AWS-011", f"The name of the secret {after.name} is not free yet", after=10.0)
    return raw


def delete(target: Target, before: Secret) -> WriteResult:
    """Schedules deletion with AWS's longest recovery window; one already scheduled is done."""
    raw = secrets.read_secret(target.api, before.name)
    if raw is None:
        return target.result("deleted")
    gone = raw.get("DeletedDate")  # of one already scheduled: the day on which it goes
    if not secrets.is_deleted(raw):
        target.check_ours(Kind.SECRET, before.name, secrets.tags_of(raw))
        answer = target.try_write(
            NOT_FOUND,
            SM,
            "DeleteSecret",
            subject=f"secret {before.name}",
            SecretId=before.name,
            RecoveryWindowInDays=RECOVERY_DAYS,
        )
        gone = answer.get("DeletionDate") if isinstance(answer, dict) else None
    until = "" if gone is None else f", which can be restored until {gone:%Y-%m-%d}"
    return target.result(f"deleted{until}", stays=f"the secret {before.name}{until}")
