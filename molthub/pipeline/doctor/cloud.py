"""One environment on its cloud: whether everything that `apply` and the controller need there is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from molthub.desired.secrets import linked_sources
from molthub.errors import MolthubError
from molthub.manifest.documents import FleetDocuments, LoadedEnvironment, LoadedInstance
from molthub.manifest.environment import Ingress
from molthub.pipeline.doctor.running import Check, Finding, fail, ok, skip
from molthub.provider.probes import CloudProbes, QuotaKind
from molthub.resources.foundation import Foundation
from molthub.resources.observation import SecretFacts

MOST_SKEW = 240.0
"""Seconds. AWS refuses signatures that are 300 s off (SigV4); a minute is left for drifting further."""

DENIED = "MH-AWS-003"
SHOWN = 3
VCPU_UNITS = 1024
ROLES_EACH = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks of one environment look at.

    instances   of this environment
    neighbours  of every environment in the same account and region: they share its quotas
    """

    environment: LoadedEnvironment
    instances: tuple[LoadedInstance, ...]
    neighbours: tuple[LoadedInstance, ...]


def subject_of(documents: FleetDocuments, environment: LoadedEnvironment) -> Subject:
    place = _place(environment)
    near = {key for key, other in documents.environments.items() if _place(other) == place}
    loaded = [item for _, item in sorted(documents.instances.items())]
    return Subject(
        environment,
        tuple(item for item in loaded if item.key == environment.key),
        tuple(item for item in loaded if item.key in near),
    )


def _place(environment: LoadedEnvironment) -> tuple[str, str]:
    return environment.model.spec.aws.accountId, environment.model.spec.aws.region


def checks_of(subject: Subject, probes: CloudProbes, *, now: Callable[[], datetime]) -> list[Check]:
    """In the order people mend them. `clock` needs nothing: a wrong clock is why credentials are refused."""
    name = str(subject.environment.key)
    table: tuple[tuple[str, Callable[[], Finding], tuple[str, ...]], ...] = (
        ("credentials", partial(credentials, probes), ()),
        ("clock", partial(clock, probes, now), ()),
        ("account", partial(account, subject, probes), ("credentials",)),
        ("region", partial(region, subject, probes), ("credentials",)),
        ("endpoints", partial(endpoints, probes), ("account",)),
        ("bootstrap", partial(bootstrap, subject, probes), ("account",)),
        ("lease", partial(lease, subject, probes), ("bootstrap",)),
        ("permissions", partial(permissions, probes), ("account", "endpoints")),
        ("quotas", partial(quotas, subject, probes), ("account",)),
        ("secrets", partial(secrets, subject, probes), ("account",)),
    )
    return [Check(check, run, name, needs) for check, run, needs in table]


def credentials(probes: CloudProbes) -> Finding:
    return ok(f"AWS knows you as {probes.caller().name}")


def clock(probes: CloudProbes, now: Callable[[], datetime]) -> Finding:
    there = probes.server_time()
    if there is None:
        return skip("AWS did not answer, so its clock is not known")
    skew = (now() - there).total_seconds()
    if abs(skew) > MOST_SKEW:
        way = "ahead of" if skew > 0 else "behind"
        return fail(
            "MH-DOC-002",
            f"this machine's clock is {abs(skew):.0f} s {way} AWS's, which refuses signatures 300 s off",
            "Set the clock, best by NTP",
        )
    return ok(f"within {max(1, math.ceil(abs(skew)))} s of AWS's")


def account(subject: Subject, probes: CloudProbes) -> Finding:
    wanted, found = subject.environment.model.spec.aws.accountId, probes.caller().account
    if found != wanted:
        return fail(
            "MH-AWS-004",
            f"the Environment is in account {wanted}, but the credentials belong to account {found}",
            "Use credentials of the Environment's account, or set spec.aws.roleArn to a role in it",
        )
    return ok(f"{found}, as the Environment says")


def region(subject: Subject, probes: CloudProbes) -> Finding:
    name = subject.environment.model.spec.aws.region
    if not probes.region_enabled():
        return fail(
            "MH-AWS-007",
            f"the region {name} is not enabled for the account",
            "Enable it under Account, AWS Regions, or correct spec.aws.region",
        )
    return ok(f"{name} is enabled")


def endpoints(probes: CloudProbes) -> Finding:
    """A denied read is an answer: the endpoint is there."""
    found = probes.services()
    failed = {name: error for name, error in found.items() if error is not None and error.ref != DENIED}
    if failed:
        return _worst(failed.values())
    return ok(f"{len(found)} services answer")


def bootstrap(subject: Subject, probes: CloudProbes) -> Finding:
    """Whether the environment's stack is there with all that this Molthub puts into one."""
    command = f"`molthub bootstrap --environment {subject.environment.key}`"
    stand = probes.foundation()
    if stand.stack is None:
        return skip(
            "there is no stack; the manifest names cluster and network, and nothing gives roles a boundary, secrets a "
            "key and writers a lease",
            f"Run {command}: it leaves what the manifest names as it is, and makes the rest",
        )
    missing = _missing(stand, subject.environment.model.spec.ingress)
    if missing:
        return fail(
            "MH-DOC-007", f"the stack {stand.stack} lacks {', '.join(missing)}", f"Run {command} to bring it up to date"
        )
    return ok(f"the stack {stand.stack} has all that belongs into it")


def _missing(stand: Foundation, ingress: Ingress | None) -> list[str]:
    parts = {
        "the permissions boundary": stand.boundary,
        "the key": stand.kms_key,
        "the bucket": stand.bucket,
        "the security groups of state": stand.state_clients and stand.state_servers,
        "the backup vault and its role": stand.backup_vault and stand.backup_role,
    }
    missing = [what for what, there in parts.items() if not there]
    if ingress is not None and (stand.gate_members is None or len(stand.listeners) < ingress.loadBalancers):
        missing.append(f"load balancers (it has {len(stand.listeners)} of {ingress.loadBalancers})")
    return missing


def lease(subject: Subject, probes: CloudProbes) -> Finding:
    """Whether the lease can be looked at. Who holds it is `molthub status`'s to tell."""
    bucket = probes.lease_bucket()
    if bucket is None:
        return fail(
            "MH-DOC-008",
            "the bucket that the lease is kept in is gone, so nothing keeps two from writing at once",
            f"Run `molthub bootstrap --environment {subject.environment.key}`",
        )
    return ok(f"the bucket {bucket} answers")


def permissions(probes: CloudProbes) -> Finding:
    denials = probes.denied()
    if denials is None:
        return _by_reading(probes)
    if denials:
        told = ", ".join(f"{item.action} on {item.resource}" for item in denials[:SHOWN])
        more = f" and {len(denials) - SHOWN} more" if len(denials) > SHOWN else ""
        return fail(
            "MH-DOC-003",
            f"the policies do not allow what apply needs: {told}{more}",
            "Use the role that `molthub bootstrap` makes, or allow these to the one in use",
        )
    refused = [error for error in probes.services().values() if error is not None and error.ref == DENIED]
    if refused:  # allowed by the policies, and refused all the same: an organisation's or a resource's policy
        return _worst(refused)
    return ok("everything that apply calls is allowed")


def _by_reading(probes: CloudProbes) -> Finding:
    """Without the right to ask, only reads are tried; writes are not known to be allowed."""
    denied = [error for error in probes.services().values() if error is not None]
    if denied:
        return _worst(denied)
    return skip(
        "reads are allowed; whether writes are cannot be asked without iam:SimulatePrincipalPolicy",
        "Allow it to these credentials to know before an apply does",
    )


def quotas(subject: Subject, probes: CloudProbes) -> Finding:
    """What the manifests ask for at once, against the account's limits. What others use is not counted."""
    needs = {
        QuotaKind.VCPUS: _vcpus(subject.neighbours),
        QuotaKind.GROUPS: float(len(subject.neighbours)),
        QuotaKind.ROLES: float(ROLES_EACH * len(subject.neighbours)),
    }
    told, unread = [], []
    for kind, need in needs.items():
        try:
            limit = probes.quota(kind)
        except MolthubError as error:
            if error.ref != DENIED:
                raise
            unread.append(error)
            continue
        if need > limit:
            return fail(
                "MH-DOC-004",
                f"the fleet needs {need:g} {kind.value}, and the account may have {limit:g}",
                "Ask for a higher quota in Service Quotas, or run fewer or smaller Moltbots there",
            )
        told.append(f"{need:g} of {limit:g} {kind.value}")
    if unread:
        return skip(f"not all can be read: {unread[0].diagnostic.message}", unread[0].diagnostic.fix)
    return ok("; ".join(told))


def _vcpus(instances: Iterable[LoadedInstance]) -> float:
    return sum(item.model.spec.runtime.cpu * item.model.spec.runtime.replicas for item in instances) / VCPU_UNITS


def secrets(subject: Subject, probes: CloudProbes) -> Finding:
    sources = sorted({source for item in subject.instances for source in linked_sources(item.model.spec)})
    if not sources:
        return ok("no manifest names any")
    found = probes.secrets(sources)
    bad = [f"{source} {problem}" for source in sources if (problem := _problem(found.get(source)))]
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        return fail("MH-DOC-005", f"{', '.join(bad[:SHOWN])}{more}", "Set them with `molthub secret set`")
    return ok(f"{len(sources)} with a value")


def _problem(facts: SecretFacts | None) -> str:
    if facts is None:
        return "does not exist"
    if facts.deleted:
        return "is scheduled for deletion"
    if facts.version_id is None:
        return "has no value"
    return f"is encrypted under {facts.alias}, which no role can name (MH-PLAN-006)" if facts.alias else ""


def _worst(errors: Iterable[MolthubError]) -> Finding:
    listed: Sequence[MolthubError] = tuple(errors)
    first = listed[0].diagnostic
    more = f" (and {len(listed) - 1} more services)" if len(listed) > 1 else ""
    return fail(first.ref, first.message + more, first.fix)
