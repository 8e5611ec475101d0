"""A plan for people, in the look Terraform's users know. Its JSON form is `molthub.planning.serialise`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural, safe
from molthub.cli.views.values import differences, show
from molthub.errors import Diagnostic
from molthub.planning.types import Action, AttributeChange, Change, InstancePlan, Plan
from molthub.resources.states import Verdict

HEADINGS = {
    Action.CREATE: "will be created",
    Action.UPDATE: "will be updated in-place",
    Action.REPLACE: "must be replaced",
    Action.DELETE: "will be deleted",
    Action.NOOP: "is unchanged",
}
EMPTY = (None, (), "", False)
"""What a new object's description leaves out: everything that says "nothing of that"."""


def human(plan: Plan, *, colour: bool) -> str:
    """The whole plan: what is shouted first, then each instance that is not in sync, then the summary."""
    parts = [
        "\n".join(block)
        for block in (
            _warnings(plan, colour=colour),
            *(_instance(item, colour=colour) for item in plan.instances if _is_shown(item)),
            _summary(plan, colour=colour),
        )
        if block
    ]
    return "\n\n".join(parts)


def _is_shown(plan: InstancePlan) -> bool:
    return plan.verdict is not Verdict.SYNCED or bool(plan.changes) or plan.rollout_id is not None


def _warnings(plan: Plan, *, colour: bool) -> list[str]:
    """Everything that must not be overlooked, before the first change; each once."""
    found: dict[Diagnostic, None] = dict.fromkeys(plan.diagnostics)
    for environment in plan.environments:
        found.update(dict.fromkeys(environment.reasons))
        for instance in environment.instances:
            found.update(dict.fromkeys(instance.notices))
    shown = [line for item in found for line in diagnostics.lines(item, colour=colour)]
    if not plan.applicable:
        why = "it was made from a working tree" if plan.commit is None else "see above"
        shown.append(paint(f"This plan cannot be applied: {why}.", "yellow", on=colour))
    return shown


def _instance(plan: InstancePlan, *, colour: bool) -> list[str]:
    verdict = "" if plan.verdict is Verdict.OUT_OF_SYNC else f" is {plan.verdict}"
    shown = [paint(f"# instance {safe(plan.name)}{verdict}", "bold", on=colour)]
    for reason in plan.reasons:
        shown += diagnostics.lines(reason, colour=colour, indent="  ")
    if plan.changes and not plan.may_apply:
        shown.append("  # not applied while it is so:")
    if plan.rollout_id and not plan.changes:
        shown.append(f"  # waits for the rollout {safe(plan.rollout_id)}")
    for change in plan.changes:
        shown += _change(change, colour=colour)
    return shown


def _change(change: Change, *, colour: bool) -> Iterator[str]:
    symbol = f"{change.action.symbol:>3}"
    yield (
        f"{paint(symbol, change.action.colour, on=colour)} {change.kind} {safe(change.name)} "
        f"{HEADINGS[change.action]}{_remarks(change, colour=colour)}"
    )
    if change.action is Action.DELETE:
        return
    hidden = change.unchanged
    for attribute in change.attributes:
        if change.action is Action.CREATE and attribute.after in EMPTY:
            hidden += 1
            continue
        yield from _attribute(attribute, change.action, colour=colour)
    if hidden:
        noun = "empty" if change.action is Action.CREATE else "unchanged"
        yield paint(f"        # ({plural(hidden, f'{noun} attribute')} hidden)", "dim", on=colour)


def _remarks(change: Change, *, colour: bool) -> str:
    remarks = ""
    if change.restarts:
        remarks += paint("  # restarts the Moltbot", "yellow", on=colour)
    if change.force:
        remarks += "  # starts a new deployment"
    return remarks


def _attribute(attribute: AttributeChange, action: Action, *, colour: bool) -> Iterator[str]:
    if action is Action.CREATE:
        mark = paint("+", "green", on=colour)
        yield f"      {mark} {safe(attribute.path)}: {show(attribute.after)}"
        return
    forces = paint("  # forces replacement", "red", on=colour) if attribute.forces_replacement else ""
    for path, before, after in differences(attribute.path, attribute.before, attribute.after):
        symbol, tint = _side(before, after)
        yield f"      {paint(symbol, tint, on=colour)} {safe(path)}: {show(before)} -> {show(after)}{forces}"


def _side(before: object, after: object) -> tuple[str, str]:
    action = Action.CREATE if before is None else Action.DELETE if after is None else Action.UPDATE
    return action.symbol, action.colour


def _summary(plan: Plan, *, colour: bool) -> list[str]:
    counts = [f"{plan.count(action)} to {action.word}" for action in Action if action is not Action.NOOP]
    shown = []
    if plan.has_changes:
        shown.append(f"{paint('Plan:', 'bold', on=colour)} {', '.join(counts)}.")
    else:
        shown.append(paint(_nothing(plan), "green" if not plan.errored else "yellow", on=colour))
    verdicts = Counter(item.verdict for item in plan.instances)
    said = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdicts[verdict])
    shown.append(f"{plural(len(plan.instances), 'instance')}: {said}." if said else "There is no instance.")
    return shown


def _nothing(plan: Plan) -> str:
    if all(item.verdict in (Verdict.SYNCED, Verdict.SUSPENDED) for item in plan.instances) and not plan.errored:
        return "No changes. What runs is what the manifests say."
    return "Nothing can be applied."
