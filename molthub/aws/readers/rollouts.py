"""Rollouts judged by their deployment: where one stands, which ones failed and why, and how to end one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from molthub.aws.api import Api
from molthub.aws.errors import NOT_FOUND, unknown_rollout
from molthub.aws.lookup import Lookup
from molthub.aws.readers import history, services
from molthub.aws.readers.restarts import LOOP, read_stopped, starts_since
from molthub.aws.readers.stopped_tasks import Finding, diagnose, init_containers, placement_failure
from molthub.aws.readers.task_definitions import TaskDefinitionCache, fingerprint_of, read_revision, secret_values
from molthub.provider.protocols import Location
from molthub.resources.identity import Identity, names_of
from molthub.resources.observation import Cause, Rollout, RolloutState

Raw = Mapping[str, Any]
OVER = NOT_FOUND | {"InvalidParameterException", "ConflictException", "ClientException"}
"""What StopServiceDeployment answers for one that is over, or is being stopped already."""
FAILURES = (RolloutState.FAILED, RolloutState.ROLLED_BACK)
SUPERSEDED = "stopped because a newer deployment began"


@dataclass(frozen=True, slots=True)
class RolloutReader:
    """Reads and ends rollouts of one environment's services."""

    api: Api
    location: Location
    lookup: Lookup
    cache: TaskDefinitionCache

    def rollout(self, identity: Identity, rollout_id: str) -> Rollout:
        """One deployment, from the service's own list or, when it has left that, from ECS's history.

        While it is under way a cause is set only when there is no doubt: then it may be ended at once. A task that
        started and exited for the third time leaves none either, whether or not the circuit breaker counts it. One
        that ECS takes back is under way until the version before runs again.
        """
        name = names_of(identity).service
        raw = services.describe_one(self.api, self.location.cluster, name)
        if raw is None:
            raise unknown_rollout(rollout_id, name)
        deployment = next((item for item in raw.get("deployments") or () if item["id"] == rollout_id), None)
        if deployment is None:
            return self._from_history(identity, name, rollout_id)
        arn = deployment["taskDefinition"]
        rollout = services.project_deployment(deployment, raw, self._fingerprint(identity, arn))
        if rollout.state is RolloutState.COMPLETED:
            return rollout
        if rollout.state is RolloutState.ROLLED_BACK and _is_rolling(raw):
            return _going_back(rollout)
        under_way = rollout.state is RolloutState.IN_PROGRESS
        restarts = starts_since(raw.get("events") or (), rollout.created_at) - 1
        if under_way and not rollout.failed_tasks and restarts < LOOP:
            return rollout
        finding = self._finding(name, rollout_id, arn)
        if under_way:
            return _while_under_way(rollout, finding, restarts)
        placed = placement_failure(raw.get("events") or (), rollout.created_at)
        return _explained(rollout, finding or placed)

    def failed(self, identity: Identity) -> tuple[Rollout, ...]:
        """Deployments that failed or were taken back, newest first: at most the last 20 of ECS's history.

        A first deployment that failed has nothing to be taken back to: it is found in the service itself.
        """
        name = names_of(identity).service
        raw = services.describe_one(self.api, self.location.cluster, name)
        if raw is None:
            return ()
        briefs = history.list_deployments(self.api, self.location.cluster, name, statuses=history.FAILED)
        told = history.describe_deployments(
            self.api, [item["serviceDeploymentArn"] for item in briefs[: history.BATCH]]
        )
        failures = [item for item in told.values() if history.is_failure(item)]
        listed = [item for item in raw.get("deployments") or () if item.get("rolloutState") == "FAILED"]
        if not failures and not listed:
            return ()
        tasks = self._stopped_tasks(name)
        rollouts = {item.deployment_id: item for item in self._listed(identity, raw, listed, tasks)}
        revisions = history.describe_revisions(self.api, [_target(item) for item in failures])
        for item in failures:
            rollout = self._past(identity, item, revisions.get(_target(item)), tasks)
            rollouts.setdefault(rollout.deployment_id, rollout)
        return tuple(sorted(rollouts.values(), key=lambda item: item.created_at, reverse=True))

    def stop(self, identity: Identity, rollout_id: str) -> None:
        """Asks ECS to roll back now. One that is over, or that ECS no longer knows, is left alone."""
        name = names_of(identity).service
        raw = services.describe_one(self.api, self.location.cluster, name)
        listed = (raw or {}).get("deployments") or ()
        created = next((item["createdAt"] for item in listed if item["id"] == rollout_id), None)
        briefs = history.list_deployments(self.api, self.location.cluster, name)
        brief = history.find(briefs, rollout_id, created)
        if brief is None or brief["status"] not in ("PENDING", "IN_PROGRESS"):
            return
        self.api.expecting(
            OVER,
            "ecs",
            "StopServiceDeployment",
            subject=f"service {name}",
            serviceDeploymentArn=brief["serviceDeploymentArn"],
            stopType="ROLLBACK",
        )

    # -- parts -------------------------------------------------------------------------------------------------

    def _from_history(self, identity: Identity, name: str, rollout_id: str) -> Rollout:
        briefs = history.list_deployments(self.api, self.location.cluster, name)
        brief = history.find(briefs, rollout_id, None)
        if brief is None:
            raise unknown_rollout(rollout_id, name)
        arn = brief["serviceDeploymentArn"]
        raw = history.describe_deployments(self.api, [arn]).get(arn, brief)
        target = _target(raw)
        revision = history.describe_revisions(self.api, [target]).get(target) if target else None
        rollout = replace(self._past(identity, raw, revision, None), deployment_id=rollout_id)
        return _going_back(rollout) if raw["status"] in history.GOING_BACK else rollout

    def _past(self, identity: Identity, raw: Raw, revision: Raw | None, tasks: list[Raw] | None) -> Rollout:
        """A service deployment of the history as a Rollout, explained by whatever tasks ECS still remembers."""
        state = history.STATES.get(raw["status"], RolloutState.IN_PROGRESS)
        if raw["status"] in history.GOING_BACK:
            state = RolloutState.ROLLED_BACK
        arn = (revision or {}).get("taskDefinition")
        rollout = Rollout(
            deployment_id=history.deployment_id_of(raw),
            task_definition=self._fingerprint(identity, arn) if arn else "",
            state=state,
            created_at=raw["createdAt"],
            reason=history.words(raw),
            failed_tasks=(raw.get("deploymentCircuitBreaker") or {}).get("failureCount", 0),
        )
        if state not in FAILURES:
            return rollout
        if raw["status"] == "STOPPED" and not history.breaker_tripped(raw):
            return replace(rollout, reason=rollout.reason or SUPERSEDED, cause=Cause.SURROUNDINGS)
        known = self._stopped_tasks(names_of(identity).service) if tasks is None else tasks
        return _explained(rollout, self._told(known, rollout.deployment_id, arn))

    def _listed(self, identity: Identity, raw: Raw, failed: list[Raw], tasks: list[Raw]) -> Iterable[Rollout]:
        for deployment in failed:
            arn = deployment["taskDefinition"]
            rollout = services.project_deployment(deployment, raw, self._fingerprint(identity, arn))
            placed = placement_failure(raw.get("events") or (), rollout.created_at)
            yield _explained(rollout, self._told(tasks, rollout.deployment_id, arn) or placed)

    def _finding(self, service: str, deployment_id: str, arn: str) -> Finding | None:
        return self._told(self._stopped_tasks(service), deployment_id, arn)

    def _told(self, tasks: Iterable[Raw], deployment_id: str, arn: str | None) -> Finding | None:
        """What this deployment's stopped tasks say."""
        own = [task for task in tasks if task.get("startedBy") == deployment_id]
        if not own:
            return None
        inits = init_containers(read_revision(self.api, self.cache, arn)) if arn else frozenset[str]()
        return diagnose(own, inits)

    def _stopped_tasks(self, service: str) -> list[Raw]:
        return read_stopped(self.api, self.location.cluster, service)

    def _fingerprint(self, identity: Identity, arn: str) -> str:
        raw = read_revision(self.api, self.cache, arn)
        return fingerprint_of(raw, self.lookup.names(identity.fleet, secret_values(raw)))


def _is_rolling(raw: Raw) -> bool:
    current = services.primary(raw)
    return current is not None and current.get("rolloutState") == "IN_PROGRESS"


def _going_back(rollout: Rollout) -> Rollout:
    """It failed, and what ran before does not run again yet: how it ends is not known before that."""
    return replace(rollout, state=RolloutState.IN_PROGRESS, cause=None, reason=f"rolling back: {rollout.reason}")


def _while_under_way(rollout: Rollout, finding: Finding | None, restarts: int) -> Rollout:
    """With its cause where there is no doubt about it."""
    if finding is None:
        return rollout
    if finding.certain:
        return _explained(rollout, finding)
    if restarts >= LOOP and finding.cause is Cause.ITSELF:
        return _explained(rollout, replace(finding, reason=f"restarted {restarts} times: {finding.reason}"))
    return rollout


def _target(raw: Raw) -> str:
    return str((raw.get("targetServiceRevision") or {}).get("arn") or raw.get("targetServiceRevisionArn") or "")


def _explained(rollout: Rollout, finding: Finding | None) -> Rollout:
    """Without a finding a failure is put down to the thing itself: not trying again is the safe side."""
    if finding is None:
        return replace(rollout, cause=Cause.ITSELF)
    reason = f"{rollout.reason.rstrip('.')}: {finding.reason}" if rollout.reason else finding.reason
    return replace(rollout, reason=reason, cause=finding.cause)
