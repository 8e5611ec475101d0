"""`molthub backup`."""

from __future__ import annotations

import typer

from molthub.cli.options import (
    InstanceArgument,
    NoCommitOption,
    Output,
    OutputOption,
    RepoOption,
)
from molthub.cli.terminal import terminal

FORMAT = "molthub.dev/backup/v1"


def backup(
    ctx: typer.Context,
    instance: InstanceArgument,
    no_commit: NoCommitOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
) -> None:
    """Back an instance's state up now

    Starts a job of AWS Backup and follows it to its end; the recovery point stays in the environment's vault. Of a
    running Moltbot the backup is what a power failure would leave: pause it first where that matters.
    """
    from molthub.cli.keeping import keeping
    from molthub.cli.trail import open_trail
    from molthub.planning.types import Action, Change
    from molthub.resources.types import BY_HAND, Backup, Step

    term = terminal()
    trail = open_trail(repo, no_commit=no_commit, term=term)
    trail.check()
    with keeping(ctx, instance, repo=repo, term=term, writes=False) as job:
        trail.allow("Molthub-Backup", job.identity.key)
        file_system = job.observed.resources.file_system
        assert file_system is not None
        running = job.observed.runtime.running if job.observed.runtime else 0
        if running:
            term.say(f"{instance} is running: the backup will be as if its power had failed.")
        moment = job.roots.now().isoformat(timespec="seconds")
        wanted = Backup(
            file_system.name, job.backups.vault, job.backups.role, of="", before=f"{BY_HAND}{moment}", service=""
        )
        result = job.carry_out(Change(Action.CREATE, Step.BACKUP, file_system.name, None, wanted))
    point = result.detail.removeprefix("recovery point ")
    if output is Output.JSON:
        term.json({"format": FORMAT, "instance": instance, "recoveryPoint": point})
    else:
        term.data(f"{instance} is backed up: {point}")
    trailers = {"Molthub-Backup": f"{job.identity} {point}"}
    trail.leave(f"Back up the state of {instance}", trailers, action="backup", instance=job.identity)
