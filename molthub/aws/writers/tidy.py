"""Old revisions of a task definition, deregistered once a rollout has made them useless.

Kept are the newest few, everything that a deployment of the service names, and what the last completed rollout
replaced: what a person would go back to. Deregistering draws on the same few calls a second as registering, so it
takes only what nobody waits for, and leaves the rest to the next rollout.
"""

from __future__ import annotations

from molthub.aws.readers import history, services
from molthub.aws.writers.target import Target
from molthub.aws.writers.task_definitions import active_revisions
from molthub.provider.protocols import WriteResult
from molthub.resources.identity import names_of

KEPT = 3
"""The newest revisions of a family, which stay whatever became of them."""

COMPLETED = ("SUCCESSFUL",)


def deregister_old(target: Target) -> WriteResult:
    """Deregister what is neither in service, nor named by a deployment, nor the one to go back to."""
    names = names_of(target.identity)
    active = active_revisions(target, names.family)
    if len(active) <= KEPT:
        return target.result("")
    raw = services.describe_one(target.api, target.location.cluster, names.service)
    if raw is None or raw.get("status") != services.ACTIVE:
        return target.result("")
    replaced = _replaced(target, names.service)
    if replaced is None:  # its history does not tell: nothing is certain to be useless
        return target.result("")
    needed = {raw["taskDefinition"], *replaced}
    needed |= {item["taskDefinition"] for item in raw.get("deployments") or ()}
    subject = f"task definition {names.family}"
    for arn in reversed(active[KEPT:]):
        if arn in needed:
            continue
        if not target.api.has_spare("ecs", "DeregisterTaskDefinition"):
            break
        target.write("ecs", "DeregisterTaskDefinition", subject=subject, taskDefinition=arn)
    plural = "revision" if target.writes == 1 else "revisions"
    return target.result(f"{target.writes} old {plural} of {names.family} deregistered")


def _replaced(target: Target, service: str) -> set[str] | None:
    """ARNs of the definitions that the last completed rollout replaced; None when ECS tells of no such rollout."""
    briefs = history.list_deployments(target.api, target.location.cluster, service, statuses=COMPLETED)
    if not briefs:
        return None
    arn = briefs[0]["serviceDeploymentArn"]
    told = history.describe_deployments(target.api, [arn]).get(arn)
    if told is None:
        return None
    sources = [item["arn"] for item in told.get("sourceServiceRevisions") or ()]
    revisions = history.describe_revisions(target.api, sources)
    if len(revisions) < len(set(sources)):
        return None
    return {raw["taskDefinition"] for raw in revisions.values()}
