"""`molthub history`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal

InstanceArgument = Annotated[
    str,
    typer.Argument(metavar="INSTANCE", help="A name it has or had, its id, or WORKSPACE/ENVIRONMENT/ and either"),
]
EveryLineOption = Annotated[
    bool,
    typer.Option("--all-commits", help="The commits of merged branches one by one; by default merges stand for them"),
]


def history(
    ctx: typer.Context,
    instance: InstanceArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="Also commits that changed only comments, formatting or the file's place")
    ] = False,
    all_commits: EveryLineOption = False,
    running: Annotated[
        bool, typer.Option("--running", help="Ask AWS which version runs; without, the controller's database is asked")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("-n", "--limit", metavar="N", min=1, help="At most so many, the newest")
    ] = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Show the versions of an instance: who changed what, and when

    And which one runs. By identity: through renames, moves of the file and times when it could not be read, also of a
    deleted one. The author is what the commit claims; SIGNED is what its signature proves, by the keys that
    access.yaml names at the head. With -o json each version has its change as a JSON Patch (RFC 6902).
    """
    from molthub.cli.looking_back import look_back, running_commit, version_that_runs
    from molthub.cli.views import history as view

    term = terminal(no_color=no_color)
    with look_back(repo=repo, ref=ref, term=term) as back:
        known = back.past.find(instance)
        found = back.past.versions(known.resource, every_line=all_commits)
        now = running_commit(back, known, context.roots_of(ctx), ask_aws=running, repo=repo, ref=ref)
        shown = [one for one in found if everything or one.entry.outcome != "same"][:limit]
        told = view.History(
            fleet=back.fleet,
            head=back.past.head,
            known=known,
            versions=tuple(shown),
            omitted=sum(one.entry.outcome == "same" for one in found) if not everything else 0,
            signed=back.signers().look([one.record.sha for one in shown]),
            running=now,
            runs=version_that_runs(back, found, now),
        )
    if output is Output.JSON:
        term.json(view.data(told))
    else:
        term.data(view.human(told, colour=term.colour_out))
