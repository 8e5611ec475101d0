"""Load balancing: what a rule may ask for, how many there may be, and which group is still in use."""

# ruff: noqa: ARG001 - rules share one signature

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molthub.simulator.balancing import forwards
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

MOST_CONDITION_VALUES = 5
MOST_RULES = 100
MOST_TARGET_GROUPS = 100
MOST_TAGGED = 20
LAST_PRIORITY = 50_000
_CONFIGS = ("HostHeaderConfig", "PathPatternConfig", "HttpRequestMethodConfig", "SourceIpConfig", "HttpHeaderConfig")


def _conditions_are_sound(world: World, call: Call, account: str) -> None:
    count = 0
    for item in call.params.get("Conditions", ()):
        count += len(item.get("Values", ())) + sum(len(item.get(name, {}).get("Values", ())) for name in _CONFIGS)
        count += len(item.get("QueryStringConfig", {}).get("Values", ()))
    if count > MOST_CONDITION_VALUES:
        message = f"A rule can only have '{MOST_CONDITION_VALUES}' condition values"
        raise MalformedRequestError("ValidationError", message)


def _priority_is_sound(world: World, call: Call, account: str) -> None:
    if not 1 <= call.params["Priority"] <= LAST_PRIORITY:
        message = f"Value '{call.params['Priority']}' at 'priority' must be between 1 and {LAST_PRIORITY}"
        raise MalformedRequestError("ValidationError", message)


def _groups_exist_and_fit(world: World, call: Call, account: str) -> None:
    """A group belongs to one load balancer, which has at most 100 of them and 100 rules."""
    backend = world.moto.backend("elbv2", account, call.region)
    balancer = _balancer_of(backend, call.params)
    if balancer is None:
        return  # moto says that there is no such listener or rule
    rules = [rule for listener in balancer.listeners.values() for rule in listener.rules.values()]
    rules = [rule for rule in rules if rule.arn != call.params.get("RuleArn") and not rule.is_default]
    if call.operation == "CreateRule" and len(rules) >= MOST_RULES:
        raise RefusalError("TooManyRules", f"The maximum number of rules on load balancer '{balancer.arn}' is reached")
    wanted = _wanted_groups(call.params)
    for arn in wanted:
        if arn not in backend.target_groups:
            raise RefusalError("TargetGroupNotFound", "One or more target groups not found")
        if any(other != balancer.arn for other, _ in world.account.balancing.rules_to(account, call.region, arn)):
            message = f"The following target groups cannot be associated with more than one load balancer: {arn}"
            raise RefusalError("TargetGroupAssociationLimit", message)
    if len({arn for rule in rules for arn in forwards(rule)} | wanted) > MOST_TARGET_GROUPS:
        message = f"The maximum number of unique target groups on load balancer '{balancer.arn}' has been reached"
        raise RefusalError("TooManyUniqueTargetGroupsPerLoadBalancer", message)


def _balancer_of(backend: Any, params: Mapping[str, Any]) -> Any:
    for balancer in backend.load_balancers.values():
        for listener in balancer.listeners.values():
            if params.get("ListenerArn") == listener.arn or params.get("RuleArn") in listener.rules:
                return balancer
    return None


def _wanted_groups(params: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for action in params.get("Actions", ()):
        found |= {item["TargetGroupArn"] for item in action.get("ForwardConfig", {}).get("TargetGroups", ())}
        found |= {action["TargetGroupArn"]} if action.get("TargetGroupArn") else set()
    return found


def _rule_exists(world: World, call: Call, account: str) -> None:
    if _balancer_of(world.moto.backend("elbv2", account, call.region), call.params) is None:
        raise RefusalError("RuleNotFound", "One or more rules not found")


def _associations_are_told(world: World, call: Call, account: str) -> None:
    """moto never forgets a load balancer that a group was once used by."""
    for arn, group in world.moto.backend("elbv2", account, call.region).target_groups.items():
        used_by = {balancer for balancer, _ in world.account.balancing.rules_to(account, call.region, arn)}
        group.load_balancer_arns = sorted(used_by)


def _few_are_asked_for(world: World, call: Call, account: str) -> None:
    if len(call.params["ResourceArns"]) > MOST_TAGGED:
        raise MalformedRequestError("ValidationError", f"Up to {MOST_TAGGED} resources can be described at once")


RULES: Mapping[str, tuple[Any, ...]] = {
    "elbv2:CreateRule": (_conditions_are_sound, _priority_is_sound, _groups_exist_and_fit),
    "elbv2:ModifyRule": (_conditions_are_sound, _rule_exists, _groups_exist_and_fit),
    "elbv2:DeleteRule": (_rule_exists,),
    "elbv2:DescribeTargetGroups": (_associations_are_told,),
    "elbv2:DescribeTags": (_few_are_asked_for,),
}
