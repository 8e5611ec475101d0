"""The plan of a change that nobody has applied: from what the base says to what the head says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from molthub.errors import Diagnostic, Location, MolthubError, Severity
from molthub.pipeline.compare.baseline import SEEN_LATER, UNCOMPARABLE, baselines, uncomparable
from molthub.pipeline.compare.findings import new_findings
from molthub.pipeline.compare.types import Comparison, NewFindings, Preview
from molthub.pipeline.places import base_spec_of
from molthub.pipeline.planner import plan_fleet
from molthub.pipeline.scope import select
from molthub.pipeline.types import Collaborators, Rules, Scope
from molthub.planning.deletion import environment_removed
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import EnvironmentPlan, InstancePlan, Plan
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.source.protocol import FleetSource

BOOTSTRAP, ACCESS, BLOCKED_BEFORE = "MH-CI-007", "MH-CI-008", "MH-CI-009"


def preview(
    comparison: Comparison,
    *,
    rules: Rules,
    now: Callable[[], datetime],
    source: FleetSource | None,
    scope: Scope | None = None,
) -> Preview:
    """What the change would do to the instances in scope that it concerns. Asks no cloud.

    source: for the deletion guard's look at Git's past; None: it is not asked.
    Raises what `plan_fleet` raises: InvalidInputError without a usable Fleet, StallingError for an unknown name.
    """
    scope = scope or Scope()
    selection = select(comparison.now, scope)
    meant = frozenset(
        identity
        for identity in comparison.affected
        if selection.means(identity) and (not scope.environments or identity.key in scope.environments)
    )
    found = new_findings(comparison)
    unknown = uncomparable(comparison)
    plan = Plan(selection.fleet, comparison.now.snapshot.commit, ())
    wanted = Scope(environments=scope.environments, identities=meant | _unusable(comparison, selection.fleet))
    if wanted.identities:
        collaborators = Collaborators(rules, baselines(comparison, now, unknown), now, source)
        plan = _told(plan_fleet(comparison.now, collaborators, scope=wanted).plan, comparison, unknown)
    missing = meant - {item.identity for item in plan.instances} - comparison.now.documents.instances.keys()
    environments = (*plan.environments, *_left_out(comparison, missing, unknown))
    plan = replace(plan, environments=environments, diagnostics=_of_the_tree(comparison, found), applicable=False)
    notices = (*_access(comparison), *_bootstraps(comparison, selection.fleet))
    return Preview(comparison, plan, found, notices)


def _unusable(comparison: Comparison, fleet: str) -> frozenset[Identity]:
    """Instances whose changed manifest cannot be used."""
    return frozenset(
        Identity(fleet, file.workspace, file.environment, file.id or file.name or "")
        for file in comparison.now.documents.invalid
        if file.path in comparison.paths and file.workspace and file.environment and (file.id or file.name)
    )


def _of_the_tree(comparison: Comparison, found: NewFindings) -> tuple[Diagnostic, ...]:
    """The new findings that no guardrail made: an instance's plan tells those itself."""
    ruled = {item for verdict in comparison.now.verdicts.values() for item in (*verdict.errors, *verdict.notices)}
    return tuple(item for item in found.new if item not in ruled)


def _told(plan: Plan, comparison: Comparison, unknown: Mapping[Identity, Diagnostic]) -> Plan:
    """The same, with what the base has to say of each instance."""
    return replace(
        plan,
        environments=tuple(
            replace(environment, instances=tuple(_of_base(item, comparison, unknown) for item in environment.instances))
            for environment in plan.environments
        ),
    )


def _of_base(plan: InstancePlan, comparison: Comparison, unknown: Mapping[Identity, Diagnostic]) -> InstancePlan:
    """Why it could not be compared, or that the base itself was never applied."""
    why, verdict = unknown.get(plan.identity), comparison.before.verdicts.get(plan.identity)
    if why is not None:
        return replace(plan, reasons=(why,)) if plan.verdict is Verdict.UNKNOWN else plan
    if verdict is None or not verdict.errors or not plan.changes:
        return plan
    refs = ", ".join(dict.fromkeys(item.ref for item in verdict.errors))
    warning = Diagnostic(
        BLOCKED_BEFORE,
        f"at the base {plan.name} is Blocked ({refs}), so what runs may be older than what is compared with",
        fix=SEEN_LATER,
        severity=Severity.WARNING,
        subject=plan.name,
    )
    return replace(plan, notices=(*plan.notices, warning))


def _left_out(
    comparison: Comparison, missing: frozenset[Identity], unknown: Mapping[Identity, Diagnostic]
) -> Iterator[EnvironmentPlan]:
    """Instances of the base that are gone and that no plan tells of: Blocked with their Environment, or Unknown."""
    kept, fleet = comparison.now.documents.environments, comparison.now.documents.fleet
    by_key: dict[EnvironmentKey, list[InstancePlan]] = {}
    for identity in sorted(missing):
        if fleet is None or identity.fleet != fleet.model.metadata.name:
            continue  # a renamed fleet is an error of its own
        if identity.key not in kept:
            request = PlanRequest(identity, str(identity), None, None, blocking=(environment_removed(identity),))
            plan = plan_instance(request)
        else:
            why = unknown.get(identity) or _not_seen(identity)
            plan = InstancePlan(identity, str(identity), Verdict.UNKNOWN, reasons=(why,))
        by_key.setdefault(identity.key, []).append(plan)
    for key, plans in by_key.items():
        yield EnvironmentPlan(key, tuple(plans))


def _not_seen(identity: Identity) -> Diagnostic:
    message = f"{identity} is removed, and what the base says of it cannot be compared"
    return Diagnostic(UNCOMPARABLE, message, fix=SEEN_LATER, subject=str(identity))


def _access(comparison: Comparison) -> Iterator[Diagnostic]:
    """A change of who may do what is no change of AWS, and the last thing that a reviewer should overlook."""
    was, now = comparison.before.documents.access, comparison.now.documents.access
    if (was.model if was else None) == (now.model if now else None):
        return
    verb = "is removed" if now is None else "is new" if was is None else "changes"
    yield Diagnostic(
        ACCESS,
        f"the access policy {verb}: who may do what in this fleet",
        now.locate(("spec",)) if now else Location(was.path) if was else None,
        "Look at it with care, and at who signs the merge",
        Severity.WARNING,
    )


def _bootstraps(comparison: Comparison, fleet: str) -> Iterator[Diagnostic]:
    """Environments whose base on AWS has to be made or changed before what is planned here can be."""
    before = comparison.before.documents.environments
    for key, environment in sorted(comparison.now.documents.environments.items()):
        if environment.path not in comparison.paths:
            continue
        try:
            wanted = base_spec_of(environment, fleet)
            had = base_spec_of(before[key], fleet) if key in before else None
        except MolthubError as error:
            yield error.diagnostic
            continue
        if wanted != had:
            verb = "is new" if had is None else "asks for another base"
            yield Diagnostic(
                BOOTSTRAP,
                f"the environment {key} {verb}, which no controller makes: this plan takes it as made",
                environment.locate(("spec",)),
                f"Run `molthub bootstrap --environment {key}` with the merged manifest",
                Severity.WARNING,
                subject=str(key),
            )
