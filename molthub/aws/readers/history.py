"""ECS's own record of a service's deployments (kept for 90 days). It outlives the service's `deployments` list.

ECS documents no link between a deployment's id (`ecs-svc/N`, what UpdateService answers) and its service
deployment ARN (containers-roadmap#2709). Two things tie them: the target revision's ARN ends in the same N, and
both are created at the same moment; the second is used when the first fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from molthub.aws.api import Api, Refusal
from molthub.aws.errors import NOT_FOUND
from molthub.resources.observation import RolloutState

Raw = Mapping[str, Any]
BATCH = 20
SAME_MOMENT = 5.0
ABSENT = NOT_FOUND | {"ServiceNotActiveException"}

STATES: Mapping[str, RolloutState] = {
    "SUCCESSFUL": RolloutState.COMPLETED,
    "ROLLBACK_SUCCESSFUL": RolloutState.ROLLED_BACK,
    "ROLLBACK_FAILED": RolloutState.FAILED,
    "STOPPED": RolloutState.FAILED,
}
"""Final ones; every other status is a deployment still under way."""

GOING_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
FAILED = (*GOING_BACK, "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED")


def list_deployments(api: Api, cluster: str, service: str, *, statuses: Sequence[str] = ()) -> list[Raw]:
    """The latest service deployments in short, newest first; none for a service that is not there."""
    only = {"status": list(statuses)} if statuses else {}
    answer = api.expecting(
        ABSENT,
        "ecs",
        "ListServiceDeployments",
        subject=f"service {service}",
        cluster=cluster,
        service=service,
        maxResults=100,
        **only,
    )
    if isinstance(answer, Refusal):
        return []
    return sorted(answer["serviceDeployments"], key=lambda item: item["createdAt"], reverse=True)


def describe_deployments(api: Api, arns: Sequence[str]) -> dict[str, Raw]:
    """Service deployments by ARN, at most 20."""
    if not arns:
        return {}
    answer = api.call("ecs", "DescribeServiceDeployments", serviceDeploymentArns=list(arns))
    return {raw["serviceDeploymentArn"]: raw for raw in answer["serviceDeployments"]}


def describe_revisions(api: Api, arns: Iterable[str]) -> dict[str, Raw]:
    """Service revisions by ARN, at most 20."""
    wanted = sorted(set(arns))
    if not wanted:
        return {}
    answer = api.call("ecs", "DescribeServiceRevisions", serviceRevisionArns=wanted)
    return {raw["serviceRevisionArn"]: raw for raw in answer["serviceRevisions"]}


def find(briefs: Iterable[Raw], deployment_id: str, created_at: datetime | None) -> Raw | None:
    """The service deployment of a deployment id. Pure."""
    known = list(briefs)
    number = tail(deployment_id)
    same = next((item for item in known if tail(item.get("targetServiceRevisionArn") or "") == number), None)
    if same is not None or created_at is None:
        return same
    near = [(abs((item["createdAt"] - created_at).total_seconds()), item) for item in known]
    close = [pair for pair in near if pair[0] <= SAME_MOMENT]
    return min(close, key=lambda pair: pair[0])[1] if close else None


def tail(text: str) -> str:
    return text.rsplit("/", 1)[-1]


def deployment_id_of(raw: Raw) -> str:
    """The deployment id that belongs to a service deployment."""
    revision = raw.get("targetServiceRevisionArn") or (raw.get("targetServiceRevision") or {}).get("arn") or ""
    return f"ecs-svc/{tail(revision)}"


def breaker_tripped(raw: Raw) -> bool:
    told = (raw.get("deploymentCircuitBreaker") or {}).get("status") == "TRIGGERED"
    return told or "circuit breaker" in words(raw).lower()


def is_failure(raw: Raw) -> bool:
    """STOPPED alone is no failure: a newer deployment stops the one before it."""
    status = raw["status"]
    return status in FAILED and (status != "STOPPED" or breaker_tripped(raw))


def words(raw: Raw) -> str:
    """ECS's own reason."""
    texts = [raw.get("statusReason") or "", (raw.get("rollback") or {}).get("reason") or ""]
    return " ".join(dict.fromkeys(text for text in texts if text))
