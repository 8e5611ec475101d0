"""`molthub plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    NoColorOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.terminal import terminal


def plan(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    output: OutputOption = Output.HUMAN,
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
    """
    from molthub.cli import context
    from molthub.cli.published import notes_on_the_past, words_of_writers
    from molthub.cli.views import diagnostics
    from molthub.cli.views import plan as view
    from molthub.pipeline.planner import plan_fleet
    from molthub.planning.serialise import dump_plan

    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=repo, ref=ref)
    scope = context.scope_of(fleet.checked, workspaces=workspace, environments=environment, instances=instances)
    term.say(_source_line(fleet.source.label, fleet.commit))
    collaborators = context.collaborators(roots, fleet)
    made = plan_fleet(fleet.checked, collaborators, scope=scope).plan
    dumped = dump_plan(made, environments=scope.environments, instances=scope.instances)
    term.data(dumped if output is Output.JSON else view.human(made, colour=term.colour_out, full=full))
    words = words_of_writers(fleet.checked, collaborators, scope=scope)
    if notes := notes_on_the_past(words, fleet.source, fleet.commit):
        term.say(diagnostics.human(notes, colour=term.colour_err))
    if out is not None:
        _write(out, dumped)
        term.say(f"Plan written to {out}")
    if made.errored:
        return ExitCode.FAILED
    return ExitCode.CHANGES if detailed_exitcode and made.has_changes else ExitCode.OK


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
