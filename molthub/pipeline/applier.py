"""The last step but one: carry a plan out, environment by environment, side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from molthub.apply.engine import apply_environment
from molthub.apply.settings import ApplySettings, Cancel, Clock, OnBug, ignore_bug, never
from molthub.apply.types import InstanceResult, Outcome, Report
from molthub.errors import MolthubError, StallingError
from molthub.pipeline.places import location_of
from molthub.pipeline.types import Collaborators, PlannedFleet
from molthub.planning.types import EnvironmentPlan
from molthub.provider.protocols import Guard, unguarded
from molthub.resources.identity import EnvironmentKey


def apply_fleet(
    planned: PlannedFleet,
    collaborators: Collaborators,
    *,
    settings: ApplySettings,
    report: Report,
    clock: Clock,
    cancel: Cancel = never,
    on_bug: OnBug = ignore_bug,
    guards: Callable[[EnvironmentKey], Guard] = lambda _key: unguarded,
) -> tuple[InstanceResult, ...]:
    """One result per instance of the plan, in its order. Raises StallingError for a plan that may not be applied.

    guards  what is asked before every write to an environment: of the lease under which the plan was made
    """
    if not planned.plan.applicable or planned.plan.commit is None:
        raise StallingError(
            "MH-PIPE-007",
            "this plan was made from a working tree and cannot be applied",
            fix="Commit your changes and apply that revision",
        )

    def one(environment: EnvironmentPlan) -> tuple[InstanceResult, ...]:
        place = planned.checked.documents.environments.get(environment.key)
        if place is None:  # it cannot be used, and so are all its instances
            items = environment.instances
            return tuple(InstanceResult(item.identity, item.name, Outcome.BLOCKED, item.reasons) for item in items)
        try:
            provider = collaborators.providers(environment.key, location_of(place, planned.plan.fleet))
        except MolthubError as error:
            return tuple(
                InstanceResult(item.identity, item.name, Outcome.FAILED, (error.diagnostic,))
                for item in environment.instances
            )
        return apply_environment(
            environment,
            provider,
            settings=settings,
            report=report,
            clock=clock,
            cancel=cancel,
            on_bug=on_bug,
            guard=guards(environment.key),
        )

    environments = [item for item in planned.plan.environments if item.instances]
    if not environments:
        return ()
    with ThreadPoolExecutor(len(environments)) as pool:
        return tuple(result for batch in pool.map(one, environments) for result in batch)
