"""`molthub bootstrap`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal


def bootstrap(
    ctx: typer.Context,
    environment: Annotated[
        str | None,
        typer.Option("--environment", metavar="WORKSPACE/NAME", help="Which one; by default the fleet's only one"),
    ] = None,
    print_: Annotated[bool, typer.Option("--print", help="Print the CloudFormation template and do nothing")] = False,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="Delete the stack of an environment without Moltbots")
    ] = False,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask")] = False,
    skip_quotas: Annotated[
        bool, typer.Option("--skip-quotas", help="Do not look whether the account has room")
    ] = False,
    no_commit: Annotated[bool, typer.Option("--no-commit", help="Leave no trail in the fleet's history")] = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Make, update or delete what an environment stands on

    Network, cluster, key, bucket, permissions boundary, the reconciler's role, backups, and with spec.ingress load
    balancers: one CloudFormation stack. Shows what would change, asks, and follows AWS to the end with your own
    credentials. Running it again changes nothing, goes on where it was cut off, or brings what the manifest says now.
    """
    from molthub.cli import bootstrapping, context

    term = terminal(no_color=no_color)
    if print_ and environment is None:
        term.data(bootstrapping.template_of(None))
        return ExitCode.OK
    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=repo, ref=ref)
    chosen = bootstrapping.choose(fleet.checked, environment)
    if print_:
        term.data(bootstrapping.template_of(chosen))
        return ExitCode.OK
    job = bootstrapping.Job(
        roots=roots,
        term=term,
        chosen=chosen,
        auto_approve=auto_approve,
        trail=bootstrapping.trail_of(repo, ref, no_commit=no_commit, term=term),
        output=output,
    )
    return job.destroy() if destroy else job.make(skip_quotas=skip_quotas)
