"""ECS services: one UpdateService per change with exactly what differs; judged against the live service.

What is compared is the live service, not the plan's `before`: a write whose answer was lost is found done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from molthub.aws.errors import DENIED, draining, not_registered, role_is_refused, role_not_usable
from molthub.aws.members import clearing
from molthub.aws.readers import services
from molthub.aws.readers.task_definitions import read_revision
from molthub.aws.tags import to_lower, written
from molthub.aws.writers.service_request import create_request, update_request
from molthub.aws.writers.target import Target
from molthub.aws.writers.task_definitions import find_revision, projected
from molthub.provider.protocols import WriteResult
from molthub.resources.normal import normalise, task_fingerprint
from molthub.resources.types import Kind, Service

Raw = Mapping[str, Any]
NOT_CREATED = DENIED | {"InvalidParameterException", "ClientException"}
GONE = frozenset({"ServiceNotFoundException", "ServiceNotActiveException"})
IMMUTABLE = ("name", "launch_type", "scheduling")
TOKEN_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Live:
    """The service as it is: raw, and as our type."""

    raw: Raw
    service: Service


def read_live(target: Target, name: str) -> Live | None:
    """The ACTIVE service, checked to be ours; None when there is none. Raises WaitingError while it is DRAINING."""
    raw = services.describe_one(target.api, target.location.cluster, name)
    if raw is None:
        return None
    target.check_ours(Kind.SERVICE, name, services.tags_of(raw))
    if raw.get("status") == services.DRAINING:
        raise draining(name)
    return Live(raw, _project(target, raw))


def _project(target: Target, raw: Raw) -> Service:
    definition = read_revision(target.api, target.cache, raw["taskDefinition"])
    network = (raw.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    names = target.lookup.names(target.fleet, ())
    return services.project_service(
        raw,
        cluster=target.location.cluster,
        fingerprint=task_fingerprint(projected(target.lookup, target.fleet, definition)),
        names=target.lookup.with_targets(
            target.lookup.with_groups(names, network.get("securityGroups") or ()), _targets_of(raw)
        ),
    )


def _targets_of(raw: Raw) -> list[str]:
    """ARNs of the target groups that the service registers its tasks with."""
    return [item["targetGroupArn"] for item in raw.get("loadBalancers") or () if item.get("targetGroupArn")]


def ensure(target: Target, wanted: Service, *, before: Service | None, force: bool) -> WriteResult:
    """Creates the service or brings the live one to the desired state.

    force: a new deployment although nothing differs. When something was to differ (`before`) and no longer
    does, an earlier try has done it all.
    """
    after = normalise(wanted)
    live = read_live(target, after.name)
    if live is None:
        return _create(target, after)
    unforced = before is not None and normalise(before) != after and live.service == after
    updated = _update(target, live, after, force=force and not unforced)
    _tags(target, live, after)
    return target.result(_described(after), rollout_id=_started(live.raw, updated))


def _described(after: Service) -> str:
    return f"{after.desired_count} x {after.task_definition}"


def _create(target: Target, after: Service) -> WriteResult:
    targets = [item.target_group for item in after.load_balancers]
    ids = target.lookup.ids(target.fleet, group_names=after.security_groups, target_groups=targets)
    arn = _revision_of(target, after.task_definition)
    request = create_request(after, definition_arn=arn, ids=ids)
    tags = to_lower(written(after.tags, target.context.commit))
    subject = f"service {after.name}"
    answer = target.try_write(
        NOT_CREATED, "ecs", "CreateService", subject=subject, clientToken=_token(target, request), tags=tags, **request
    )
    if isinstance(answer, dict):
        started = services.primary(answer["service"])
        return target.result(_described(after), rollout_id=started["id"] if started else None)
    text = answer.words.lower()
    if "draining" in text:
        raise draining(after.name)
    if role_is_refused(answer.words):
        raise role_not_usable(after.name)
    if "idempotent" in text or "already exists" in text:  # somebody was faster: adopt what is there now
        live = read_live(target, after.name)
        if live is not None:
            updated = _update(target, live, after, force=False)
            _tags(target, live, after)
            return target.result(_described(after), rollout_id=_started(live.raw, updated))
    raise answer.error


def _token(target: Target, request: Mapping[str, Any]) -> str:
    """The client token of a creation: the same for the same content, another for each life of the name.

    ECS remembers a token after its service is deleted, so the last INACTIVE namesake's birth is part of it.
    """
    answer = target.api.call(
        "ecs", "DescribeServices", cluster=request["cluster"], services=[request["serviceName"]], subject="its past"
    )
    lives = sorted(str(raw.get("createdAt")) for raw in answer["services"])
    text = json.dumps([request, lives], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:TOKEN_LENGTH]


def _revision_of(target: Target, fingerprint: str) -> str:
    """ARN of the active revision with this content."""
    arn = find_revision(target, fingerprint)
    if arn is None:
        raise not_registered(fingerprint)
    return arn


def _update(target: Target, live: Live, after: Service, *, force: bool) -> Raw | None:
    """One UpdateService with what differs; the service as ECS answers it, or None when nothing was to be done."""
    have = live.service
    groups = after.security_groups if have.security_groups != after.security_groups else ()
    changed_network = (have.subnets, have.assign_public_ip) != (after.subnets, after.assign_public_ip)
    targets = after.load_balancers if have.load_balancers != after.load_balancers or have.unmanaged else ()
    ids = target.lookup.ids(
        target.fleet,
        group_names=after.security_groups if groups or changed_network else (),
        target_groups=[item.target_group for item in targets],
    )
    moved = have.task_definition != after.task_definition
    arn = _revision_of(target, after.task_definition) if moved else None
    request = update_request(have, after, definition_arn=arn, ids=ids) | clearing(have.unmanaged)
    if force or "capacityProviderStrategy" in request:
        request["forceNewDeployment"] = True
    if not request:
        return None
    answer = target.write(
        "ecs",
        "UpdateService",
        subject=f"service {after.name}",
        cluster=target.location.cluster,
        service=after.name,
        **request,
    )
    updated: Raw = answer["service"]
    return updated


def _started(before: Raw, updated: Raw | None) -> str | None:
    """The deployment to follow: a new PRIMARY one, or the one still under way."""
    old, new = services.primary(before), services.primary(updated if updated is not None else before)
    if new is None:
        return None
    fresh = old is None or old["id"] != new["id"]
    return str(new["id"]) if fresh or new.get("rolloutState") == "IN_PROGRESS" else None


def _tags(target: Target, live: Live, after: Service) -> None:
    change = target.tag_change(services.tags_of(live.raw), after.tags)
    arn, subject = live.raw["serviceArn"], f"service {after.name}"
    if change.put:
        target.write("ecs", "TagResource", subject=subject, resourceArn=arn, tags=to_lower(change.put))
    if change.remove:
        target.write("ecs", "UntagResource", subject=subject, resourceArn=arn, tagKeys=list(change.remove))


def replace(target: Target, wanted: Service) -> WriteResult:
    """Deletes the service when an immutable setting differs, and creates it once ECS has let go of the name."""
    live = read_live(target, wanted.name)
    if live is not None and any(getattr(live.service, name) != getattr(wanted, name) for name in IMMUTABLE):
        delete(target, wanted)
    return ensure(target, wanted, before=None, force=False)


def delete(target: Target, before: Service) -> WriteResult:
    """Deletes by force and waits (WaitingError) until the service is INACTIVE; then everything else may go."""
    if read_live(target, before.name) is not None:
        subject = f"service {before.name}"
        cluster = target.location.cluster
        answer = target.try_write(
            GONE, "ecs", "DeleteService", subject=subject, cluster=cluster, service=before.name, force=True
        )
        if isinstance(answer, dict) and answer["service"].get("status") != services.INACTIVE:
            raise draining(before.name)
    return target.result("deleted")
