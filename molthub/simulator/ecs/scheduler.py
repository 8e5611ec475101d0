"""The service scheduler: brings the tasks of a service to its desired count, one deployment after another.

    update ─→ new PRIMARY, old ACTIVE ─→ old tasks stop, new start (minimum/maximum percent)
                                          ├─ all healthy, old gone ─→ COMPLETED
                                          └─ failures ≥ threshold ─→ FAILED ─→ rollback to the last COMPLETED

Every change ends in `reconcile`, which looks at the whole service anew and is safe to call at any time.
The arithmetic of the circuit breaker is in `breaker.py`, the life of one task in `lifecycle.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from molthub.simulator.ecs import state
from molthub.simulator.ecs.breaker import breaker_of, threshold_of
from molthub.simulator.ecs.engine import Engine
from molthub.simulator.ecs.lifecycle import TaskRunner
from molthub.simulator.ecs.state import Definition, Deployment, History, Json, Region, Revision, Service, Task

STEADY = "has reached a steady state"
FAILED_REASON = "ECS deployment circuit breaker: tasks failed to start."


class Scheduler:
    """One scheduler for all services of the engine."""

    def __init__(self, engine: Engine, find_definition: Callable[[Region, str], Definition]) -> None:
        self._engine = engine
        self._find_definition = find_definition
        self._runner = TaskRunner(
            engine, on_healthy=self._task_healthy, on_failed=self._task_failed, on_stopped=self.reconcile
        )

    def deploy(self, region: Region, service: Service, spec: Json) -> Deployment:
        """Start a deployment of spec: a new revision, a new PRIMARY."""
        number = self._engine.ids.digits()
        path = f"{service.cluster.name}/{service.name}"
        revision = Revision(region.arn(f"service-revision/{path}/{number}"), number, spec, self._engine.now)
        sources = [service.completed.revision] if service.completed else []
        history = History(
            arn=region.arn(f"service-deployment/{path}/{self._engine.ids.word()}"),
            target=revision,
            sources=sources,
            created_at=self._engine.now,
            configuration=service.settings["deploymentConfiguration"],
            updated_at=self._engine.now,
        )
        service.revisions.append(revision)
        if service.deployments:
            self._end_history(service.primary.history, "STOPPED", "A newer service deployment started.")
        service.history.append(history)
        return self._make_primary(service, revision, history, number)

    def roll_back(self, region: Region, service: Service, *, reason: str, failed_reason: str) -> bool:
        """Fail the PRIMARY and return to the last completed deployment. False when there is none."""
        failed = service.primary
        failed.rollout_state, failed.reason, failed.updated_at = state.FAILED, failed_reason, self._engine.now
        target = service.completed
        if target is None or failed.is_rollback:
            self._end_history(failed.history, "ROLLBACK_FAILED" if failed.is_rollback else "STOPPED", reason)
            return False
        history = failed.history
        history.status, history.rollback_reason = "ROLLBACK_IN_PROGRESS", reason
        history.rollback_started_at = history.updated_at = self._engine.now
        history.rollback_to, history.reason = target.revision, reason
        self.event(service, f"(service {service.name}) rolling back to deployment {target.id}.")
        deployment = self._make_primary(service, target.revision, history, self._engine.ids.digits())
        deployment.is_rollback = True
        deployment.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {target.id}."
        self.reconcile(region, service)
        return True

    def drain(self, region: Region, service: Service) -> None:
        """DeleteService: DRAINING until every task has gone, then INACTIVE."""
        service.status = state.DRAINING
        service.desired = 0
        self.reconcile(region, service)

    def reconcile(self, region: Region, service: Service) -> None:
        """Stop what is too much, start what is missing, and notice what is finished."""
        if service.status == state.INACTIVE:
            return
        if service.status == state.DRAINING or service.desired == 0:
            self._stop(region, service, [task for task in service.live_tasks if task.wanted])
        elif not service.primary.stalled:
            self._stop_surplus(region, service)
            self._launch_missing(region, service)
        self._drop_replaced(service)
        self._check_finished(region, service)

    def event(self, service: Service, message: str) -> None:
        """A line in the service's own log."""
        service.events.appendleft((self._engine.now, self._engine.ids.uuid(), message))

    def stop_task(self, region: Region, service: Service, task: Task, reason: str) -> None:
        """A person stops a task: the service starts another."""
        self._runner.stop(region, service, task, code="UserInitiated", reason=reason)

    def _make_primary(self, service: Service, revision: Revision, history: History, number: str) -> Deployment:
        deployment = Deployment(
            id=f"ecs-svc/{number}",
            revision=revision,
            history=history,
            created_at=self._engine.now,
            updated_at=self._engine.now,
        )
        deployment.reason = f"ECS deployment {deployment.id} in progress."
        for older in service.deployments:
            older.status = "ACTIVE"
        service.deployments.insert(0, deployment)
        return deployment

    def _stop_surplus(self, region: Region, service: Service) -> None:
        wanted = [task for task in service.live_tasks if task.wanted]
        new = [task for task in wanted if task.deployment is service.primary]
        old = [task for task in wanted if task.deployment is not service.primary]
        surplus = new[service.desired :]
        healthy = sum(task.healthy for task in wanted) - sum(task.healthy for task in surplus)
        floor = math.ceil(service.desired * _percent(service, "minimumHealthyPercent", 100) / 100)
        for task in sorted(old, key=lambda item: item.healthy):
            if task.healthy and healthy - 1 < floor:
                break
            healthy -= task.healthy
            surplus.append(task)
        self._stop(region, service, surplus)

    def _stop(self, region: Region, service: Service, tasks: list[Task]) -> None:
        reason = f"Scaling activity initiated by (deployment {service.primary.id})"
        for task in tasks:
            self._runner.stop(region, service, task, code="ServiceSchedulerInitiated", reason=reason)
        if tasks:
            self.event(service, f"(service {service.name}) has stopped {_tasks_text(tasks)}.")

    def _launch_missing(self, region: Region, service: Service) -> None:
        primary = service.primary
        if self._engine.now < primary.retry_at:
            return
        new = [task for task in service.live_tasks if task.wanted and task.deployment is primary]
        ceiling = max(1, math.floor(service.desired * _percent(service, "maximumPercent", 200) / 100))
        room = ceiling - len(service.live_tasks)
        launched: list[Task] = []
        definition = self._find_definition(region, primary.revision.spec["taskDefinition"])
        for _ in range(min(room, service.desired - len(new))):
            problem = self._role_problem(region, definition)
            if problem is not None:
                self.event(service, f"(service {service.name}) failed to launch a task with (error {problem}).")
                self._count_failure(region, service, primary)
                return
            full = self._engine.surroundings.capacity_problem(region, float(definition.content["cpu"]))
            if full is not None:
                self.event(service, f"(service {service.name}) was unable to place a task. Reason: {full}")
                self._count_failure(region, service, primary)
                return
            launched.append(self._runner.launch(region, service, primary, definition))
        if launched:
            self.event(service, f"(service {service.name}) has started {_tasks_text(launched)}.")

    def _role_problem(self, region: Region, definition: Definition) -> str | None:
        for key in ("executionRoleArn", "taskRoleArn"):
            arn = definition.content.get(key)
            problem = self._engine.surroundings.assume_problem(region.account, arn) if arn else None
            if problem is not None:
                return problem
        return None

    def _drop_replaced(self, service: Service) -> None:
        """A replaced deployment leaves the list with its last task; a failed one stays until the next completes."""
        busy = {task.deployment.id for task in service.live_tasks}
        service.deployments = [
            item
            for item in service.deployments
            if item is service.primary or item.id in busy or (item.stalled and service.primary.is_rollback)
        ]

    def _check_finished(self, region: Region, service: Service) -> None:
        if service.status == state.DRAINING:
            if not service.live_tasks:
                self._engine.agenda.after(self._engine.timings.drained, lambda: self._deactivate(service))
            return
        primary = service.primary
        if primary.rollout_state == state.COMPLETED and _is_steady(service) and not _was_steady(service):
            self.event(service, f"(service {service.name}) {STEADY}.")
        if primary.rollout_state != state.IN_PROGRESS or primary.settling or not _is_steady(service):
            return
        if service.desired == 0:  # with nothing to start, a deployment completes at once, untested
            self._complete(region, service, primary)
            return
        primary.settling = True
        self._engine.agenda.after(self._engine.timings.steady, lambda: self._settle(region, service, primary))

    def _settle(self, region: Region, service: Service, deployment: Deployment) -> None:
        deployment.settling = False
        if service.status == state.ACTIVE and service.primary is deployment and _is_steady(service):
            self._complete(region, service, deployment)

    def _complete(self, region: Region, service: Service, deployment: Deployment) -> None:
        deployment.rollout_state = state.COMPLETED
        deployment.reason = f"ECS deployment {deployment.id} completed."
        deployment.updated_at = self._engine.now
        service.deployments = [deployment, *(item for item in service.deployments[1:] if _has_tasks(service, item))]
        service.completed = deployment
        self._end_history(deployment.history, "ROLLBACK_SUCCESSFUL" if deployment.is_rollback else "SUCCESSFUL", None)
        self.event(service, f"(service {service.name}) (deployment {deployment.id}) deployment completed.")
        self.event(service, f"(service {service.name}) {STEADY}.")
        self.reconcile(region, service)

    def _deactivate(self, service: Service) -> None:
        if service.status == state.DRAINING and not service.live_tasks:
            service.status = state.INACTIVE
            service.deployments = []

    def _end_history(self, history: History, status: str, reason: str | None) -> None:
        """Close a service deployment; one that is closed already stays as it is."""
        if history.finished_at is not None or history.stopped_at is not None:
            return
        history.status, history.updated_at = status, self._engine.now
        history.reason = reason or history.reason
        if status in {"SUCCESSFUL", "ROLLBACK_SUCCESSFUL"}:
            history.finished_at = self._engine.now
        else:
            history.stopped_at = history.finished_at = self._engine.now

    def _task_healthy(self, region: Region, service: Service, task: Task) -> None:
        task.deployment.launches_failed = 0
        rolling = task.deployment.rollout_state == state.IN_PROGRESS
        if rolling and breaker_of(service).get("resetOnHealthyTask", True):
            _counted(task.deployment, 0)
        self.reconcile(region, service)

    def _task_failed(self, region: Region, service: Service, task: Task) -> None:
        if task.stop_code == "ServiceSchedulerInitiated":
            name = f"(task {task.arn.rpartition('/')[2]})"
            self.event(service, f"(service {service.name}) {name} failed container health checks.")
        if task.deployment is service.primary:
            self._count_failure(region, service, task.deployment, counts=not task.uncounted)

    def _count_failure(self, region: Region, service: Service, deployment: Deployment, *, counts: bool = True) -> None:
        """One more task that did not make it: wait a little longer before the next, or trip the breaker."""
        timings = self._engine.timings
        deployment.launches_failed += 1
        delay = min(timings.retry_limit, timings.retry * 2 ** (deployment.launches_failed - 1))
        deployment.retry_at = self._engine.now + delay
        self._engine.agenda.after(delay, lambda: self.reconcile(region, service))
        if deployment.rollout_state != state.IN_PROGRESS or not counts:
            return
        _counted(deployment, deployment.failures + 1)
        deployment.updated_at = self._engine.now
        if breaker_of(service).get("enable") and deployment.failures >= threshold_of(service):
            self._trip(region, service, deployment)

    def _trip(self, region: Region, service: Service, deployment: Deployment) -> None:
        name = f"(service {service.name}) (deployment {deployment.id})"
        self.event(service, f"{name} deployment failed: tasks failed to start.")
        deployment.history.tripped = True
        if breaker_of(service).get("rollback"):
            self.roll_back(region, service, reason=FAILED_REASON, failed_reason=FAILED_REASON)
            return
        deployment.rollout_state, deployment.reason = state.FAILED, FAILED_REASON
        self._end_history(deployment.history, "STOPPED", FAILED_REASON)

    def abort(self, service: Service, reason: str) -> None:
        """Stop the PRIMARY where it stands, without a rollback."""
        service.primary.rollout_state, service.primary.reason = state.FAILED, reason
        self._end_history(service.primary.history, "STOPPED", reason)


def _counted(deployment: Deployment, failures: int) -> None:
    """What the breaker counts now; a rollback's own failures are none of the deployment that it undoes."""
    deployment.failures = failures
    if deployment.history.target is deployment.revision:
        deployment.history.failures = failures


def _percent(service: Service, name: str, default: int) -> int:
    return int(service.settings["deploymentConfiguration"].get(name, default))


def _tasks_text(tasks: list[Task]) -> str:
    names = " ".join(f"(task {task.arn.rpartition('/')[2]})" for task in tasks)
    return f"{len(tasks)} {'running ' if tasks[0].stop_code else ''}tasks: {names}"


def _has_tasks(service: Service, deployment: Deployment) -> bool:
    return any(task.deployment is deployment for task in service.live_tasks)


def _is_steady(service: Service) -> bool:
    """As many healthy tasks of the PRIMARY as desired, and no others left."""
    live = service.live_tasks
    mine = [task for task in live if task.deployment is service.primary and task.healthy and task.wanted]
    return len(live) == len(mine) == service.desired


def _was_steady(service: Service) -> bool:
    """Whether no task came or went since the service said that it is steady."""
    for _, _, message in service.events:
        if STEADY in message:
            return True
        if "has started" in message or "has stopped" in message:
            return False
    return True
