"""A plan for people, in the look Terraform's users know. Its JSON form is `molthub.planning.serialise`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural, safe
from molthub.cli.views.values import differences, show
from molthub.errors import Diagnostic
from molthub.planning.types import Action, AttributeChange, Change, InstancePlan, Plan
from molthub.resources.states import Verdict
from molthub.resources.types import Kind

HEADINGS = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.REPLACE: "must be replaced",
    Action.DELETE: "will be deleted",
    Action.NOOP: "is unchanged",
}
STAYS = {
    Kind.SECRET: "can be restored for 30 days",
    Kind.TASK_DEFINITION: "its revisions stay, inactive",
}
"""What deleting leaves of a kind."""

EMPTY = (None, (), "", False)
"""What a new object's description leaves out: everything that says "nothing of that"."""

RESTARTS = "restarts the Moltbot"

HEADLINES = re.compile(
    r"retention_days|(in|e)gress\[.*|inline_policies\[.*|attached_policies\[.*|cpu|memory|architecture"
    r"|containers\[gateway\]\.(image|secrets\[.*|command\[.*)|desired_count|cluster|assign_public_ip"
)
"""What a reviewer looks for in a new object; a new instance has 170 attributes that say anything at all."""


def human(plan: Plan, *, colour: bool, full: bool = False, of_change: bool = False) -> str:
    """The whole plan: what is shouted first, then each instance that is not in sync, then the summary.

    full       every attribute of what is created, and of what is not applied because its instance is Blocked
    of_change  it was made from two revisions, and AWS was not asked
    """
    shown = [item for item in plan.instances if _is_shown(item)]
    blocks = [
        _warnings(plan, colour=colour, of_change=of_change),
        *(_instance(item, colour=colour, full=full) for item in shown),
        _summary(plan, colour=colour, of_change=of_change),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _is_shown(plan: InstancePlan) -> bool:
    return plan.verdict is not Verdict.SYNCED or bool(plan.changes) or plan.rollout_id is not None


def _warnings(plan: Plan, *, colour: bool, of_change: bool) -> list[str]:
    """Everything that must not be overlooked, before the first change; each once, and not what an instance says."""
    told = {(item.ref, item.location) for instance in plan.instances for item in instance.reasons if item.location}
    found: dict[Diagnostic, None] = {item: None for item in plan.diagnostics if (item.ref, item.location) not in told}
    for environment in plan.environments:
        found.update(dict.fromkeys(environment.reasons))
        for instance in environment.instances:
            found.update(dict.fromkeys(instance.notices))
    shown = [line for item in found for line in diagnostics.lines(item, colour=colour)]
    if not plan.applicable and not of_change:
        why = "it was made from a working tree" if plan.commit is None else "see above"
        shown.append(paint(f"This plan cannot be applied: {why}.", "yellow", on=colour))
    return shown


def _instance(plan: InstancePlan, *, colour: bool, full: bool) -> list[str]:
    verdict = "" if plan.verdict is Verdict.OUT_OF_SYNC else f" is {plan.verdict}"
    shown = [paint(f"# instance {safe(plan.name)}{verdict}", "bold", on=colour)]
    shown += diagnostics.condensed(plan.reasons, colour=colour, indent="  ")
    if plan.changes and not plan.may_apply:
        shown.append("  # not applied while it is so:")
    if plan.rollout_id and not plan.changes:
        shown.append(f"  # waits for the rollout {safe(plan.rollout_id)}")
    for change in plan.changes:
        shown.append(_heading(change, colour=colour))
        if plan.may_apply or full:
            shown += _attributes(change, colour=colour, full=full)
    return shown


def _heading(change: Change, *, colour: bool) -> str:
    symbol = paint(f"{change.action.symbol:>3}", change.action.colour, on=colour)
    told = remarks(change)
    marked = [f"  # {paint(text, 'yellow', on=colour) if text == RESTARTS else text}" for text in told]
    return f"{symbol} {change.kind} {safe(change.name)} {what(change)}{''.join(marked)}"


def remarks(change: Change) -> list[str]:
    """What a reader should know of a change beside its attributes."""
    found = [RESTARTS] if change.restarts and change.action in (Action.UPDATE, Action.REPLACE) else []
    found += ["starts a new deployment"] if change.force else []
    found += [STAYS[Kind(change.kind)]] if change.action is Action.DELETE and change.kind in STAYS else []
    found += ["after the rollout"] if change.after_rollout else []
    return found


def what(change: Change) -> str:
    """What happens to the resource, in words."""
    if change.kind is Kind.TASK_DEFINITION and change.action is Action.UPDATE:
        return "will get a new revision"
    return HEADINGS[change.action]


def _attributes(change: Change, *, colour: bool, full: bool) -> Iterator[str]:
    if change.action is Action.DELETE:
        return
    creates = change.action is Action.CREATE
    shown, hidden = told_attributes(change, full=full)
    for attribute in shown:
        yield from _attribute(attribute, creates=creates, colour=colour)
    if hidden:
        noun = "more attribute" if creates else "unchanged attribute"
        hint = "; --full shows them" if creates and not full else ""
        yield paint(f"        # ({plural(hidden, noun)} hidden{hint})", "dim", on=colour)


def told_attributes(change: Change, *, full: bool = False) -> tuple[list[AttributeChange], int]:
    """The attributes to show, and how many are not: those that are the same, and of a new object most."""
    if change.action is not Action.CREATE:
        return list(change.attributes), change.unchanged
    shown = [
        attribute
        for attribute in change.attributes
        if attribute.after not in EMPTY and (full or HEADLINES.fullmatch(attribute.path))
    ]
    return shown, change.unchanged + len(change.attributes) - len(shown)


def _attribute(attribute: AttributeChange, *, creates: bool, colour: bool) -> Iterator[str]:
    forces = paint("  # forces replacement", "red", on=colour) if attribute.forces_replacement else ""
    for path, before, after in differences(attribute.path, attribute.before, attribute.after):
        symbol, tint = _side(before, after)
        values = show(after) if creates else f"{show(before)} -> {show(after)}"
        yield f"      {paint(symbol, tint, on=colour)} {safe(path)}: {values}{forces}"


def _side(before: object, after: object) -> tuple[str, str]:
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    return action.symbol, action.colour


def _summary(plan: Plan, *, colour: bool, of_change: bool) -> list[str]:
    counts = [f"{plan.count(action)} to {action.word}" for action in Action if action is not Action.NOOP]
    shown = []
    if plan.has_changes:
        shown.append(f"{paint('Plan:', 'bold', on=colour)} {', '.join(counts)}.")
    else:
        nothing = "Nothing would be written to AWS." if of_change else _nothing(plan)
        shown.append(paint(nothing, "green" if not plan.errored else "yellow", on=colour))
    verdicts = Counter(item.verdict for item in plan.instances)
    said = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdicts[verdict])
    none = "No instance is concerned." if of_change else "There is no instance."
    shown.append(f"{plural(len(plan.instances), 'instance')}: {said}." if said else none)
    return shown


def _nothing(plan: Plan) -> str:
    if all(item.verdict in (Verdict.SYNCED, Verdict.SUSPENDED) for item in plan.instances) and not plan.errored:
        return "No changes. What runs is what the manifests say."
    return "Nothing can be applied."
