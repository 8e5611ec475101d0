"""Instances whose Environment is missing or cannot be used: nowhere to look, nothing to do, and still to be shown.

Without this they would vanish from a plan just when something is wrong with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from molthub.manifest.documents import InvalidFile
from molthub.pipeline.scope import Selection
from molthub.pipeline.types import CheckedFleet, InstanceView, Scope
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import EnvironmentPlan
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import ObservedInstance, ReadFailure

INSTANCE = "MoltbotInstance"


def homeless(
    checked: CheckedFleet, selection: Selection, scope: Scope
) -> Iterator[tuple[EnvironmentPlan, list[InstanceView]]]:
    """One plan per such environment that the scope does not leave out, with the views of its instances, all Invalid."""
    found: defaultdict[EnvironmentKey, list[InstanceView]] = defaultdict(list)
    for file in checked.documents.invalid:
        if file.kind != INSTANCE or not (file.workspace and file.environment):
            continue
        key = EnvironmentKey(file.workspace, file.environment)
        if key in checked.documents.environments or (scope.environments and key not in scope.environments):
            continue
        view = _view(file, Identity(selection.fleet, key.workspace, key.environment, file.id or file.name or ""))
        if view.identity.id and selection.means(view.identity):
            found[key].append(view)
    for key in sorted(found):
        views = sorted(found[key], key=lambda view: view.identity)
        yield EnvironmentPlan(key, tuple(view.plan for view in views)), views


def _view(file: InvalidFile, identity: Identity) -> InstanceView:
    """Invalid; what runs is Unknown, for nobody knows where to look."""
    errors = tuple(item for item in file.diagnostics if item.severity.value == "error")
    unread = ReadFailure(kind=None, ref=errors[0].ref, message=errors[0].message)
    observed = ObservedInstance(identity, failures=(unread,))
    name = f"{identity.key}/{file.name or file.id}"
    plan = plan_instance(PlanRequest(identity, name, desired=None, observed=observed, invalid=errors))
    return InstanceView(identity=identity, name=name, loaded=None, observed=observed, plan=plan)
