"""Instances whose Environment is missing or cannot be used: nowhere to look, nothing to do, and still to be shown.

Without this they would vanish from a plan just when something is wrong with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from molthub.errors import Diagnostic
from molthub.manifest.documents import InvalidFile, LoadedInstance
from molthub.pipeline.access import Access
from molthub.pipeline.scope import Selection
from molthub.pipeline.types import CheckedFleet, InstanceView, Scope
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import EnvironmentPlan
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import ObservedInstance, ReadFailure
from molthub.resources.states import Verdict

INSTANCE = "MoltbotInstance"


def homeless(
    checked: CheckedFleet, selection: Selection, scope: Scope, access: Access | None = None
) -> Iterator[tuple[EnvironmentPlan, list[InstanceView]]]:
    """One plan per such environment that the scope does not leave out, with the views of its instances: Invalid, or
    Blocked where the Environment is one that nobody allowed."""
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
    for identity, loaded in checked.documents.instances.items():
        outside = scope.environments and identity.key not in scope.environments
        if identity.key in checked.documents.environments or outside or not selection.means(identity):
            continue
        refused = access.blocking(identity, loaded.display_name) if access is not None else ()
        if refused:
            found[identity.key].append(_refused(identity, loaded, refused))
    for key in sorted(found):
        views = sorted(found[key], key=lambda view: view.identity)
        yield EnvironmentPlan(key, tuple(view.plan for view in views)), views


def _refused(identity: Identity, loaded: LoadedInstance, refused: tuple[Diagnostic, ...]) -> InstanceView:
    """In an Environment that nobody allowed: it is not turned to, so what runs there is Unknown."""
    unread = ReadFailure(kind=None, ref=refused[0].ref, message=refused[0].message)
    observed = ObservedInstance(identity, failures=(unread,))
    request = PlanRequest(identity, loaded.display_name, desired=None, observed=observed, invalid=refused)
    plan = replace(plan_instance(request), verdict=Verdict.BLOCKED)
    return InstanceView(identity=identity, name=loaded.display_name, loaded=loaded, observed=observed, plan=plan)


def _view(file: InvalidFile, identity: Identity) -> InstanceView:
    """Invalid; what runs is Unknown, for nobody knows where to look."""
    errors = tuple(item for item in file.diagnostics if item.severity.value == "error")
    unread = ReadFailure(kind=None, ref=errors[0].ref, message=errors[0].message)
    observed = ObservedInstance(identity, failures=(unread,))
    name = f"{identity.key}/{file.name or file.id}"
    plan = plan_instance(PlanRequest(identity, name, desired=None, observed=observed, invalid=errors))
    return InstanceView(identity=identity, name=name, loaded=None, observed=observed, plan=plan)
