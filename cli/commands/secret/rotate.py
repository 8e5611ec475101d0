"""`molthub secret rotate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.secret.common import (
    FileOption,
    InstanceArgument,
    Job,
    NameArgument,
    NoCommitOption,
    PathOption,
    SharedOption,
    open_job,
)
from molthub.cli.options import RepoOption
from molthub.cli.terminal import terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.pipeline.secrets.places import Target
    from molthub.provider.secrets import SecretRecord


def rotate(
    ctx: typer.Context,
    instance: InstanceArgument = None,
    name: NameArgument = None,
    environment: SharedOption = None,
    path: PathOption = None,
    from_file: FileOption = None,
    generate: Annotated[bool, typer.Option("--generate", help="Take 32 random bytes, URL-safe, as the value")] = False,
    gateway: Annotated[bool, typer.Option("--gateway", help="The gateway's own token (INSTANCE alone)")] = False,
    no_commit: NoCommitOption = False,
    repo: RepoOption = None,
) -> None:
    """Replace the value of a secret that is there

    As `secret set`, but refuses to make a secret. Whoever uses it is rolled out anew: the version's id is part of
    what Molthub deploys. The version before stays readable in Secrets Manager as AWSPREVIOUS.
    """
    from molthub.cli.secret_values import generated, read_value
    from molthub.pipeline.secrets.values import set_value

    if gateway and (name or environment or path or from_file):
        raise typer.BadParameter("--gateway goes with INSTANCE alone; its token is always generated")
    if generate and from_file:
        raise typer.BadParameter("--generate and --from-file are two values")
    term = terminal()
    job = open_job(ctx, repo=repo, no_commit=no_commit, term=term)
    target = _gateway(job, instance) if gateway else job.target(instance, name, environment, path)
    job.check(None, target.environment)
    store = job.store(target.environment)
    job.check_whole(target)
    record = _existing(target, store.describe(target.place.source))
    value = (
        generated() if generate or gateway else read_value(term, what=target.name or target.key, from_file=from_file)
    )
    changed = set_value(store, target, value, fleet=job.name, record=record)
    if changed.done == "unchanged":
        term.data(f"{target.key} holds this value already")
        return
    term.data(f"{target.key} is rotated (version {changed.version_id[:8]})")
    job.keep(f"Rotate the secret {target.whose}", f"rotate {target.key}", {}, holder=target.holder)
    job.next_steps(target, record)


def _gateway(job: Job, instance: str | None) -> Target:
    if not instance:
        raise typer.BadParameter("say whose gateway token: INSTANCE")
    from molthub.pipeline.secrets.places import of_gateway

    return of_gateway(job.documents, job.holder(instance))


def _existing(target: Target, record: SecretRecord | None) -> SecretRecord:
    """Raise MH-SCRT-014 for what is not there to be rotated."""
    gateway = target.holder is not None and not target.name
    if target.holder is not None and target.name and not target.has_entry:
        raise StallingError(
            "MH-SCRT-014",
            f"the manifest of {target.holder.name} has no secret {target.name}",
            fix=f"Set it first: molthub secret set {target.holder.name} {target.name}",
        )
    if record is None or record.deletion_at is not None:
        why = "does not exist" if record is None else "waits for its deletion"
        fix = "Apply the instance first: its gateway token is made then" if gateway else "Use `molthub secret set`"
        raise StallingError("MH-SCRT-014", f"the secret {target.place.source} {why}", fix=fix)
    return record
