"""`molthub plan`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    BaseOption,
    EnvironmentOption,
    InstancesArgument,
    NoColorOption,
    PlanOutput,
    RefOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from molthub.cli.comparing import ComparedFleet
    from molthub.cli.context import ReadFleet
    from molthub.cli.published import WritersWord
    from molthub.pipeline.compare.types import Preview
    from molthub.pipeline.types import Scope

PlanOption = Annotated[
    PlanOutput, typer.Option("-o", "--output", help="How to print the result; markdown for a pull request's comment")
]


def plan(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    base: BaseOption = None,
    published: Annotated[
        bool, typer.Option("--published", help="With --base: say beside it what the controllers published, as it runs")
    ] = False,
    output: PlanOption = PlanOutput.HUMAN,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the plan for `molthub apply FILE`")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 0 for no changes, 2 for changes, 1 for an error")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Show every attribute of what is created")] = False,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show what would change on AWS

    Reads Git and AWS and writes nothing. A local repository with uncommitted changes is planned as it lies
    there, and such a plan cannot be applied; say --ref HEAD for the commit. Exits 1 when something is Invalid or
    could not be read.

    With --base the plan is of a change, and AWS is not asked: from what the manifests say where the history left REF
    to what they say now, by the same rules. It needs no credentials, cannot be applied, and exits 1 for what is wrong
    now and was not before.
    """
    term = terminal(no_color=no_color)
    _refuse(base, out=out, published=published)
    wanted = _Wanted(instances, workspace, environment, repo, ref)
    if base is not None:
        ended = _of_change(ctx, base, wanted, output, full=full, published=published, term=term)
    else:
        ended = _of_fleet(ctx, wanted, output, full=full, out=out, term=term)
    if ended.failed:
        return ExitCode.FAILED
    return ExitCode.CHANGES if detailed_exitcode and ended.changes else ExitCode.OK


def _refuse(base: str | None, *, out: Path | None, published: bool) -> None:
    """What does not go together."""
    if base is not None and out is not None:
        raise typer.BadParameter("the plan of a change cannot be applied; leave out --base", param_hint="--out")
    if base is None and published:
        raise typer.BadParameter("goes with --base; without it the plan looks at AWS itself", param_hint="--published")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line names."""

    instances: list[str] | None
    workspaces: list[str] | None
    environments: list[str] | None
    repo: str | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class _Ended:
    failed: bool
    changes: bool


def _of_fleet(
    ctx: typer.Context, wanted: _Wanted, output: PlanOutput, *, full: bool, out: Path | None, term: Terminal
) -> _Ended:
    """From what AWS has to what the manifests say."""
    from molthub.cli import context
    from molthub.cli.published import notes_on_the_past, words_of_writers
    from molthub.cli.views import comment, diagnostics
    from molthub.cli.views import plan as view
    from molthub.pipeline.planner import plan_fleet
    from molthub.planning.serialise import dump_plan

    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=wanted.repo, ref=wanted.ref)
    scope = _scope(fleet, wanted)
    term.say(_source_line(fleet.source.label, fleet.commit))
    collaborators = context.collaborators(roots, fleet)
    made = plan_fleet(fleet.checked, collaborators, scope=scope).plan
    dumped = dump_plan(made, environments=scope.environments, instances=scope.instances)
    if output is PlanOutput.JSON:
        term.data(dumped)
    elif output is PlanOutput.HUMAN:
        term.data(view.human(made, colour=term.colour_out, full=full))
    notes = notes_on_the_past(words_of_writers(fleet.checked, collaborators, scope=scope), fleet.source, fleet.commit)
    if output is PlanOutput.MARKDOWN:
        term.data(comment.markdown(comment.Comment(made, findings=(*made.diagnostics, *notes))))
    elif notes:
        term.say(diagnostics.human(notes, colour=term.colour_err))
    if out is not None:
        _write(out, dumped)
        term.say(f"Plan written to {out}")
    return _Ended(made.errored, made.has_changes)


def _of_change(
    ctx: typer.Context,
    base: str,
    wanted: _Wanted,
    output: PlanOutput,
    *,
    full: bool,
    published: bool,
    term: Terminal,
) -> _Ended:
    """From what the manifests said to what they say."""
    from molthub.cli import context
    from molthub.cli.comparing import compare_with, has_failed
    from molthub.cli.views import preview as view

    roots = context.roots_of(ctx)
    compared = compare_with(base, roots=roots, repo=wanted.repo, ref=wanted.ref)
    scope = _scope(compared.fleet, wanted)
    term.say(_source_line(compared.fleet.source.label, compared.fleet.commit))
    made = compared.preview(scope)
    words = _words(compared, made) if published else ()
    if output is PlanOutput.JSON:
        term.json(view.data(made, words, scope=scope))
    elif output is PlanOutput.MARKDOWN:
        term.data(view.markdown(made, words))
    else:
        term.data(view.human(made, words, colour=term.colour_out, full=full))
    return _Ended(has_failed(made), made.plan.has_changes)


def _scope(fleet: ReadFleet, wanted: _Wanted) -> Scope:
    from molthub.cli import context

    return context.scope_of(
        fleet.checked, workspaces=wanted.workspaces, environments=wanted.environments, instances=wanted.instances
    )


def _words(compared: ComparedFleet, made: Preview) -> tuple[WritersWord, ...]:
    """Of the environments in the plan. This does ask AWS: it reads one object of each environment's bucket."""
    from molthub.cli import context
    from molthub.cli.published import words_of_writers
    from molthub.pipeline.types import Scope

    keys = {environment.key for environment in made.plan.environments if environment.instances}
    known = frozenset(keys & compared.fleet.checked.documents.environments.keys())
    if not known:
        return ()
    collaborators = context.collaborators(compared.roots, compared.fleet)
    return words_of_writers(compared.fleet.checked, collaborators, scope=Scope(environments=known))


def _source_line(label: str, commit: str | None) -> str:
    from molthub.cli.views.text import safe

    if commit is None:
        return f"Planning the working tree of {safe(label)}, with its uncommitted changes."
    return f"Planning {safe(label)} at {commit[:12]}"


def _write(path: Path, text: str) -> None:
    from molthub.errors import StallingError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StallingError("MH-CLI-005", f"cannot write the plan file {path}: {error.strerror}") from error
