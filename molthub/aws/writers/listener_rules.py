"""Rules of the shared listeners. A rule is found again by its tags and by where it leads, so a death after CreateRule
is healed by the next look.

Priorities: each listener takes a number once. An instance begins at one that follows from its name and takes the next
free one; no two rules of Molthub's match the same request, so which number it gets means nothing and is not compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from molthub.aws.errors import no_priority
from molthub.aws.readers import load_balancing
from molthub.aws.readers.load_balancing import name_in, project_rule, targets_of
from molthub.aws.tags import to_upper, whose, written
from molthub.aws.writers.target import Target
from molthub.aws.writers.target_groups import tag
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import identity_from_tags
from molthub.resources.normal import normalise
from molthub.resources.types import Kind, ListenerRule

Raw = Mapping[str, Any]
TAKEN = frozenset({"PriorityInUse"})
GONE = frozenset({"RuleNotFound"})
LAST_PRIORITY = 50_000
TRIES = 5


def ensure(target: Target, wanted: ListenerRule) -> WriteResult:
    """Creates the rule or brings an existing one of ours to the desired state."""
    after = normalise(wanted)
    found = _mine(target, after)
    if found is None:
        _create(target, after)
        return target.result(_described(after))
    raw, have = found
    target.check_ours(Kind.LISTENER_RULE, after.name, have)
    names = target.lookup.with_targets(target.lookup.names(target.fleet, ()), targets_of(raw))
    live = project_rule(raw, name=after.name, listener=after.listener, tags=have, names=names)
    fields = ("hosts", "methods", "paths", "target_groups", "unmanaged")
    if any(getattr(live, field) != getattr(after, field) for field in fields):
        reset = {"ResetTransforms": True} if raw.get("Transforms") else {}
        content = _content(target, after)
        target.write("elbv2", "ModifyRule", subject=_subject(after), RuleArn=raw["RuleArn"], **content, **reset)
    tag(target, have, after, raw["RuleArn"])
    return target.result(_described(after))


def _subject(rule: ListenerRule) -> str:
    return f"rule for {', '.join(rule.hosts)}"


def _described(rule: ListenerRule) -> str:
    return f"{' '.join(rule.methods)} {', '.join(host + path for host in rule.hosts for path in rule.paths)}"


def _mine(target: Target, rule: ListenerRule) -> tuple[Raw, dict[str, str]] | None:
    """The instance's rule on the listener, with its tags."""
    rules = load_balancing.list_rules(target.api, rule.listener)
    ours = [item for item in rules if _may_be_ours(item, rule.name)]
    tags = load_balancing.read_tags(target.api, [str(item["RuleArn"]) for item in ours])
    mine = load_balancing.claimed(ours, tags, {rule.name: target.identity}).get(target.identity)
    return None if mine is None else (mine, tags.get(mine["RuleArn"], {}))


def _may_be_ours(raw: Raw, target_group: str) -> bool:
    """It leads to our target group, or to none that is any instance's."""
    names = [name_in(arn) for arn in targets_of(raw)]
    return target_group in names or not any(name.startswith("mh-") for name in names)


def _create(target: Target, after: ListenerRule) -> None:
    content = _content(target, after)
    tags = to_upper(written(after.tags, target.context.commit))
    for _ in range(TRIES):
        used = {str(rule["Priority"]) for rule in load_balancing.list_rules(target.api, after.listener)}
        answer = target.try_write(
            TAKEN,
            "elbv2",
            "CreateRule",
            subject=_subject(after),
            ListenerArn=after.listener,
            Priority=free_priority(after.name, used),
            Tags=tags,
            **content,
        )
        if isinstance(answer, dict):
            return
    raise no_priority(after.listener)


def free_priority(name: str, used: set[str]) -> int:
    """The first free number from the one that follows from the name, around the end if need be."""
    start = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % LAST_PRIORITY
    numbers = (1 + (start + step) % LAST_PRIORITY for step in range(LAST_PRIORITY))
    return next(number for number in numbers if str(number) not in used)


def _content(target: Target, rule: ListenerRule) -> dict[str, Any]:
    ids = target.lookup.ids(target.fleet, target_groups=rule.target_groups)
    return {
        "Conditions": [
            {"Field": "host-header", "HostHeaderConfig": {"Values": list(rule.hosts)}},
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": list(rule.methods)}},
            {"Field": "path-pattern", "PathPatternConfig": {"Values": list(rule.paths)}},
        ],
        "Actions": [{"Type": "forward", "TargetGroupArn": ids.target_group(name)} for name in rule.target_groups],
    }


def replace(target: Target, before: ListenerRule | None, after: ListenerRule) -> WriteResult:
    """Takes the rule from the listener it is on, and makes it on the other."""
    if before is not None and before.listener != after.listener:
        delete(target, before)
    return ensure(target, after)


def delete(target: Target, before: ListenerRule) -> WriteResult:
    """Deletes the instance's rule, and every other one of ours that leads to its target group."""
    for raw, tags in _all_mine(target, before):
        if whose(tags, target.identity) is None:
            arn = raw["RuleArn"]
            target.try_write(GONE, "elbv2", "DeleteRule", subject=_subject(before), RuleArn=arn)
    return target.result("deleted")


def _all_mine(target: Target, rule: ListenerRule) -> list[tuple[Raw, dict[str, str]]]:
    """Every rule on the listener that leads to the instance's target group, or that only its tags name."""
    rules = load_balancing.list_rules(target.api, rule.listener)
    ours = [item for item in rules if _may_be_ours(item, rule.name)]
    tags = load_balancing.read_tags(target.api, [str(item["RuleArn"]) for item in ours])
    found = []
    for item in ours:
        its = tags.get(item["RuleArn"], {})
        if rule.name in map(name_in, targets_of(item)) or identity_from_tags(its) == target.identity:
            found.append((item, its))
    return found
