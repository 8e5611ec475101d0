"""`molthub bootstrap`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    ApproveOption,
    NoColorOption,
    NoCommitOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
)
from molthub.cli.terminal import terminal

OneEnvironmentOption = Annotated[
    str | None,
    typer.Option("--environment", metavar="WORKSPACE/NAME", help="Which one; by default the fleet's only one"),
]
PrintOption = Annotated[bool, typer.Option("--print", help="Print the CloudFormation template and do nothing")]
PrintReaderOption = Annotated[
    bool, typer.Option("--print-read-only", help="Print the IAM policy that plan and status need, and do nothing")
]
DestroyOption = Annotated[bool, typer.Option("--destroy", help="Delete the stack of an environment without Moltbots")]
SkipQuotasOption = Annotated[bool, typer.Option("--skip-quotas", help="Do not look whether the account has room")]
WithControllerOption = Annotated[
    bool | None,
    typer.Option(
        "--with-controller/--without-controller",
        help="Run Molthub's own controller there, or take it away; by default what is there stays",
        show_default=False,
    ),
]
ImageOption = Annotated[
    str | None,
    typer.Option("--controller-image", metavar="IMAGE", help="Molthub's image, with a whole version or digest"),
]
FollowedOption = Annotated[
    str | None,
    typer.Option("--controller-repo", metavar="URL", help="The fleet repository it follows: https or ssh"),
]
BranchOption = Annotated[
    str | None,
    typer.Option("--controller-ref", metavar="REF", help="The branch it follows; '' for the repository's own HEAD"),
]
GitSecretOption = Annotated[
    str | None,
    typer.Option(
        "--controller-git-secret",
        metavar="ARN",
        help="The secret with its token (https) or deploy key (ssh); '' for none",
    ),
]

ControllerKeysOption = Annotated[
    str | None,
    typer.Option(
        "--controller-root-keys",
        metavar="FILE",
        help="SSH public keys that may sign the first access policy; '' for none",
    ),
]

DeleteBackupsOption = Annotated[
    bool, typer.Option("--delete-backups", help="With --destroy: delete the backups of its Moltbots, too, for good")
]


def bootstrap(
    ctx: typer.Context,
    environment: OneEnvironmentOption = None,
    print_: PrintOption = False,
    print_read_only: PrintReaderOption = False,
    destroy: DestroyOption = False,
    delete_backups: DeleteBackupsOption = False,
    auto_approve: ApproveOption = False,
    skip_quotas: SkipQuotasOption = False,
    with_controller: WithControllerOption = None,
    controller_image: ImageOption = None,
    controller_repo: FollowedOption = None,
    controller_ref: BranchOption = None,
    controller_git_secret: GitSecretOption = None,
    controller_root_keys: ControllerKeysOption = None,
    no_commit: NoCommitOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Make, update or delete what an environment stands on

    Network, cluster, key, bucket, permissions boundary, the reconciler's role, backups, and with spec.ingress load
    balancers: one CloudFormation stack. Shows what would change, asks, and follows AWS to the end with your own
    credentials. Running it again changes nothing, goes on where it was cut off, or brings what the manifest says now.

    With --with-controller Molthub's own controller runs there, too. Later runs keep it and its settings, until they say
    otherwise.
    """
    from molthub.cli import bootstrapping, context
    from molthub.pipeline.controllers import ControllerWish

    term = terminal(no_color=no_color)
    settings = (controller_image, controller_repo, controller_ref, controller_git_secret, controller_root_keys)
    wish = ControllerWish(with_controller, *settings)
    _check(destroy=destroy, delete_backups=delete_backups, wish=wish.given)
    if print_ and environment is None and not wish.given:
        term.data(bootstrapping.template_of(None))
        return ExitCode.OK
    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=repo, ref=ref)
    chosen = bootstrapping.choose(fleet.checked, environment)
    if print_ or print_read_only:
        term.data(bootstrapping.template_of(chosen, wish) if print_ else bootstrapping.reader_policy_of(chosen))
        return ExitCode.OK
    trail = bootstrapping.trail_of(repo, ref, no_commit=no_commit, term=term)
    job = bootstrapping.Job(roots, term, chosen, wish, auto_approve, trail, output)
    return job.destroy(delete_backups=delete_backups) if destroy else job.make(skip_quotas=skip_quotas)


def _check(*, destroy: bool, delete_backups: bool, wish: bool) -> None:
    """Raises typer.BadParameter for what does not go together. wish: something is said of the controller."""
    if destroy and wish:
        raise typer.BadParameter("goes without --destroy, which takes the controller along", param_hint="controller")
    if delete_backups and not destroy:
        raise typer.BadParameter("goes with --destroy", param_hint="--delete-backups")
