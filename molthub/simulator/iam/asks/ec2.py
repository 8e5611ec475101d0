"""EC2: security groups by id, their tags as they are, tags at birth."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context

KINDS = {"sg": "security-group", "subnet": "subnet", "vpc": "vpc"}
"""What the beginning of an id says of its kind."""


def _arn(view: View, resource_id: str) -> str:
    kind = KINDS.get(resource_id.partition("-")[0], "unknown")
    return view.arn("ec2", f"{kind}/{resource_id}")


def _tags(view: View, resource_id: str) -> Context:
    return tagged(dict(view.moto("ec2").tags.get(resource_id, {})), "ec2")


def _create_group(view: View) -> list[Ask]:
    vpc, any_group = view.params.get("VpcId"), view.arn("ec2", "security-group/*")
    specified = [tag for item in view.params.get("TagSpecifications", ()) for tag in item.get("Tags", ())]
    asks = [Ask("ec2:CreateSecurityGroup", any_group, tagging(specified))]
    if vpc is not None:
        asks.append(Ask("ec2:CreateSecurityGroup", _arn(view, vpc), _tags(view, vpc)))
    if specified:
        birth = {"ec2:createaction": ("CreateSecurityGroup",)}
        asks.append(Ask("ec2:CreateTags", any_group, {**tagging(specified), **birth}))
    return asks


def _on_group(action: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        group = view.params["GroupId"]
        return [Ask(action, _arn(view, group), _tags(view, group))]

    return asks


def _create_tags(view: View) -> list[Ask]:
    wanted = tagging(view.params["Tags"])
    return [
        Ask("ec2:CreateTags", _arn(view, item), {**_tags(view, item), **wanted}) for item in view.params["Resources"]
    ]


def _delete_tags(view: View) -> list[Ask]:
    keys = untagging(tag["Key"] for tag in view.params.get("Tags", ()))
    return [Ask("ec2:DeleteTags", _arn(view, item), {**_tags(view, item), **keys}) for item in view.params["Resources"]]


_GROUP_ACTIONS = (
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "DeleteSecurityGroup",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
)

ASKS: Mapping[str, Asking] = {
    **{f"ec2:{name}": _on_group(f"ec2:{name}") for name in _GROUP_ACTIONS},
    "ec2:CreateSecurityGroup": _create_group,
    "ec2:CreateTags": _create_tags,
    "ec2:DeleteTags": _delete_tags,
    "ec2:DescribeNetworkInterfaces": on_everything("ec2:DescribeNetworkInterfaces"),
    "ec2:DescribeSecurityGroups": on_everything("ec2:DescribeSecurityGroups"),
}
