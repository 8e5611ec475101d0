"""Elastic Load Balancing: target groups and rules by ARN, their tags as they are, tags at birth.

A new target group is judged by its name, its id unknown; a new rule by its listener, and its tags by the rules that the
listener may get. The Describe… operations know no resource.
"""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.iam.asks.view import Asking, View, on_everything, tagged, tagging, untagging
from molthub.simulator.iam.evaluator import Ask
from molthub.simulator.iam.matching import Context

ELB = "elasticloadbalancing"


def _tags(view: View, arn: str) -> Context:
    return tagged(dict(view.moto("elbv2").tagging_service.get_tag_dict_for_resource(arn)), ELB)


def _at_birth(view: View, arn: str) -> list[Ask]:
    wanted = tagging(view.params.get("Tags", ()))
    context = {**wanted, f"{ELB}:createaction": (view.call.operation,)}
    return [Ask(f"{ELB}:AddTags", arn, context)] if wanted else []


def _create_target_group(view: View) -> list[Ask]:
    arn = view.arn(ELB, f"targetgroup/{view.params['Name']}/*")
    asks = [Ask(f"{ELB}:CreateTargetGroup", arn, tagging(view.params.get("Tags", ())))]
    return [*asks, *_at_birth(view, arn)]


def _create_rule(view: View) -> list[Ask]:
    listener = view.params["ListenerArn"]
    context = {**_tags(view, listener), **tagging(view.params.get("Tags", ()))}
    rules = f"{listener.replace(':listener/', ':listener-rule/')}/*"
    return [Ask(f"{ELB}:CreateRule", listener, context), *_at_birth(view, rules)]


def _on(member: str, name: str) -> Asking:
    def asks(view: View) -> list[Ask]:
        arn = view.params[member]
        return [Ask(f"{ELB}:{name}", arn, _tags(view, arn))]

    return asks


def _add_tags(view: View) -> list[Ask]:
    wanted = tagging(view.params["Tags"])
    return [Ask(f"{ELB}:AddTags", arn, {**_tags(view, arn), **wanted}) for arn in view.params["ResourceArns"]]


def _remove_tags(view: View) -> list[Ask]:
    keys = untagging(view.params["TagKeys"])
    return [Ask(f"{ELB}:RemoveTags", arn, {**_tags(view, arn), **keys}) for arn in view.params["ResourceArns"]]


def _set_priorities(view: View) -> list[Ask]:
    arns = [item["RuleArn"] for item in view.params["RulePriorities"]]
    return [Ask(f"{ELB}:SetRulePriorities", arn, _tags(view, arn)) for arn in arns]


_DESCRIBED = ("Listeners", "LoadBalancers", "Rules", "Tags", "TargetGroupAttributes", "TargetGroups", "TargetHealth")
_ON_GROUP = ("DeleteTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes")

ASKS: Mapping[str, Asking] = {
    **{f"elbv2:Describe{what}": on_everything(f"{ELB}:Describe{what}") for what in _DESCRIBED},
    **{f"elbv2:{name}": _on("TargetGroupArn", name) for name in _ON_GROUP},
    **{f"elbv2:{name}": _on("RuleArn", name) for name in ("DeleteRule", "ModifyRule")},
    "elbv2:AddTags": _add_tags,
    "elbv2:CreateRule": _create_rule,
    "elbv2:CreateTargetGroup": _create_target_group,
    "elbv2:RemoveTags": _remove_tags,
    "elbv2:SetRulePriorities": _set_priorities,
}
