"""One instance's plan: what should be × what is → what would be done, and whether it may be.

The story, in the order of the code:

1. An invalid manifest or a failed read ends it: nothing is concluded, no change is listed.
2. The changes: create and update in the order of `Kind`, delete in the opposite one. Where a rollout follows, what
   the revision before still needs goes only after it: permissions that are taken away, kinds no longer wanted.
3. What forbids carrying them out: another's object, a move, a remembered failure, a missing secret,
   deletion protection, and whatever the caller brings (guardrails, the deletion guard). A remembered failure
   alone holds back the rollout only: drift around it is still put right. One that was not its own fault holds back
   nothing: the plan warns that this is another try.
4. The verdict, by the precedence Invalid > Unknown > Blocked > Suspended > OutOfSync > Synced.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from molthub.errors import Diagnostic
from molthub.planning import reasons, state, state_reasons
from molthub.planning.changes import make_change
from molthub.planning.permissions import widened
from molthub.planning.types import Action, Change, InstancePlan
from molthub.resources.identity import Identity
from molthub.resources.normal import fingerprint, normalise
from molthub.resources.observation import (
    Cause,
    Observation,
    ObservedInstance,
    ReadFailure,
    Rollout,
    RolloutState,
    SecretFacts,
)
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, Resource, ResourceSet, Role, Service

FAILED_STATES = (RolloutState.FAILED, RolloutState.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything one instance's plan depends on.

    name      as people say it: `workspace/environment/name`
    desired   what should be; None: the manifest is gone, nothing should be
    observed  what is; None: it was looked for and there is nothing of it
    failures  reads of the environment as a whole that failed
    paused    only the count is applied, and nothing is created
    invalid   errors of the manifest itself; desired is then not looked at, so it may be None
    blocking  what the caller knows to forbid it: guardrails, access, the deletion guard
    notices   warnings and live waivers
    failed    failed rollouts from the cloud's own history, newest first (`Provider.failed_rollouts`)
    secrets   facts of the linked secrets by name or ARN; None: they were not looked at
    backups   where backups of the state go and whether an upgrade waits for one; None: there is no vault
    """

    identity: Identity
    name: str
    desired: ResourceSet | None
    observed: ObservedInstance | None
    paused: bool = False
    invalid: tuple[Diagnostic, ...] = ()
    blocking: tuple[Diagnostic, ...] = ()
    notices: tuple[Diagnostic, ...] = ()
    failed: tuple[Rollout, ...] = ()
    failures: tuple[ReadFailure, ...] = ()
    secrets: Mapping[str, SecretFacts] | None = None
    backups: state.Backups | None = None

    @property
    def present(self) -> ResourceSet:
        """What is there, normalised; empty when nothing is."""
        return self.observed.resources if self.observed else ResourceSet()

    @property
    def rollout(self) -> Rollout | None:
        runtime = self.observed.runtime if self.observed else None
        return runtime.rollout if runtime else None

    @property
    def draining(self) -> bool:
        """A service that is being deleted: gone for every purpose but its name, which is still taken."""
        runtime = self.observed.runtime if self.observed else None
        return runtime is not None and runtime.status == "DRAINING"

    @property
    def kept(self) -> state.Kept | None:
        """What planning must know of the instance's state; None where it has no file system."""
        facts = self.observed.state if self.observed else None
        if facts is None:
            return None
        service = None if self.draining else self.present.service
        resources = dataclasses.replace(self.present, service=service)
        return state.Kept(facts, resources, self.rollout, self.failed, self.backups)


def plan_instance(request: PlanRequest) -> InstancePlan:
    """The plan of one instance. Pure and total: bad input becomes a verdict, never an exception."""
    if request.invalid:
        return _finish(request, Verdict.INVALID, why=(*request.invalid, *request.blocking))
    unknown = (*request.failures, *(request.observed.failures if request.observed else ()))
    if unknown:
        return _finish(request, Verdict.UNKNOWN, why=reasons.unread(unknown, request.name))
    changes = _changes(request)
    why = (*request.blocking, *_obstacles(request, changes))
    repairs = _undoing(request, why) or _repairs(request, why)
    told = state_reasons.notices(request.desired, repairs or changes, request.name)
    request = dataclasses.replace(request, notices=(*request.notices, *told))
    if repairs:
        warned = dataclasses.replace(request, notices=(*request.notices, *map(reasons.as_warning, why)))
        return _finish(warned, Verdict.OUT_OF_SYNC, changes=repairs)
    if why:
        shown = () if any(item.ref.startswith("MH-SEC-") for item in why) else changes  # never show a secret
        return _finish(request, Verdict.BLOCKED, changes=shown, why=why)
    if request.paused and request.desired is not None:
        return _finish(request, Verdict.SUSPENDED, changes=changes)
    failure = _failure_of_surroundings(request, changes)
    if failure is not None:
        again = reasons.tried_again(failure, request.name)
        request = dataclasses.replace(request, notices=(*request.notices, again))
    return _finish(request, Verdict.OUT_OF_SYNC if changes else Verdict.SYNCED, changes=changes)


def _repairs(request: PlanRequest, why: tuple[Diagnostic, ...]) -> tuple[Change, ...]:
    """What can be put right although the wanted definition failed before: drift around the one that is there.

    A rule that somebody added to the security group must not stay because a rollout failed. What the revision that
    runs may still need stays too: nothing that goes after a rollout is done.
    """
    present, desired = request.present, request.desired
    if {item.ref for item in why} != {reasons.FAILED_BEFORE} or desired is None or desired.service is None:
        return ()
    if present.service is None or present.task_definition is None:
        return ()
    held = _held(present, desired)
    kept = request.kept
    failed = present.service.task_definition == desired.service.task_definition
    repairs = state.with_backups(kept, held, _towards(request, held, keep=True))
    return tuple(c for c in repairs if not c.after_rollout and not (failed and c.restarts))


def _undoing(request: PlanRequest, why: tuple[Diagnostic, ...]) -> tuple[Change, ...]:
    """The way back from an upgrade that failed, on the state of before: what that failure blocks, it does not."""
    desired, kept = request.desired, request.kept
    if kept is None or desired is None or desired.service is None or request.paused:
        return ()
    if not {item.ref for item in why} <= {reasons.FAILED_BEFORE} or state.failed_upgrade(kept) is None:
        return ()
    return state.undoing(kept, desired)


def _held(present: ResourceSet, desired: ResourceSet) -> ResourceSet:
    """What should be, with the definition that is there, and with the way in (or without one) that belongs to it."""
    assert present.service is not None
    assert desired.service is not None
    service = dataclasses.replace(desired.service, task_definition=present.service.task_definition)
    held = dataclasses.replace(desired, task_definition=present.task_definition)
    if bool(service.load_balancers) != bool(present.service.load_balancers):
        service = dataclasses.replace(
            service,
            load_balancers=present.service.load_balancers,
            security_groups=present.service.security_groups,
            health_check_grace_seconds=present.service.health_check_grace_seconds,
        )
        held = dataclasses.replace(
            held,
            target_group=present.target_group,
            listener_rule=present.listener_rule,
            dns_record=present.dns_record,
        )
    return dataclasses.replace(held, service=service)


def wants_rollout(plan: InstancePlan) -> bool:
    """Whether the cloud's history of failures is worth a read before this plan is believed.

    It is when a definition would roll out, and when the last rollout failed, whose cause only the history tells.
    Plan again with `failed` then.
    """
    return any(change.restarts for change in plan.changes) or any(r.ref == reasons.FAILED_BEFORE for r in plan.reasons)


def observed_in(observation: Observation, identity: Identity) -> ObservedInstance:
    """One instance of an observation, with the failures of the environment as a whole added to its own."""
    found = observation.instances.get(identity) or ObservedInstance(identity)
    if not observation.failures:
        return found
    return dataclasses.replace(found, failures=(*found.failures, *observation.failures))


def _finish(
    request: PlanRequest, verdict: Verdict, *, changes: tuple[Change, ...] = (), why: tuple[Diagnostic, ...] = ()
) -> InstancePlan:
    back = state.fallback(request.kept, request.desired, changes) if verdict is Verdict.OUT_OF_SYNC else ()
    resume, unsaved = state.resumed(request.kept, changes), state.without_backup(changes)
    return InstancePlan(
        identity=request.identity,
        name=request.name,
        verdict=verdict,
        changes=changes,
        reasons=why,
        notices=request.notices,
        rollout_id=_rollout_under_way(request, changes),
        fingerprint=plan_fingerprint(changes, back, () if resume is None else (resume,), unsaved),
        fallback=back,
        resume=resume,
        without_backup=unsaved,
    )


def plan_fingerprint(changes: tuple[Change, ...], *otherwise: tuple[Change, ...]) -> str:
    """A digest of what the changes depend on: kind, action and both sides. Counts and events are in none of them.

    otherwise: what is done in place of them when a step fails
    """
    if not changes:
        return ""
    return fingerprint([_digested(changes), *(_digested(item) for item in otherwise if any(otherwise))])


def _digested(changes: tuple[Change, ...]) -> list[list[object]]:
    return [[c.kind.value, c.action.word, c.name, c.force, c.after_rollout, c.before, c.after] for c in changes]


def _rollout_under_way(request: PlanRequest, changes: tuple[Change, ...]) -> str | None:
    """The deployment to wait for: none when it is to go away, to stop, or to be superseded by a change."""
    rollout = request.rollout
    if rollout is None or rollout.state is not RolloutState.IN_PROGRESS:
        return None
    if request.desired is None or request.paused or request.draining:
        return None
    return None if any(change.restarts for change in changes) else rollout.deployment_id


# -- changes ----------------------------------------------------------------------------------------------


def _changes(request: PlanRequest) -> tuple[Change, ...]:
    if request.desired is None:
        return state.with_backups(request.kept, None, _deletions(request.present))
    if request.paused:
        return _stop(request)
    return state.with_backups(request.kept, request.desired, _towards(request, request.desired))


def _deletions(present: ResourceSet) -> tuple[Change, ...]:
    found = ((kind, present.get(kind)) for kind in reversed(Kind))
    return tuple(make_change(kind, resource, None) for kind, resource in found if resource is not None)


def _stop(request: PlanRequest) -> tuple[Change, ...]:
    """Paused: an existing service goes to no task; everything else stays as it is."""
    service = request.present.service
    if service is None or request.draining or service.desired_count == 0:
        return ()
    return (make_change(Kind.SERVICE, service, dataclasses.replace(service, desired_count=0)),)


def _towards(request: PlanRequest, desired: ResourceSet, *, keep: bool = False) -> tuple[Change, ...]:
    """Creates, updates and replacements in the order of Kind, then deletes of what is no longer wanted.

    Beside a rollout (or when told to keep it), what the revision before may need goes after it.
    """
    present = request.present
    forward: list[Change] = []
    backward: list[Change] = []
    service = _service_change(request, desired)
    keep = keep or _is_replacing(request, service)
    for kind in Kind:
        before, after = _normal(present.get(kind)), _normal(desired.get(kind))
        if kind is Kind.SERVICE:
            forward += [service] if service is not None and service.after is not None else []
        elif after is None and before is not None:
            backward.insert(0, make_change(kind, before, None, after_rollout=keep))
        elif after is not None and before != after:
            step = _step(before, after, request) if keep else after
            forward += [make_change(kind, before, step)] if before != step else []
            backward += [make_change(kind, step, after, after_rollout=True)] if step != after else []
    if service is not None and service.after is None:
        backward.insert(0, service)
    backward.sort(key=lambda change: change.after_rollout)
    return (*_free_the_group(forward, present, desired), *backward)


def _service_change(request: PlanRequest, desired: ResourceSet) -> Change | None:
    before, after = _normal(request.present.service), _normal(desired.service)
    if request.draining:
        before = None
    if before == after and not (after is not None and _try_again(request)):
        return None
    force = after is not None and _force(before, after, request)
    return make_change(Kind.SERVICE, before, after, force=force)


def _is_replacing(request: PlanRequest, service: Change | None) -> bool:
    """Whether a revision that may be gone back to is being replaced: now, or by the deployment under way."""
    if request.present.service is None or request.draining:
        return False
    if service is not None and service.restarts:
        return service.action is Action.UPDATE
    return request.rollout is not None and request.rollout.state is RolloutState.IN_PROGRESS


def _step(before: Resource | None, after: Resource, request: PlanRequest) -> Resource:
    """What the resource becomes before the rollout: a role keeps its permissions until that is over."""
    if isinstance(before, Role) and isinstance(after, Role) and before.path == after.path:
        return widened(before, after, secrets=request.secrets)
    return after


def _normal(resource: Resource | None) -> Resource | None:
    return None if resource is None else normalise(resource)


def _force(before: Resource | None, after: Resource, request: PlanRequest) -> bool:
    """Resuming from no task: the breaker guards only a new deployment, so one is forced with the count."""
    if not isinstance(before, Service) or not isinstance(after, Service):
        return False
    return (before.desired_count == 0 and after.desired_count > 0) or _try_again(request)


def _try_again(request: PlanRequest) -> bool:
    """The first deployment failed through no fault of its own: nothing differs, and still nothing runs."""
    rollout = request.rollout
    runtime = request.observed.runtime if request.observed else None
    if rollout is None or runtime is None:
        return False
    cause = next(_failures_of(request, rollout.task_definition), rollout).cause
    return rollout.state in FAILED_STATES and cause is Cause.SURROUNDINGS and runtime.running < runtime.desired


def _free_the_group(forward: list[Change], present: ResourceSet, desired: ResourceSet) -> list[Change]:
    """A security group goes only when no task holds it: its replacement takes the service away first.

    The service is deleted in front and created again at its own place.
    """
    replaced = any(c.kind is Kind.SECURITY_GROUP and c.action is Action.REPLACE for c in forward)
    if not replaced or present.service is None or desired.service is None:
        return forward
    others = [change for change in forward if change.kind is not Kind.SERVICE]
    gone = make_change(Kind.SERVICE, _normal(present.service), None)
    return [gone, *others, make_change(Kind.SERVICE, None, _normal(desired.service))]


# -- obstacles --------------------------------------------------------------------------------------------


def _obstacles(request: PlanRequest, changes: tuple[Change, ...]) -> tuple[Diagnostic, ...]:
    """What forbids carrying the changes out, as far as desired and observed tell."""
    found = [reasons.foreign(item, request.name) for item in (request.observed.foreign if request.observed else ())]
    found += state_reasons.obstacles(changes, request.name, backed_up=request.backups is not None)
    if request.desired is None:
        if request.observed is not None and request.observed.protected and changes:
            found.append(reasons.protected(request.name))
        return tuple(found)
    if request.paused:
        return tuple(found)  # stopping is the emergency brake: neither a failure nor a secret holds it up
    found += reasons.moved(changes, request.name)
    found += reasons.missing_secrets(request.desired, request.secrets, request.name)
    failure = _remembered_failure(request, changes)
    if failure is not None:
        found.append(reasons.failed_before(failure, request.name))
    return tuple(found)


def _remembered_failure(request: PlanRequest, changes: tuple[Change, ...]) -> Rollout | None:
    """The failed rollout of the very definition that is wanted, unless that definition runs or is rolling out."""
    service = request.desired.service if request.desired else None
    if service is None or not (any(change.restarts for change in changes) or _is_down(request)):
        return None
    same = _failures_of(request, service.task_definition)
    return next((item for item in same if item.cause is not Cause.SURROUNDINGS), None)


def _failure_of_surroundings(request: PlanRequest, changes: tuple[Change, ...]) -> Rollout | None:
    """The last failed rollout of the definition that is to be rolled out, unless a later one of it went well."""
    service = request.desired.service if request.desired else None
    if service is None or not any(change.restarts for change in changes):
        return None
    failure = next(_failures_of(request, service.task_definition), None)
    if failure is None or failure.cause is not Cause.SURROUNDINGS:
        return None
    current = request.rollout
    if current is None or current.state in FAILED_STATES or current.task_definition != service.task_definition:
        return failure
    return failure if failure.created_at > current.created_at else None


def _failures_of(request: PlanRequest, definition: str) -> Iterator[Rollout]:
    return (item for item in _failures(request) if item.task_definition == definition)


def _failures(request: PlanRequest) -> tuple[Rollout, ...]:
    """Every failed rollout known, newest first. Of the service's own last one the cause is a guess while the history
    was not read; where the history tells of the same definition, it wins.
    """
    current = request.rollout
    told = {rollout.task_definition for rollout in request.failed}
    if current is None or current.state not in FAILED_STATES or current.task_definition in told:
        return request.failed
    return (current, *request.failed)


def _is_down(request: PlanRequest) -> bool:
    """Fewer tasks than wanted, and no deployment that could still bring them."""
    runtime = request.observed.runtime if request.observed else None
    rolling = request.rollout is not None and request.rollout.state is RolloutState.IN_PROGRESS
    return runtime is not None and runtime.running < runtime.desired and not rolling
