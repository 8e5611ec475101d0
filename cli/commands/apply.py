"""`molthub apply`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode
from molthub.cli.leasing import holding_leases, refuse_if_held
from molthub.cli.options import (
    ApproveOption,
    EnvironmentOption,
    NoColorOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import InvalidInputError, StallingError

if TYPE_CHECKING:
    from molthub.apply.types import InstanceResult
    from molthub.leases.holding import Holding
    from molthub.pipeline.types import Collaborators, PlannedFleet, Scope
    from molthub.planning.planfile import PlanFile
    from molthub.planning.types import EnvironmentPlan
    from molthub.provider.protocols import Guard
    from molthub.resources.identity import EnvironmentKey

APPROVED = "yes"


@dataclass(frozen=True, slots=True)
class _Job:
    """A plan, and what carries it out. commit: full hash, written with every object; guards: of the leases."""

    planned: PlannedFleet
    collaborators: Collaborators
    commit: str
    guards: Mapping[EnvironmentKey, Guard]


def apply(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="PLAN.json|INSTANCE", help="A plan file, or instances; by default the whole fleet"),
    ] = None,
    auto_approve: ApproveOption = False,
    output: OutputOption = Output.HUMAN,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Make AWS what the manifests of a commit say

    Shows the plan, asks, carries it out and waits for the rollouts. Only a committed revision is ever applied:
    uncommitted changes are left out. With a plan file exactly that plan is applied, or nothing when it is stale.
    Ctrl-C finishes the calls under way and stops; a second one stops at once, and the next apply goes on from
    there. Holds the environments' leases from the plan to the end: while a controller holds one, it is the one
    that writes. Exits 1 when something failed, or stayed Blocked or Invalid.
    """
    from molthub.cli.views import plan as plan_view
    from molthub.cli.views.text import safe

    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    plan_file, instances = _sort_out(arguments or [])
    if plan_file is not None and (workspace or environment or instances or ref):
        raise typer.BadParameter("a plan file already says what is meant; leave out instances, scopes and --ref")
    fleet = context.read_fleet(roots, repo=repo, ref=plan_file.commit if plan_file else ref, committed=True)
    if fleet.uncommitted:
        term.say("The working tree has uncommitted changes; they are not applied.")
    scope = context.scope_of(fleet.checked, workspaces=workspace, environments=environment, instances=instances)
    term.say(f"Applying {safe(fleet.source.label)} at {_commit_of(fleet)[:12]}")
    collaborators = context.collaborators(roots, fleet)
    scope = _scope_of_file(scope, plan_file)
    with holding_leases(fleet.checked, collaborators, scope=scope, term=term) as holding:
        job = _plan(collaborators, holding, fleet, scope, plan_file)
        if output is Output.HUMAN:
            term.data(plan_view.human(job.planned.plan, colour=term.colour_out))
            term.out.flush()
        if job.planned.plan.has_changes:
            refuse_if_held(holding, [item.key for item in job.planned.plan.environments if _writes(item)], term)
            _approve(job, term, auto_approve=auto_approve)
        results = _carry_out(roots, job, term)
    return _show(results, job, output, term)


def _sort_out(arguments: Sequence[str]) -> tuple[PlanFile | None, list[str]]:
    """The plan file, read, and the instances. Raises MH-CLI-005 and MH-PLAN-02N for a file of no use."""
    from molthub.planning.planfile import read_plan

    files = [argument for argument in arguments if argument.endswith(".json")]
    instances = [argument for argument in arguments if argument not in files]
    if len(files) > 1:
        raise typer.BadParameter("one plan file at a time")
    if not files:
        return None, instances
    try:
        return read_plan(Path(files[0]).read_text(encoding="utf-8")), instances
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StallingError(
            "MH-CLI-005", f"cannot read the plan file {files[0]}: {why}", fix="Make it with `molthub plan --out FILE`"
        ) from error


def _scope_of_file(scope: Scope, plan_file: PlanFile | None) -> Scope:
    """What the plan file says is meant, if there is one."""
    if plan_file is None:
        return scope
    return replace(scope, environments=plan_file.environments, instances=plan_file.instances)


def _writes(environment: EnvironmentPlan) -> bool:
    return any(item.may_apply for item in environment.instances)


def _plan(
    collaborators: Collaborators,
    holding: Holding,
    fleet: context.ReadFleet,
    scope: Scope,
    plan_file: PlanFile | None,
) -> _Job:
    """The plan of the commit; of a plan file's instances only, and only while it still says the same.

    Made under the leases: what it says stays true while they are held.
    """
    from molthub.pipeline.planner import plan_fleet
    from molthub.planning.planfile import only_planned, stale_reasons

    guards = {key: holding.guard(key) for key in fleet.checked.documents.environments}
    planned = plan_fleet(fleet.checked, collaborators, scope=scope)
    if plan_file is not None:
        stale = stale_reasons(plan_file, planned.plan)
        if stale:
            raise InvalidInputError(stale)
        planned = replace(planned, plan=only_planned(plan_file, planned.plan))
    return _Job(planned, collaborators, _commit_of(fleet), guards)


def _commit_of(fleet: context.ReadFleet) -> str:
    assert fleet.commit is not None, "read_fleet(committed=True) reads a commit"
    return fleet.commit


def _approve(job: _Job, term: Terminal, *, auto_approve: bool) -> None:
    """Ask, unless told not to. Raises MH-CLI-004 when nobody can be asked, or when the answer is not `yes`."""
    if auto_approve:
        return
    if not term.interactive:
        raise StallingError(
            "MH-CLI-004",
            "nobody can be asked: this is not a terminal",
            fix="Say --yes if the plan above is what you want",
        )
    term.say(f"\nApply this to AWS at {job.commit[:12]}? Only 'yes' will be accepted to approve.")
    answer = typer.prompt("Enter a value", default="", show_default=False, err=True)
    if answer != APPROVED:
        raise StallingError("MH-CLI-004", "not approved, so nothing was changed")


def _carry_out(roots: context.Roots, job: _Job, term: Terminal) -> tuple[InstanceResult, ...]:
    from molthub.apply.settings import ApplySettings
    from molthub.cli.interrupts import graceful
    from molthub.cli.progress import progress
    from molthub.pipeline.applier import apply_fleet

    names = {plan.identity: plan.name for plan in job.planned.plan.instances}
    with graceful(term) as cancelled, progress(term, names) as report:
        return apply_fleet(
            job.planned,
            job.collaborators,
            settings=ApplySettings(
                commit=job.commit,
                actor=context.actor(),
                poll_interval=context.rollout_poll(),
                longest_wait=context.longest_wait(),
            ),
            report=report,
            clock=roots.clock(),
            cancel=cancelled.is_set,
            on_bug=lambda identity, error: _tell_bug(names.get(identity, str(identity)), error, term),
            guards=lambda key: job.guards[key],
        )


def _tell_bug(name: str, error: BaseException, term: Terminal) -> None:
    """The details of a bug in one instance's apply, for MOLTHUB_DEBUG; people get MH-APPLY-001 in the summary."""
    if context.debug():
        import traceback

        term.say(f"{name}:\n{''.join(traceback.format_exception(error))}")


def _show(results: Sequence[InstanceResult], job: _Job, output: Output, term: Terminal) -> ExitCode:
    from molthub.cli.views import results as view

    if output is Output.JSON:
        term.json(view.data(results, commit=job.commit))
    else:
        made = job.planned.plan
        told = {item for plan in made.instances for item in plan.reasons}
        told.update(item for environment in made.environments for item in environment.reasons)
        term.data("\n" + view.human(results, colour=term.colour_out, told=told))
    return view.exit_code(results)
