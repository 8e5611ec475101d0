"""One task's life: attach, prepare, pull, init containers, run, become healthy, end.

    PROVISIONING ─attach→ PENDING ─prepare, pull, init→ RUNNING ─→ healthy
                              └──────── fails to start ────────→ STOPPED ←─ crashes, unhealthy, stopped

Wordings of reasons: "Stopped tasks error codes" and "CannotPullContainer" pages of the ECS developer guide.
"""

from __future__ import annotations

from collections.abc import Callable

from molthub.simulator.ecs.engine import Engine
from molthub.simulator.ecs.images import Behaviour
from molthub.simulator.ecs.state import Container, Definition, Deployment, Json, Region, Service, Task
from molthub.simulator.task_logs import Moment

ESSENTIAL_EXITED = "Essential container in task exited"
FAILED_TO_START = "Task failed to start"
FAILED_HEALTH_CHECKS = "Task failed container health checks"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
KILLED, TERMINATED = 137, 143

TaskEvent = Callable[[Region, Service, Task], None]


class TaskRunner:
    """Lets tasks live. Tells of every one that became healthy, failed or stopped."""

    def __init__(
        self,
        engine: Engine,
        *,
        on_healthy: TaskEvent,
        on_failed: TaskEvent,
        on_stopped: Callable[[Region, Service], None],
    ) -> None:
        self._engine = engine
        self._on_healthy = on_healthy
        self._on_failed = on_failed
        self._on_stopped = on_stopped

    def launch(self, region: Region, service: Service, deployment: Deployment, definition: Definition) -> Task:
        """Start a task of this deployment."""
        task = self._new_task(region, service, deployment, definition)
        service.tasks[task.arn] = task
        region.tasks[task.arn] = task
        life = _Life(self._engine, region, service, task, self)
        self._engine.agenda.after(self._engine.timings.attach, life.attach)
        return task

    def stop(self, region: Region, service: Service, task: Task, *, code: str, reason: str) -> None:
        """Ask a task to end: SIGTERM, and STOPPED a little later."""
        if not task.wanted:
            return
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.stopping_at = self._engine.now
        task.healthy = False
        if task.last_status == "RUNNING":
            task.last_status = "DEACTIVATING"
        life = _Life(self._engine, region, service, task, self)
        life.says(Moment.STOPPING)
        life.drain()
        slowest = self._engine.surroundings.draining_seconds(region, task.balancers)
        self._engine.agenda.after(self._engine.timings.stop + slowest, life.finish)

    def failed(self, region: Region, service: Service, task: Task) -> None:
        self._on_failed(region, service, task)

    def healthy(self, region: Region, service: Service, task: Task) -> None:
        self._on_healthy(region, service, task)

    def stopped(self, region: Region, service: Service) -> None:
        self._on_stopped(region, service)

    def _new_task(self, region: Region, service: Service, deployment: Deployment, definition: Definition) -> Task:
        ids = self._engine.ids
        network = deployment.revision.spec["networkConfiguration"]["awsvpcConfiguration"]
        containers = [
            Container(item["name"], item["image"], f"{ids.hexadecimal(32)}-{ids.digits(10)}")
            for item in definition.content["containerDefinitions"]
        ]
        return Task(
            arn=region.arn(f"task/{service.cluster.name}/{ids.hexadecimal(32)}"),
            deployment=deployment,
            definition=definition,
            containers=containers,
            created_at=self._engine.now,
            subnet=network["subnets"][len(service.tasks) % len(network["subnets"])],
            groups=tuple(network.get("securityGroups", ())),
            interface=f"eni-{ids.hexadecimal(17)}",
            tags=_task_tags(service, definition),
            execute_command=bool(service.settings.get("enableExecuteCommand")),
        )


def _task_tags(service: Service, definition: Definition) -> dict[str, str]:
    """Tags propagate when a task is created, and only then."""
    tags: dict[str, str] = {}
    if service.settings.get("enableECSManagedTags"):
        tags |= {"aws:ecs:clusterName": service.cluster.name, "aws:ecs:serviceName": service.name}
    propagate = service.settings.get("propagateTags", "NONE")
    if propagate == "SERVICE":
        tags |= service.tags
    elif propagate == "TASK_DEFINITION":
        tags |= definition.tags
    return tags


class _Life:
    """The steps of one task, each due some time after the one before."""

    def __init__(self, engine: Engine, region: Region, service: Service, task: Task, runner: TaskRunner) -> None:
        self._engine = engine
        self._region = region
        self._service = service
        self._task = task
        self._runner = runner
        self._behaviour = engine.images.worst_of([container.image for container in task.containers])

    def drain(self) -> None:
        """The load balancers send nothing new any more."""
        self._mark("draining")

    def says(self, moment: Moment) -> None:
        """Its running containers write what they say at such a moment; before they run, those that prepare do."""
        preparing = moment in {Moment.PREPARED, Moment.REFUSED}
        engine, task = self._engine, self._task
        for container in self._init_containers() if preparing else self._main_containers():
            if preparing or container.last_status == "RUNNING":
                engine.surroundings.log(
                    self._region,
                    self._definition_of(container),
                    task=task.arn.rpartition("/")[2],
                    moment=moment,
                    date=engine.date_of(engine.now),
                )

    def _mark(self, state: str | None) -> None:
        self._engine.surroundings.mark_target(self._task.balancers, self._task.address, state)

    def attach(self) -> None:
        if self._task.wanted:
            self._task.last_status = "PENDING"
            self._later(self._engine.timings.prepare, self._prepare)

    def _prepare(self) -> None:
        content, task = self._task.definition.content, self._task
        around = self._engine.surroundings
        problem = around.startup_problem(self._region, content)
        problem = problem or around.mount_problem(self._region, content, task.subnet, task.groups)
        if problem is not None:
            self._fail(code="TaskFailedToStart", reason=problem)
        else:
            self._later(self._engine.timings.pull, self._pull)

    def _pull(self) -> None:
        if self._behaviour is Behaviour.CANNOT_PULL:
            culprit = next(
                item
                for item in self._task.containers
                if self._engine.images.behaviour_of(item.image) is Behaviour.CANNOT_PULL
            )
            reason = (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {culprit.image}: {culprit.image}: not found"
            )
            culprit.reason = reason
            self._fail(code="TaskFailedToStart", reason=reason)
            return
        duration = self._engine.timings.init * len(self._init_containers())
        self._later(duration, self._initialised)

    def _initialised(self) -> None:
        inits = self._init_containers()
        for container in inits:
            container.last_status, container.exit_code = "STOPPED", 0
        refused = bool(inits) and self._behaviour is Behaviour.INIT_FAILS
        self.says(Moment.REFUSED if refused else Moment.PREPARED)
        if refused:
            inits[0].exit_code = 1
            self._fail(code="TaskFailedToStart", reason=FAILED_TO_START)
            return
        self._task.last_status = "RUNNING"
        self._task.started_at = self._engine.now
        self._engine.surroundings.gateway_runs(self._region, self._task.definition.content)
        for container in self._main_containers():
            container.last_status = "RUNNING"
            if self._definition_of(container).get("healthCheck"):
                container.health = "UNKNOWN"
        self.says(Moment.STARTED)
        self._mark("initial")
        self._run()

    def _run(self) -> None:
        timings = self._engine.timings
        if self._behaviour is Behaviour.CRASH:
            self._later(timings.crash, self._crash)
        elif self._behaviour is Behaviour.FLAPS:
            self._task.uncounted = True
            self._later(timings.flaps, self._crash)
        elif self._behaviour is Behaviour.OUT_OF_MEMORY:
            self._later(timings.crash, self._out_of_memory)
        elif self._behaviour is Behaviour.UNHEALTHY and self._checks():
            self._later(max(_unhealthy_after(check) for check in self._checks()), self._unhealthy)
        else:
            checks = [float(check.get("interval", 30)) for check in self._checks()]
            own = max(checks, default=timings.healthy_without_check)
            balanced = self._engine.surroundings.target_seconds(self._region, self._task.balancers)
            self._later(max(own, balanced), self._healthy)
        if self._behaviour is Behaviour.EXITS_LATER:
            self._later(timings.exits_later, self._crash)

    def _healthy(self) -> None:
        self._task.healthy = True
        self.says(Moment.READY)
        self._mark("healthy")
        for container in self._main_containers():
            if container.health:
                container.health = "HEALTHY"
        self._runner.healthy(self._region, self._service, self._task)

    def _crash(self) -> None:
        self.says(Moment.CRASHED)
        self._main_containers()[0].exit_code = 1
        self._fail(code="EssentialContainerExited", reason=ESSENTIAL_EXITED)

    def _out_of_memory(self) -> None:
        main = self._main_containers()[0]
        main.exit_code, main.reason = KILLED, OUT_OF_MEMORY
        self._fail(code="EssentialContainerExited", reason=ESSENTIAL_EXITED)

    def _unhealthy(self) -> None:
        for container in self._main_containers():
            if container.health:
                container.health = "UNHEALTHY"
        self._fail(code="ServiceSchedulerInitiated", reason=FAILED_HEALTH_CHECKS)

    def _fail(self, *, code: str, reason: str) -> None:
        """The task ends by itself."""
        task = self._task
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.stopping_at = self._engine.now
        task.healthy = False
        task.last_status = "DEPROVISIONING"
        self.drain()
        self._runner.failed(self._region, self._service, task)
        self._engine.agenda.after(self._engine.timings.die, self.finish)

    def finish(self) -> None:
        """STOPPED. The network interface goes a while later, the memory of the task after about an hour."""
        task, region = self._task, self._region
        for container in task.containers:
            if container.last_status == "RUNNING" and container.exit_code is None:
                container.exit_code = TERMINATED
            container.last_status = "STOPPED"
        task.last_status = "STOPPED"
        self._mark(None)
        task.stopped_at = self._engine.now
        region.held_interfaces[task.arn] = self._engine.now + self._engine.timings.interface
        self._engine.agenda.after(self._engine.timings.interface, lambda: _drop(region.held_interfaces, task.arn))
        self._engine.agenda.after(self._engine.timings.forget, self._forget)
        self._runner.stopped(region, self._service)

    def _forget(self) -> None:
        _drop(self._region.tasks, self._task.arn)
        _drop(self._service.tasks, self._task.arn)

    def _later(self, seconds: float, step: Callable[[], None]) -> None:
        """Go on in a while, unless the task was stopped in the meantime."""
        self._engine.agenda.after(seconds, lambda: step() if self._task.wanted else None)

    def _definition_of(self, container: Container) -> Json:
        definitions: list[Json] = self._task.definition.content["containerDefinitions"]
        return next(item for item in definitions if item["name"] == container.name)

    def _init_containers(self) -> list[Container]:
        """Those that another container waits for to end."""
        awaited = {
            dependency["containerName"]
            for item in self._task.definition.content["containerDefinitions"]
            for dependency in item.get("dependsOn", ())
            if dependency["condition"] in {"SUCCESS", "COMPLETE"}
        }
        return [container for container in self._task.containers if container.name in awaited]

    def _main_containers(self) -> list[Container]:
        inits = {container.name for container in self._init_containers()}
        return [container for container in self._task.containers if container.name not in inits]

    def _checks(self) -> list[Json]:
        found = (self._definition_of(container).get("healthCheck") for container in self._main_containers())
        return [check for check in found if check]


def _unhealthy_after(check: Json) -> float:
    """Seconds of RUNNING until a failing health check makes the container unhealthy (defaults: ECS's)."""
    return float(check.get("startPeriod", 0)) + float(check.get("interval", 30)) * float(check.get("retries", 3))


def _drop(mapping: dict[str, object] | dict[str, float] | dict[str, Task], key: str) -> None:
    mapping.pop(key, None)
