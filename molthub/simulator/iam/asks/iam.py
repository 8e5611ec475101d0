"""IAM and STS: roles with the boundary they carry, or are to carry.

`iam:PermissionsBoundary` is the boundary in the request of CreateRole and PutRolePermissionsBoundary, and the one that
the role carries in every other (IAM user guide, "IAM condition context keys"). A role that is not there has no path:
IAM judges it by its name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.iam.asks.view import Asking, View, for_nothing, on_everything, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context
from molthub.simulator.iam.principals import tags_of


def _role(view: View) -> Any | None:
    name = view.params["RoleName"]
    roles = view.world.moto.backend("iam", view.account, "aws").roles.values()
    return next((role for role in roles if role.name.lower() == name.lower()), None)


def _boundary(arn: str | None) -> Context:
    return {"iam:permissionsboundary": (arn,)} if arn else {}


def _of_role(view: View) -> tuple[str, Context]:
    role = _role(view)
    if role is None:
        return view.arn("iam", f"role/{view.params['RoleName']}", region=""), {}
    return str(role.arn), {**tagged(tags_of(role.tags), "iam"), **_boundary(role.permissions_boundary_arn)}


def _on_role(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn, context = _of_role(view)
        return [Ask(f"iam:{name}", arn, context)]

    return asks


def _create(view: View) -> list[Ask]:
    path, name = view.params.get("Path", "/"), view.params["RoleName"]
    arn = view.arn("iam", f"role{path}{name}", region="")
    wanted = tagging(view.params.get("Tags", ()))
    asks = [Ask("iam:CreateRole", arn, {**wanted, **_boundary(view.params.get("PermissionsBoundary"))})]
    return [*asks, Ask("iam:TagRole", arn, wanted)] if wanted else asks


def _put_boundary(view: View) -> list[Ask]:
    arn, context = _of_role(view)
    return [Ask("iam:PutRolePermissionsBoundary", arn, {**context, **_boundary(view.params["PermissionsBoundary"])})]


def _with_policy(name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn, context = _of_role(view)
        return [Ask(f"iam:{name}", arn, {**context, "iam:policyarn": (view.params["PolicyArn"],)})]

    return asks


def _tag(view: View) -> list[Ask]:
    arn, context = _of_role(view)
    return [Ask("iam:TagRole", arn, {**context, **tagging(view.params["Tags"])})]


def _untag(view: View) -> list[Ask]:
    arn, context = _of_role(view)
    return [Ask("iam:UntagRole", arn, {**context, **untagging(view.params["TagKeys"])})]


def _on_policy(name: str) -> Asking:
    return lambda view: [Ask(f"iam:{name}", view.params["PolicyArn"])]


def _create_policy(view: View) -> list[Ask]:
    path = view.params.get("Path", "/")
    return [Ask("iam:CreatePolicy", view.arn("iam", f"policy{path}{view.params['PolicyName']}", region=""))]


def _assume(view: View) -> list[Ask]:
    given = view.params.get("ExternalId")
    return [Ask("sts:AssumeRole", view.params["RoleArn"], {"sts:externalid": (given,)} if given else {})]


_ON_ROLE = (
    *("DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "GetRole", "GetRolePolicy"),
    *("ListAttachedRolePolicies", "ListRolePolicies", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole"),
)
_ON_POLICY = ("CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion")

ASKS: Mapping[str, Asking] = {
    **{f"iam:{name}": _on_role(name) for name in _ON_ROLE},
    **{f"iam:{name}": _on_policy(name) for name in _ON_POLICY},
    "iam:AttachRolePolicy": _with_policy("AttachRolePolicy"),
    "iam:CreatePolicy": _create_policy,
    "iam:CreateRole": _create,
    "iam:DetachRolePolicy": _with_policy("DetachRolePolicy"),
    "iam:GetAccountAuthorizationDetails": on_everything("iam:GetAccountAuthorizationDetails"),
    "iam:ListRoles": on_everything("iam:ListRoles"),
    "iam:PutRolePermissionsBoundary": _put_boundary,
    "iam:TagRole": _tag,
    "iam:UntagRole": _untag,
    "sts:AssumeRole": _assume,
    "sts:GetCallerIdentity": for_nothing,
}
