"""IAM roles: created with path, trust and tags in one call, then their policies; unwanted ones are taken away.

What Molthub grants is in inline policies: it attaches no managed policy, and detaches those that somebody attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.aws.arns import Ids, file_system_names, secret_names
from molthub.aws.errors import NOT_FOUND
from molthub.aws.readers import roles
from molthub.aws.tags import to_upper, written
from molthub.aws.writers.target import Target
from molthub.errors import WaitingError
from molthub.provider.protocols import WriteResult
from molthub.resources.normal import normalise
from molthub.resources.types import Kind, Role

Raw = Mapping[str, Any]
EXISTS = frozenset({"EntityAlreadyExists"})


def ensure(target: Target, kind: Kind, wanted: Role) -> WriteResult:
    """Creates the role or brings an existing one of ours to the desired state."""
    after = normalise(wanted)
    raw = roles.read_role(target.api, after.name)
    if raw is not None:
        target.check_ours(kind, after.name, roles.tags_of(raw))
    texts = [after.trust, *(text for _, text in after.inline_policies)]
    file_systems = {name for text in texts for name in file_system_names(text)}
    ids = target.lookup.ids(
        target.fleet,
        secret_names={name for text in texts for name in secret_names(text)},
        file_systems=file_systems,
    )
    if raw is None:
        raw = _create(target, after, ids)
    have = roles.tags_of(raw)
    target.check_ours(kind, after.name, have)
    live = roles.project_role(raw, target.lookup.names(target.fleet, [roles.texts_of(raw)]))
    _boundary(target, live, after)
    _settings(target, live, after, ids)
    _inline(target, live, after, ids)
    for arn in sorted(set(live.attached_policies) - set(after.attached_policies)):
        _detach(target, after.name, arn)
    change = target.tag_change(have, after.tags)
    subject = f"role {after.name}"
    if change.put:
        target.write("iam", "TagRole", subject=subject, RoleName=after.name, Tags=to_upper(change.put))
    if change.remove:
        target.write("iam", "UntagRole", subject=subject, RoleName=after.name, TagKeys=list(change.remove))
    count = len(after.inline_policies)
    return target.result(f"{count} inline {'policy' if count == 1 else 'policies'}")


def replace(target: Target, kind: Kind, after: Role) -> WriteResult:
    """Deletes the role when its path differs (IAM cannot change it), then creates it anew."""
    raw = roles.read_role(target.api, after.name)
    if raw is not None and raw.get("Path") != after.path:
        delete(target, kind, after)
    return ensure(target, kind, after)


def _create(target: Target, after: Role, ids: Ids) -> Raw:
    """Creates it; when somebody was faster, gives what is there now."""
    optional = {"Description": after.description} if after.description else {}
    if after.permissions_boundary is not None:
        optional["PermissionsBoundary"] = after.permissions_boundary
    tags = to_upper(written(after.tags, target.context.commit))
    answer = target.try_write(
        EXISTS,
        "iam",
        "CreateRole",
        subject=f"role {after.name}",
        RoleName=after.name,
        Path=after.path,
        AssumeRolePolicyDocument=ids.resolve(after.trust),
        MaxSessionDuration=after.max_session_seconds,
        Tags=tags,
        **optional,
    )
    if isinstance(answer, dict):
        boundary = {"PermissionsBoundary": {"PermissionsBoundaryArn": after.permissions_boundary}}
        made = {"MaxSessionDuration": after.max_session_seconds, **optional, **answer["Role"]}
        return {**made, "Tags": tags, **(boundary if after.permissions_boundary else {})}
    raw = roles.read_role(target.api, after.name)
    if raw is None:
        raise WaitingError("MH-AWS-011", f"The new role {after.name} is not readable yet", after=2.0)
    return raw


def _boundary(target: Target, live: Role, after: Role) -> None:
    """First of all: without the boundary, the reconciler's own policy lets it change nothing else of a role."""
    subject, name, boundary = f"role {after.name}", after.name, after.permissions_boundary
    if live.permissions_boundary == boundary:
        return
    if boundary is None:
        target.write("iam", "DeleteRolePermissionsBoundary", subject=subject, RoleName=name)
    else:
        target.write("iam", "PutRolePermissionsBoundary", subject=subject, RoleName=name, PermissionsBoundary=boundary)


def _settings(target: Target, live: Role, after: Role, ids: Ids) -> None:
    subject, name = f"role {after.name}", after.name
    if live.trust != after.trust:
        document = ids.resolve(after.trust)
        target.write("iam", "UpdateAssumeRolePolicy", subject=subject, RoleName=name, PolicyDocument=document)
    if (live.description, live.max_session_seconds) != (after.description, after.max_session_seconds):
        target.write(
            "iam",
            "UpdateRole",
            subject=subject,
            RoleName=name,
            Description=after.description,
            MaxSessionDuration=after.max_session_seconds,
        )


def _inline(target: Target, live: Role, after: Role, ids: Ids) -> None:
    have, want = dict(live.inline_policies), dict(after.inline_policies)
    for policy in sorted(have.keys() - want.keys()):
        _delete_inline(target, after.name, policy)
    for policy, text in want.items():
        if have.get(policy) != text:
            target.write(
                "iam",
                "PutRolePolicy",
                subject=f"role {after.name}",
                RoleName=after.name,
                PolicyName=policy,
                PolicyDocument=ids.resolve(text),
            )


def _delete_inline(target: Target, role: str, policy: str) -> None:
    subject = f"role {role}"
    target.try_write(NOT_FOUND, "iam", "DeleteRolePolicy", subject=subject, RoleName=role, PolicyName=policy)


def _detach(target: Target, role: str, arn: str) -> None:
    subject = f"role {role}"
    target.try_write(NOT_FOUND, "iam", "DetachRolePolicy", subject=subject, RoleName=role, PolicyArn=arn)


def delete(target: Target, kind: Kind, before: Role) -> WriteResult:
    """Takes its policies away, then deletes it; one that is gone is done."""
    raw = roles.read_role(target.api, before.name)
    if raw is None:
        return target.result("deleted")
    target.check_ours(kind, before.name, roles.tags_of(raw))
    for item in raw["AttachedManagedPolicies"]:
        _detach(target, before.name, item["PolicyArn"])
    for item in raw["RolePolicyList"]:
        _delete_inline(target, before.name, item["PolicyName"])
    target.try_write(NOT_FOUND, "iam", "DeleteRole", subject=f"role {before.name}", RoleName=before.name)
    return target.result("deleted")


def is_young(target: Target, name: str) -> bool:
    """Whether a role is so new that AWS may not know it everywhere yet."""
    raw = roles.read_role(target.api, name)
    created = None if raw is None else raw.get("CreateDate")
    return created is None or (target.now() - created).total_seconds() < YOUNG_SECONDS


YOUNG_SECONDS = 120.0
"""A new role is usable everywhere after some seconds; past this a refusal is a missing permission."""
