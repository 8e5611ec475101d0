"""From a checked fleet to a plan: observe each environment, render each instance, compare, and be careful.

The story, in the order of the code:

1. The scope says which environments and instances are meant.
2. Each environment is observed once, in batches; one that cannot be read makes its instances Unknown.
3. Each wanted instance is rendered with what was seen of its secrets, and planned; what forbids applying it
   (guardrails, what is not built yet, history, a move) is brought along.
4. What exists and is no longer wanted is planned for deletion, as far as the deletion guard lets it.
5. Where a definition would be rolled out, the cloud's own history of failures is asked, and planned again.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from molthub.desired.render import RenderFacts, linked_secrets, render
from molthub.errors import Diagnostic, MolthubError
from molthub.manifest.documents import InvalidFile, LoadedEnvironment, LoadedInstance
from molthub.pipeline import ingress, obstacles
from molthub.pipeline.access import Access
from molthub.pipeline.allowed import as_allowed
from molthub.pipeline.engine import bug
from molthub.pipeline.history import History
from molthub.pipeline.homeless import homeless
from molthub.pipeline.places import location_of
from molthub.pipeline.removal import RemovalContext, judge_removals
from molthub.pipeline.scope import Selection, select
from molthub.pipeline.types import CheckedFleet, Collaborators, InstanceView, PlannedFleet, Scope
from molthub.planning.deletion import DeletionVerdict
from molthub.planning.plan import PlanRequest, observed_in, plan_instance, wants_rollout
from molthub.planning.state import Backups
from molthub.planning.types import EnvironmentPlan, InstancePlan, Plan
from molthub.provider.protocols import Provider, Query
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.observation import Observation, ObservedInstance, ReadFailure

HISTORY_READERS = 8
"""Threads that ask for failed rollouts of instances about to roll out."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one plan is made of; handed down through the steps.

    history   None for a working tree, whose plan is never applied
    decided   the deletion guard's word from a full plan of the same commit
    access    who was allowed to change what; None: nobody asks
    """

    checked: CheckedFleet
    collaborators: Collaborators
    selection: Selection
    history: History | None
    decided: DeletionVerdict | None
    access: Access | None = None

    def refused(self, identity: Identity, name: str) -> tuple[Diagnostic, ...]:
        """Why access forbids to touch an instance."""
        return self.access.blocking(identity, name) if self.access is not None else ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One environment as it was seen, and who saw it; provider None when it could not even be reached."""

    environment: LoadedEnvironment
    observation: Observation
    provider: Provider | None


def plan_fleet(
    checked: CheckedFleet,
    collaborators: Collaborators,
    *,
    scope: Scope | None = None,
    decided: DeletionVerdict | None = None,
    freeze: tuple[Diagnostic, ...] = (),
) -> PlannedFleet:
    """The plan of a checked fleet, or of the part of it that the scope names. Reads AWS, writes nothing.

    decided: what a full plan of the same commit decided about deletions and renames, so that planning one instance
    needs no second look at the whole environment.
    freeze: why nothing at all may be written; every instance is Blocked by it.
    """
    scope = scope or Scope()
    access = collaborators.access_at(checked.snapshot.commit)
    checked = as_allowed(checked, access) if access is not None else checked
    selection = select(checked, scope)
    task = Task(checked, collaborators, selection, _history(checked, collaborators, access), decided, access)
    seen = {key: observe(task, key) for key in selection.environments}
    guards = {
        key: judge_removals(RemovalContext(checked, one.observation, task.history, decided))
        for key, one in seen.items()
    }
    requests = {key: _requests(task, one, guards[key]) for key, one in seen.items()}
    found = obstacles.Clash.across([request for batch in requests.values() for request in batch])
    views: list[InstanceView] = []
    environments: list[EnvironmentPlan] = []
    for key, batch in requests.items():
        frozen = [replace(item, blocking=(*freeze, *item.blocking)) for item in batch]
        plans = _plan_batch([found.add_to(request) for request in frozen], seen[key].provider)
        environments.append(_environment_plan(seen[key], plans))
        views.extend(_view(checked, plan, seen[key].observation) for plan in plans)
    for environment_plan, invalid in homeless(checked, selection, scope, access):
        environments.append(environment_plan)
        views.extend(invalid)
    plan = Plan(
        fleet=selection.fleet,
        commit=checked.snapshot.commit,
        environments=tuple(environments),
        applicable=checked.snapshot.commit is not None,
        diagnostics=(*checked.documents.about_what_runs, *(access.notices if access is not None else ())),
    )
    decisions = DeletionVerdict(
        removals={identity: why for guard in guards.values() for identity, why in guard.removals.items()},
        creations={identity: why for guard in guards.values() for identity, why in guard.creations.items()},
    )
    ordered = tuple(sorted(views, key=lambda view: view.identity))
    return PlannedFleet(checked=checked, plan=plan, views=ordered, decisions=decisions, access=access)


def observe(task: Task, key: EnvironmentKey) -> Seen:
    """Read one environment: all of it, or only the instances that the selection names."""
    environment = task.checked.documents.environments[key]
    wanted = frozenset(identity for identity in task.checked.documents.instances if identity.key == key)
    only = task.selection.only(key)
    if only is not None and task.decided is None and not only <= wanted:
        only = None  # a deletion is judged against everything that is there
    seen = _look(task, environment, only, wanted)
    if only is None or task.decided is not None or not _any_is_new(only, seen.observation):
        return seen
    return _look(task, environment, None, wanted)  # so is a creation: it may be half of a rename


def _any_is_new(identities: frozenset[Identity], observation: Observation) -> bool:
    return any(observed_in(observation, identity).resources.is_empty for identity in identities)


def _look(
    task: Task, environment: LoadedEnvironment, only: frozenset[Identity] | None, wanted: frozenset[Identity]
) -> Seen:
    key, documents = environment.key, task.checked.documents
    query = Query(
        fleet=task.selection.fleet,
        key=key,
        only=only,
        desired=wanted if only is None else wanted & only,
        secrets=frozenset(
            secret
            for identity, loaded in documents.instances.items()
            if identity.key == key and (only is None or identity in only)
            for secret in linked_secrets(loaded)
        ),
        zone=environment.model.spec.ingress.hostedZoneId if environment.model.spec.ingress else None,
        hosts=ingress.hosts_of(environment, documents.instances),
    )
    try:
        provider = task.collaborators.providers(key, location_of(environment, task.selection.fleet))
        return Seen(environment, provider.observe(query), provider)
    except MolthubError as error:
        failure = ReadFailure(kind=None, ref=error.ref, message=error.diagnostic.message)
        return Seen(environment, Observation(key, {}, {}, failures=(failure,), complete=False), None)


def _history(checked: CheckedFleet, collaborators: Collaborators, access: Access | None) -> History | None:
    commit = checked.snapshot.commit
    if not commit or collaborators.source is None:
        return None
    history = History(collaborators.source, commit)
    return history if access is None else replace(history, believes=access.believes)


def _requests(task: Task, seen: Seen, guard: DeletionVerdict) -> list[PlanRequest]:
    """What planning needs, for each instance of one environment that the selection means."""
    key = seen.observation.key
    documents, selection = task.checked.documents, task.selection
    environment_wide = obstacles.of_environment(
        seen.environment, seen.observation, task.collaborators, history=task.history, fleet=selection.fleet
    )
    listeners = ingress.listeners_of(seen.environment, documents.instances, seen.observation)
    wanted = [
        _wanted(task, seen, loaded, renamed=guard.creations.get(identity), listener=listeners.get(identity))
        for identity, loaded in sorted(documents.instances.items())
        if identity.key == key and selection.means(identity)
    ]
    broken = [
        request
        for file in documents.invalid
        if (file.workspace, file.environment) == (key.workspace, key.environment) and (file.id or file.name)
        if selection.means((request := _broken(file, selection.fleet, seen.observation)).identity)
    ]
    gone = [_gone(task, identity, why, seen) for identity, why in guard.removals.items() if selection.means(identity)]
    requests = {request.identity: request for request in [*gone, *broken, *wanted]}
    if not environment_wide:
        return list(requests.values())
    return [replace(item, blocking=(*environment_wide, *item.blocking)) for item in requests.values()]


def _wanted(
    task: Task, seen: Seen, loaded: LoadedInstance, *, renamed: Diagnostic | None, listener: Listener | None
) -> PlanRequest:
    identity = loaded.identity(task.selection.fleet)
    verdicts = task.checked.verdicts[identity]
    observed = observed_in(seen.observation, identity)
    pause = loaded.model.spec.lifecycle.paused
    paused = pause is not None and pause.holds(task.collaborators.now())
    endpoint = ingress.endpoint(identity, loaded, seen.environment)
    blocking = [
        *task.refused(identity, loaded.display_name),
        *verdicts.errors,
        *obstacles.of_instance(loaded, observed, task.history, foundation=seen.observation.foundation),
        *ingress.obstacles(loaded, endpoint, seen.observation, listener),
        *([renamed] if renamed else []),
    ]
    facts = RenderFacts(
        secret_versions=_versions(seen.observation),
        secret_keys=_keys(seen.observation),
        paused=paused,
        foundation=seen.observation.foundation,
        listener=listener,
    )
    try:
        desired = render(loaded, seen.environment, fleet=identity.fleet, facts=facts).resources
    except Exception as error:  # noqa: BLE001 - a bug that one manifest meets stops no neighbour
        return PlanRequest(identity, loaded.display_name, None, observed, invalid=(bug(loaded, error),))
    return PlanRequest(
        identity=identity,
        name=loaded.display_name,
        desired=desired,
        observed=observed,
        paused=paused,
        blocking=tuple(blocking),
        notices=(*verdicts.notices, *ingress.notices(loaded, endpoint, observed, listener)),
        failures=_unread_secrets(loaded, seen.observation),
        secrets=seen.observation.secrets,
        backups=backups_of(seen.observation.foundation, loaded.model.spec.state.backupBeforeUpgrade.value),
    )


def backups_of(foundation: Foundation | None, upgrade: str = "required") -> Backups | None:
    """Where backups go; None where the environment has no vault."""
    if foundation is None or foundation.backup_vault is None or foundation.backup_role is None:
        return None
    return Backups(foundation.backup_vault, foundation.backup_role, upgrade)


def _unread_secrets(loaded: LoadedInstance, observation: Observation) -> tuple[ReadFailure, ...]:
    """Linked secrets that could not be read: that is not the same as missing."""
    unread = observation.secret_failures
    return tuple(unread[secret] for secret in sorted(linked_secrets(loaded)) if secret in unread)


def _versions(observation: Observation) -> Mapping[str, str | None]:
    return {name: facts.version_id for name, facts in observation.secrets.items() if not facts.deleted}


def _keys(observation: Observation) -> Mapping[str, str]:
    """Customer keys. One that is known by an alias only is left out: planning refuses it."""
    return {
        name: facts.kms_key
        for name, facts in observation.secrets.items()
        if facts.kms_key is not None and facts.alias is None
    }


def _broken(file: InvalidFile, fleet: str, observation: Observation) -> PlanRequest:
    """An instance whose manifest cannot be used: it is shown, and nothing is done to it."""
    key = observation.key
    identity = Identity(fleet, key.workspace, key.environment, file.id or file.name or "")
    errors = tuple(item for item in file.diagnostics if item.severity.value == "error")
    return PlanRequest(
        identity=identity,
        name=f"{key}/{file.name or file.id}",
        desired=None,
        observed=observed_in(observation, identity),
        invalid=errors,
    )


def _gone(task: Task, identity: Identity, reason: Diagnostic | None, seen: Seen) -> PlanRequest:
    observed = observed_in(seen.observation, identity)
    obstacle = obstacles.of_removed(observed, task.checked.documents.instances, task.history)
    return PlanRequest(
        identity=identity,
        name=str(identity),
        desired=None,
        observed=observed,
        blocking=(*task.refused(identity, str(identity)), *obstacle, *([reason] if reason else [])),
        backups=backups_of(seen.observation.foundation),
    )


def _plan_batch(requests: list[PlanRequest], provider: Provider | None) -> list[InstancePlan]:
    """Plan each; where something would be rolled out, ask first whether the very same failed before."""
    plans = {request.identity: plan_instance(request) for request in requests}
    rolling = [request for request in requests if request.observed and wants_rollout(plans[request.identity])]
    rolling = [request for request in rolling if request.observed and request.observed.resources.service]
    if provider is None or not rolling:
        return list(plans.values())
    with ThreadPoolExecutor(max_workers=min(HISTORY_READERS, len(rolling))) as pool:
        for request, plan in zip(rolling, pool.map(lambda item: _with_memory(item, provider), rolling), strict=True):
            plans[request.identity] = plan
    return list(plans.values())


def _with_memory(request: PlanRequest, provider: Provider) -> InstancePlan:
    try:
        return plan_instance(replace(request, failed=provider.failed_rollouts(request.identity)))
    except MolthubError as error:
        failure = ReadFailure(kind=None, ref=error.ref, message=error.diagnostic.message)
        return plan_instance(replace(request, failures=(*request.failures, failure)))


def _environment_plan(seen: Seen, plans: list[InstancePlan]) -> EnvironmentPlan:
    limits = seen.environment.model.spec.rollout
    return EnvironmentPlan(
        key=seen.observation.key,
        instances=tuple(sorted(plans, key=lambda plan: plan.identity)),
        max_concurrent=limits.maxConcurrent,
        stop_after_failures=limits.stopAfterFailures,
        reasons=tuple(_unread(failure) for failure in seen.observation.failures),
    )


def _unread(failure: ReadFailure) -> Diagnostic:
    return Diagnostic(failure.ref, failure.message)


def _view(checked: CheckedFleet, plan: InstancePlan, observation: Observation) -> InstanceView:
    observed: ObservedInstance | None = observation.instances.get(plan.identity)
    loaded = checked.documents.instances.get(plan.identity)
    return InstanceView(
        identity=plan.identity,
        name=plan.name,
        loaded=loaded,
        observed=observed,
        plan=plan,
        foundation=observation.foundation,
    )
