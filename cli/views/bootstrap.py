"""How a base is shown: its plan, its progress, what was made and what stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from molthub.cli.views.text import paint, safe
from molthub.errors import StallingError
from molthub.provider.bootstrap import ControllerSpec, Progress, Proposal, QuotaCheck, ResourceChange, Verb
from molthub.resources.foundation import Foundation

SIGNS: Mapping[Verb, tuple[str, str]] = {
    Verb.CREATE: ("+", "green"),
    Verb.UPDATE: ("~", "yellow"),
    Verb.REPLACE: ("-/+", "red"),
    Verb.DELETE: ("-", "red"),
}
MOST_NAMED = 5
LONG = 60
"""Characters of a list of properties."""


def template(made: Mapping[str, Any]) -> str:
    return json.dumps(made, indent=2)


def plan(environment: str, proposal: Proposal, *, colour: bool) -> str:
    """What would change, a line for each resource; what may hurt comes first and says why."""
    lines = [f"{'A new stack' if proposal.first else 'Changes'} for {safe(environment)}:", ""]
    lines += [_change(change, colour=colour) for change in proposal.changes]
    if not proposal.changes:
        lines.append("  only outputs or tags of the stack itself")
    return "\n".join([*lines, "", _counts(proposal.changes)])


def _change(change: ResourceChange, *, colour: bool) -> str:
    sign, shade = SIGNS[change.verb]
    verb = change.verb.value.upper() if change.verb is Verb.REPLACE else change.verb.value
    text = f"  {paint(sign.rjust(3), shade, on=colour)} {verb:<7} {change.name} ({change.kind})"
    if change.properties:
        names = ", ".join(change.properties)
        text += ": " + (names if len(names) <= LONG else f"{len(change.properties)} properties")
    if change.maybe:
        text += "; AWS may find that it need not be replaced"
    if change.careful:
        text += "\n" + paint(f"      ! {change.careful}", "red", on=colour)
    return text


def _counts(changes: Sequence[ResourceChange]) -> str:
    words = {
        Verb.CREATE: "to create",
        Verb.UPDATE: "to update",
        Verb.REPLACE: "to REPLACE",
        Verb.DELETE: "to delete",
    }
    told = [(sum(change.verb is verb for change in changes), text) for verb, text in words.items()]
    return "Plan: " + (", ".join(f"{count} {text}" for count, text in told if count) or "nothing of it") + "."


def quotas(checks: Iterable[QuotaCheck], *, colour: bool) -> str:
    """A line for each quota."""
    lines = ["Quotas:"]
    for check in checks:
        word, shade = ("OK", "green") if check.enough else ("FAIL", "red")
        if check.limit is None:
            word, shade = "SKIP", "yellow"
            told = check.why
        else:
            used = "" if check.used is None else f", {check.used} used"
            told = f"{check.needed} needed{used}, {check.limit} allowed"
        lines.append(f"  {paint(word.ljust(4), shade, on=colour)} {check.name}: {safe(told)}")
    return "\n".join(lines)


def progress(item: Progress, *, colour: bool) -> str:
    """One event in one line."""
    shade = "red" if item.failed or "ROLLBACK" in item.status else "green" if item.status.endswith("_COMPLETE") else ""
    word = paint(item.status.lower().replace("_", " "), shade, on=colour)
    name = f"{item.name} ({item.kind})" if item.name else "the stack"
    reason = f": {safe(item.reason)}" if item.reason and item.reason != "User Initiated" else ""
    return f"{item.at:%H:%M:%S} {safe(name)}: {word}{reason}"


def summary(
    environment: str, done: str, extra: Iterable[str], foundation: Foundation, controller: ControllerSpec | None
) -> str:
    """What there is now, and what comes next."""
    opening = {
        "created": f"The base of {environment} is made.",
        "updated": f"The base of {environment} is updated.",
        "unchanged": f"No changes: the base of {environment} is as its manifest says.",
    }[done]
    facts = {
        "cluster": foundation.cluster,
        "vpc": foundation.vpc_id,
        "subnets": ", ".join(foundation.subnet_ids),
        "bucket": foundation.bucket or "",
        "load balancers": ", ".join(item.dns_name for item in foundation.listeners),
    }
    if controller is not None:
        facts["controller"] = f"{controller.image}, follows {controller.repo} {controller.ref or ''}".rstrip()
    lines = [safe(opening), *(f"Also: {safe(item)}." for item in extra), ""]
    lines += [f"  {name:<15} {safe(value)}" for name, value in facts.items() if value]
    return "\n".join([*lines, "", "Next: `molthub plan` shows what its Moltbots need."])


def data(environment: str, done: str, carried_out: Iterable[Proposal], outputs: Mapping[str, str]) -> dict[str, Any]:
    """The same for machines."""
    changes = [change for proposal in carried_out for change in proposal.changes]
    return {
        "environment": environment,
        "done": done,
        "changes": [
            {
                "verb": change.verb.value,
                "name": change.name,
                "type": change.kind,
                "id": change.id,
                "properties": list(change.properties),
                "careful": change.careful,
                "maybe": change.maybe,
            }
            for change in changes
        ],
        "outputs": dict(sorted(outputs.items())),
    }


def gone(environment: str, done: str, remains: Iterable[tuple[str, str]]) -> str:
    if done == "absent":
        return f"There is no base of {safe(environment)}: nothing to delete."
    lines = [f"  {safe(what)}: {safe(why)}" for what, why in remains]
    return "\n".join([f"The base of {safe(environment)} is deleted.", *(["What stays:", *lines] if lines else [])])


def some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def stuck(environment: str, reason: str) -> StallingError:
    detail = f": {reason}" if reason else ""
    return StallingError(
        "MH-BASE-007",
        f"the stack of {environment} can neither go on nor back: an update failed, and so did undoing it{detail}",
        fix="Mend the cause, then in the CloudFormation console choose `Continue update rollback`",
    )
