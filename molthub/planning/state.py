"""What persistent state adds to a plan: backups before upgrades and deletions, and restores after a failed upgrade.

An upgrade of the image migrates the state, and migrations go forward only. So it is

    stop ─→ running 0 ─→ backup COMPLETED ─→ update, breaker's rollback off ─→ (completed) rollback on again
                                                 └─ failed ─→ restore ─→ the former definition ─→ rollback on again

Each step is told from what AWS has: the service's count, a recovery point that bears the pair (of, before) and is
newer than the deployment in service, the deployment's own state, and the recovery point that the active file system
was made of. A process that dies at any point is followed by a plan that goes on from there.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from molthub.planning.changes import make_change
from molthub.planning.types import Action, Change
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.observation import RecoveryPoint, Rollout, RolloutState, StateFacts
from molthub.resources.types import (
    BY_HAND,
    FINAL,
    Backup,
    Kind,
    ResourceSet,
    Restore,
    Role,
    Service,
    Step,
    TaskDefinition,
)

FAILED = (RolloutState.FAILED, RolloutState.ROLLED_BACK)
GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Backups:
    """vault (name) and role (ARN) of AWS Backup. upgrade: `required`, `bestEffort` or `off`."""

    vault: str
    role: str
    upgrade: str = "required"


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance that has a file system, as it is. present: normalised; service None while it is DRAINING.

    failed: deployments that failed, from the cloud's own history
    """

    facts: StateFacts
    present: ResourceSet
    rollout: Rollout | None
    failed: tuple[Rollout, ...]
    backups: Backups | None

    @property
    def current(self) -> str:
        """Fingerprint of what was rolled out last, whatever file system it names; "" when nothing was."""
        if self.rollout is not None and self.rollout.task_definition:
            return self.rollout.task_definition
        return self.present.service.task_definition if self.present.service else ""

    @property
    def since(self) -> datetime | None:
        """When what is in service was deployed."""
        return self.rollout.created_at if self.rollout else None

    def backup_before(self, before: str) -> RecoveryPoint | None:
        """The recovery point of what is in service, made before the step to `before`.

        Of a deletion, whose service may be gone, it is the one that names this deletion, as the file system does. What
        gave up its state and is rolled out already has nothing more to save: the point from before that counts.
        """
        if before == FINAL:
            return next((p for p in self.facts.points if p.final and p.final == self.facts.final), None)
        if self.current == before:
            return next((p for p in self.facts.points if p.before == before), None)
        for point in self.facts.points:
            fresh = self.since is None or point.created_at > self.since
            if point.before == before and fresh and point.of in (self.current, ""):
                return point
        return None


# -- backups before -------------------------------------------------------------------------------------------


def with_backups(kept: Kept | None, desired: ResourceSet | None, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes with a stop and a backup in front, where one of them puts the state at risk."""
    if kept is None or kept.backups is None:
        return changes
    before = _risk(kept, desired, changes)
    if before is None:
        return _deferred(kept, changes)
    required = desired is None or desired.file_system is None or kept.backups.upgrade == "required"
    upgrade = desired is not None and desired.file_system is not None
    front = () if kept.backup_before(before) else (*_stopped(kept), _backup(kept, before, required=required))
    stopped = bool(front) and kept.present.service is not None
    rest = [_onto_stopped(change, upgrade=upgrade, stopped=stopped) for change in changes]
    last = [_breaker_back(change) for change in rest if upgrade and _updates_service(change)]
    ordinary = [change for change in rest if not change.after_rollout]
    return (*front, *ordinary, *(change for change in rest if change.after_rollout), *last)


def without_backup(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """What follows a backup that is not required when it fails: the same, but ECS goes back by itself.

    There is no state to go back to, so nothing is gained by keeping ECS from it, and this process may die.
    """
    if not any(isinstance(change.after, Backup) and not change.after.required for change in changes):
        return ()
    place = next(index for index, change in enumerate(changes) if isinstance(change.after, Backup))
    return tuple(_breaker_on(change) for change in changes[place + 1 :] if not _only_breaker_back(change))


def _only_breaker_back(change: Change) -> bool:
    return change.after_rollout and [item.path for item in change.attributes] == ["breaker_rollback"]


def _breaker_on(change: Change) -> Change:
    if not _updates_service(change) or not isinstance(change.after, Service):
        return change
    after = normalise(dataclasses.replace(change.after, breaker_rollback=True))
    return make_change(Kind.SERVICE, change.before, after, force=change.force)


def _risk(kept: Kept, desired: ResourceSet | None, changes: tuple[Change, ...]) -> str | None:
    """What the state is to be backed up before: a fingerprint, FINAL, or None for nothing."""
    if desired is None:
        return FINAL if any(c.kind is Kind.FILE_SYSTEM and c.action is Action.DELETE for c in changes) else None
    service = desired.service
    if service is None:
        return None
    if desired.file_system is None:
        gone = any(c.kind is Kind.FILE_SYSTEM and c.action is Action.DELETE for c in changes)
        return service.task_definition if gone else None
    rolls = any(_updates_service(change) and change.restarts for change in changes)
    off = kept.backups is None or kept.backups.upgrade == "off"
    if not rolls or off or kept.current == service.task_definition:
        return None
    return service.task_definition if _image(kept.present.task_definition) != _image(desired.task_definition) else None


def _image(definition: TaskDefinition | None) -> str:
    containers = definition.containers if definition else ()
    return next((item.image for item in containers if item.name == GATEWAY), "")


def _updates_service(change: Change) -> bool:
    return change.kind is Kind.SERVICE and change.action is Action.UPDATE and not change.after_rollout


def _stopped(kept: Kept) -> tuple[Change, ...]:
    service = kept.present.service
    if service is None or service.desired_count == 0:
        return ()
    return (make_change(Kind.SERVICE, service, dataclasses.replace(service, desired_count=0)),)


def _backup(kept: Kept, before: str, *, required: bool) -> Change:
    assert kept.backups is not None
    assert kept.present.file_system is not None
    name = kept.present.file_system.name
    after = Backup(
        file_system=name,
        vault=kept.backups.vault,
        role=kept.backups.role,
        of=kept.current,
        before=before,
        service=kept.present.service.name if kept.present.service else name,
        required=required,
    )
    return Change(Action.CREATE, Step.BACKUP, name, None, after)


def _onto_stopped(change: Change, *, upgrade: bool, stopped: bool) -> Change:
    """A service's change as it is made from no task, and without a way for ECS to go back by itself."""
    if not _updates_service(change) or not isinstance(change.before, Service) or not isinstance(change.after, Service):
        return change
    before = dataclasses.replace(change.before, desired_count=0) if stopped else change.before
    after = dataclasses.replace(change.after, breaker_rollback=False) if upgrade else change.after
    return make_change(Kind.SERVICE, normalise(before), normalise(after), force=after.desired_count > 0)


def _breaker_back(change: Change) -> Change:
    """The breaker rolls back again, once the rollout is over."""
    assert isinstance(change.after, Service)
    return make_change(
        Kind.SERVICE, change.after, dataclasses.replace(change.after, breaker_rollback=True), after_rollout=True
    )


def _deferred(kept: Kept, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """While an upgrade rolls out, the breaker's rollback stays off."""
    if kept.rollout is None or kept.rollout.state is not RolloutState.IN_PROGRESS:
        return changes
    return tuple(
        dataclasses.replace(change, after_rollout=True) if _only_breaker(change) else change for change in changes
    )


def _only_breaker(change: Change) -> bool:
    return _updates_service(change) and [item.path for item in change.attributes] == ["breaker_rollback"]


def resumed(kept: Kept | None, changes: tuple[Change, ...]) -> Change | None:
    """What starts the Moltbot again as it was, should the backup in front of an upgrade fail."""
    service = kept.present.service if kept else None
    stops = [c for c in changes if isinstance(c.after, Backup) and c.after.before != FINAL and c.after.required]
    if service is None or not stops or service.desired_count == 0:
        return None
    return make_change(Kind.SERVICE, dataclasses.replace(service, desired_count=0), service, force=True)


# -- restores after -------------------------------------------------------------------------------------------


def failed_upgrade(kept: Kept | None) -> RecoveryPoint | None:
    """The recovery point to go back to: of the state before the definition in service, whose rollout failed."""
    if kept is None or kept.rollout is None or kept.facts.earlier is None:
        return None
    state = kept.rollout.state
    told = any(item.deployment_id == kept.rollout.deployment_id for item in kept.failed)
    if state not in FAILED and not told:
        return None
    return _point_before(kept)


def _point_before(kept: Kept) -> RecoveryPoint | None:
    """The recovery point that was made for the deployment in service, if it is the last one made for any.

    What was gone back to has a point of its own, of its former upgrade: to go on to that would lose what was learned
    since.
    """
    since = kept.since
    if since is None:
        return None
    last = next((p for p in kept.facts.points if p.created_at < since and _of_an_upgrade(p)), None)
    return last if last is not None and last.before == kept.current else None


def _of_an_upgrade(point: RecoveryPoint) -> bool:
    return bool(point.before) and point.before != FINAL and not point.before.startswith(BY_HAND)


def undoing(kept: Kept, desired: ResourceSet) -> tuple[Change, ...]:
    """Back to the definition before, on the state of before. All but the definition is as desired."""
    point, earlier = _point_before(kept), kept.facts.earlier
    wanted, service = desired.file_system, desired.service
    if point is None or earlier is None or wanted is None or service is None or kept.backups is None:
        return ()
    done = kept.facts.restored_from == point.arn
    restore = Restore(wanted, kept.backups.vault, kept.backups.role, point=point.arn)
    changes = [] if done else [Change(Action.CREATE, Step.RESTORE, wanted.name, None, restore)]
    return (*changes, *_going_back(kept.present, desired.task_role, service, earlier))


def fallback(kept: Kept | None, desired: ResourceSet | None, changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """What is done when the rollout of these changes, or the one under way, fails."""
    if kept is None or desired is None or desired.file_system is None or desired.service is None:
        return ()
    if not any(_updates_service(change) and change.restarts for change in changes):
        return undoing(kept, desired) if _is_rolling(kept) else ()
    if not any(isinstance(change.after, Service) and not change.after.breaker_rollback for change in changes):
        return ()
    former = kept.present.task_definition
    if former is None or kept.backups is None:
        return ()
    pair = {"of": kept.current, "before": desired.service.task_definition}
    restore = Restore(desired.file_system, kept.backups.vault, kept.backups.role, **pair)
    step = Change(Action.CREATE, Step.RESTORE, desired.file_system.name, None, restore)
    return (step, *_going_back(desired, desired.task_role, desired.service, former))


def _is_rolling(kept: Kept) -> bool:
    return kept.rollout is not None and kept.rollout.state is RolloutState.IN_PROGRESS


def _going_back(
    there: ResourceSet, wanted_role: Role | None, service: Service, former: TaskDefinition
) -> tuple[Change, ...]:
    """The former definition registered on the restored file system, rolled out, and the breaker whole again.

    wanted_role: the one that is there may name the file system that was replaced, by its id.
    """
    target = normalise(dataclasses.replace(service, task_definition=task_fingerprint(former), breaker_rollback=False))
    before = normalise(there.service or service)
    updated = make_change(Kind.SERVICE, before, target, force=True)
    held = wanted_role  # by name nothing may differ, but what the name of the file system stands for
    role = () if held is None else (make_change(Kind.TASK_ROLE, there.task_role or held, held),)
    return (
        *role,
        make_change(Kind.TASK_DEFINITION, there.task_definition, former),
        updated,
        _breaker_back(updated),
    )
