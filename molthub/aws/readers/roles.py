"""IAM roles, projected onto Role.

A sweep reads the account's roles by the 1,000 (GetAccountAuthorizationDetails: trust, policies, tags, boundary)
and takes description and session length, which that call does not tell, from ListRoles of our path. Where the
former is denied, and for a few instances, each role is read by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.arns import Names
from molthub.aws.errors import DENIED
from molthub.aws.tags import compared, from_upper
from molthub.resources.normal import canonical_policy, normalise
from molthub.resources.types import Role

Raw = Mapping[str, Any]
NO_SUCH_ROLE = frozenset({"NoSuchEntity"})


def list_roles(api: Api, path: str, prefix: str) -> dict[str, Raw] | None:
    """Every role of the account whose name begins with the prefix, in RoleDetail's shape; None when denied."""
    first = api.expecting(DENIED, "iam", "GetAccountAuthorizationDetails", Filter=["Role"], MaxItems=1000)
    if isinstance(first, Refusal):
        return None
    details = list(first.get("RoleDetailList") or ())
    if first.get("IsTruncated"):
        rest = api.pages("iam", "GetAccountAuthorizationDetails", Filter=["Role"], Marker=first["Marker"])
        details += [item for page in rest for item in page.get("RoleDetailList") or ()]
    described = list_described(api, path)
    found: dict[str, Raw] = {}
    for raw in details:
        if raw["RoleName"].startswith(prefix):
            more = described.get(raw["RoleName"]) or _get_role(api, raw["RoleName"]) or {}
            found[raw["RoleName"]] = {**raw, **_described(more)}
    return found


def list_described(api: Api, path: str) -> dict[str, Raw]:
    """The path's roles as ListRoles tells them (no tags, no policies), by name."""
    return {raw["RoleName"]: raw for raw in api.items("iam", "ListRoles", PathPrefix=path, subject=path)}


def _described(raw: Raw) -> Raw:
    return {name: raw[name] for name in ("Description", "MaxSessionDuration") if name in raw}


def read_role(api: Api, name: str) -> Raw | None:
    """One role by name in RoleDetail's shape, or None. Four calls and one for each inline policy."""
    role = _get_role(api, name)
    if role is None:
        return None
    policies = [
        api.call("iam", "GetRolePolicy", RoleName=name, PolicyName=policy, subject=f"role {name}")
        for policy in api.items("iam", "ListRolePolicies", RoleName=name, subject=f"role {name}")
    ]
    attached = api.items("iam", "ListAttachedRolePolicies", RoleName=name, subject=f"role {name}")
    return {**role, "RolePolicyList": policies, "AttachedManagedPolicies": attached}


def _get_role(api: Api, name: str) -> Raw | None:
    answer = api.expecting(NO_SUCH_ROLE, "iam", "GetRole", RoleName=name, subject=f"role {name}")
    return None if isinstance(answer, Refusal) else answer["Role"]


def tags_of(raw: Raw) -> dict[str, str]:
    return from_upper(raw.get("Tags"))


def project_role(raw: Raw, names: Names) -> Role:
    """Our type of a role, normalised."""
    boundary = raw.get("PermissionsBoundary") or {}
    return normalise(
        Role(
            name=raw["RoleName"],
            path=raw.get("Path") or "/",
            description=raw.get("Description") or "",
            trust=policy_text(raw.get("AssumeRolePolicyDocument"), names),
            inline_policies=tuple(
                (item["PolicyName"], policy_text(item["PolicyDocument"], names))
                for item in raw.get("RolePolicyList") or ()
            ),
            attached_policies=tuple(item["PolicyArn"] for item in raw.get("AttachedManagedPolicies") or ()),
            permissions_boundary=boundary.get("PermissionsBoundaryArn"),
            max_session_seconds=raw.get("MaxSessionDuration") or 3600,
            tags=compared(tags_of(raw)),
        )
    )


def policy_text(document: Any, names: Names) -> str:
    """Canonical text of a policy as botocore hands it over (decoded JSON, or text that is none), secrets named."""
    text = document if isinstance(document, str) else json.dumps(document or {})
    symbolic = names.symbolise(text)
    try:
        return canonical_policy(json.loads(symbolic))
    except ValueError:
        return symbolic


def texts_of(raw: Raw) -> str:
    """All policy text of a role, to look for ARNs in."""
    return json.dumps([raw.get("AssumeRolePolicyDocument"), raw.get("RolePolicyList") or []], default=str)
