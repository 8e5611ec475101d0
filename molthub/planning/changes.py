"""One change from its two sides: its action, what differs, and whether it restarts the Moltbot. Pure."""

from __future__ import annotations

from molthub.planning.diff import IMMUTABLE, diff
from molthub.planning.types import Action, Change
from molthub.resources.types import Kind, Resource, TaskDefinition

ROLLING_FIELDS = frozenset(
    {
        "task_definition",
        "subnets",
        "security_groups",
        "load_balancers",
        "assign_public_ip",
        "platform_version",
        "capacity_providers",
        "unmanaged",
    }
)
"""Fields of a service whose change makes ECS start a new deployment. Count, percentages, breaker and tags do not;
neither does enableExecuteCommand alone. A foreign setting (`unmanaged`) may, so it counts as one that does."""


def make_change(
    kind: Kind,
    before: Resource | None,
    after: Resource | None,
    *,
    force: bool = False,
    after_rollout: bool = False,
) -> Change:
    """The change from one side to the other; at least one side is a resource."""
    difference = diff(kind, before, after)
    fields = {attribute.path.split("[")[0].split(".")[0] for attribute in difference.attributes}
    action = _action(before, after, replaces=bool(fields & IMMUTABLE[kind]))
    return Change(
        action=action,
        kind=kind,
        name=_name(after if after is not None else before),
        before=before,
        after=after,
        attributes=difference.attributes,
        unchanged=difference.unchanged,
        restarts=kind is Kind.SERVICE and _restarts(action, fields, force=force),
        force=force,
        after_rollout=after_rollout,
    )


def _action(before: Resource | None, after: Resource | None, *, replaces: bool) -> Action:
    if before is None:
        return Action.CREATE
    if after is None:
        return Action.DELETE
    return Action.REPLACE if replaces else Action.UPDATE


def _name(resource: Resource | None) -> str:
    if isinstance(resource, TaskDefinition):
        return resource.family
    return resource.name if resource is not None else ""


def _restarts(action: Action, fields: set[str], *, force: bool) -> bool:
    if action in (Action.CREATE, Action.REPLACE):
        return True
    return action is Action.UPDATE and (force or bool(fields & ROLLING_FIELDS))
