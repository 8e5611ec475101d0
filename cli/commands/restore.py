"""`molthub restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.options import (
    ApproveOption,
    InstanceArgument,
    NoCommitOption,
    Output,
    OutputOption,
    RepoOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.cli.keeping import Keeping
    from molthub.resources.observation import RecoveryPoint

FORMAT = "molthub.dev/recovery-points/v1"


def restore(
    ctx: typer.Context,
    instance: InstanceArgument,
    source: Annotated[str, typer.Option("--from", metavar="ARN|latest", help="The recovery point")] = "latest",
    listing: Annotated[bool, typer.Option("--list", help="List the recovery points and stop")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Delete the file systems that restores replaced")] = False,
    auto_approve: ApproveOption = False,
    no_commit: NoCommitOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
) -> None:
    """Put a backup in the place of an instance's state

    Makes a new file system of the recovery point and puts it in the place of the one in use, which is kept until
    `--confirm`. What the Moltbot learned since the backup stays in the old one. It starts on the restored state with
    the next pass of the controller, or with `molthub apply INSTANCE`.
    """
    from molthub.cli.keeping import keeping
    from molthub.cli.trail import open_trail

    term = terminal()
    trail = open_trail(repo, no_commit=no_commit or listing, term=term) if not listing else None
    if trail is not None:
        trail.check()
    with keeping(ctx, instance, repo=repo, term=term, writes=not listing) as job:
        if listing:
            _list(job, output, term)
            return
        assert trail is not None
        trail.allow("Molthub-Restore", job.identity.key)
        if confirm:
            done = _confirm(job, term, auto_approve=auto_approve)
            subject, words = f"Delete the former state of {instance}", f"{job.identity} confirmed {done}"
        else:
            point = _chosen(job, source)
            _ask(term, f"Put the state of {point.created_at:%Y-%m-%d %H:%M} in place?", auto_approve=auto_approve)
            done = _restore(job, point)
            subject, words = f"Restore the state of {instance}", f"{job.identity} {point.arn}"
        term.data(done)
    if not confirm:
        term.say(f"It starts on it with the controller's next pass, or now: molthub apply {instance}")
    assert trail is not None
    action = "restore-confirm" if confirm else "restore"
    trail.leave(subject, {"Molthub-Restore": words}, action=action, instance=job.identity)


def _list(job: Keeping, output: Output, term: Terminal) -> None:
    rows = [
        {"recoveryPoint": point.arn, "at": point.created_at.isoformat(), "size": point.size, "before": point.before}
        for point in job.state.points
    ]
    if output is Output.JSON:
        term.json({"format": FORMAT, "instance": job.name, "points": rows})
        return
    for row in rows:
        term.data(f"{row['at']}  {row['recoveryPoint']}")
    if not rows:
        term.say(f"{job.name} has no backup")


def _chosen(job: Keeping, source: str) -> RecoveryPoint:
    found = [point for point in job.state.points if source in ("latest", point.arn)]
    if not found:
        raise StallingError(
            "MH-BACK-009",
            f"{'no' if source == 'latest' else source + ' is no'} completed backup of {job.name}",
            fix=f"List the backups with `molthub restore {job.name} --list`",
        )
    return found[0]


def _restore(job: Keeping, point: RecoveryPoint) -> str:
    from molthub.planning.types import Action, Change
    from molthub.resources.types import Restore, Step

    wanted = job.observed.resources.file_system
    assert wanted is not None
    after = Restore(wanted, job.backups.vault, job.backups.role, point=point.arn)
    return job.carry_out(Change(Action.CREATE, Step.RESTORE, wanted.name, None, after)).detail


def _confirm(job: Keeping, term: Terminal, *, auto_approve: bool) -> str:
    from molthub.planning.types import Action, Change
    from molthub.resources.types import Retired, Step

    if not job.state.retired:
        return f"{job.name} has no former state"
    file_system = job.observed.resources.file_system
    assert file_system is not None
    _ask(term, f"Delete {', '.join(job.state.retired)} with everything in it?", auto_approve=auto_approve)
    change = Change(Action.DELETE, Step.RETIRED, file_system.name, None, Retired(file_system.name))
    return job.carry_out(change).detail


def _ask(term: Terminal, question: str, *, auto_approve: bool) -> None:
    """Raises MH-CLI-004 when nobody can be asked, or when the answer is not `yes`."""
    if auto_approve:
        return
    if not term.interactive:
        raise StallingError(
            "MH-CLI-004", "nobody can be asked: this is not a terminal", fix="Say --yes if that is meant"
        )
    term.say(f"{question} Only 'yes' will be accepted.")
    if typer.prompt("Enter a value", default="", show_default=False, err=True) != "yes":
        raise StallingError("MH-CLI-004", "not approved, so nothing was changed")
