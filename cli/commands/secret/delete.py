"""`molthub secret delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.commands.secret.common import Job, NoCommitOption, open_job
from molthub.cli.options import (
    ApproveOption,
    RepoOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.pipeline.secrets.places import Target
    from molthub.provider.secrets import SecretRecord

APPROVED = "yes"


def delete(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH[#KEY]", help="The secret, or one key of a JSON secret")],
    environment: Annotated[
        str, typer.Option("--environment", metavar="WORKSPACE/NAME", help="The environment it belongs to")
    ],
    recovery_days: Annotated[
        int,
        typer.Option("--recovery-days", metavar="DAYS", min=7, max=30, help="How long `secret set` can take it back"),
    ] = 30,
    auto_approve: ApproveOption = False,
    no_commit: NoCommitOption = False,
    repo: RepoOption = None,
) -> None:
    """Schedule the deletion of a secret nobody uses

    Refused while a manifest, or a task definition that runs, names it: take it out of the manifest, apply that, and
    delete it then. With #KEY only that key is taken out of the JSON secret, at once and for good.
    """
    from molthub.pipeline.secrets.places import of_path

    term = terminal()
    job = open_job(ctx, repo=repo, no_commit=no_commit, term=term)
    target = of_path(job.documents, context.environment_key(environment), path)
    job.check(None, target.environment)
    store = job.store(target.environment)
    record = _deletable(job, target, store.describe(target.place.source))
    _refuse_used(job, target, record)
    _approve(target, term, recovery_days, auto_approve=auto_approve)
    if target.place.json_key:
        from molthub.pipeline.secrets.values import remove_key

        version = remove_key(store, target.place)
        term.data(f"{target.key} is taken out (version {version[:8]})")
    else:
        goes = store.delete(target.place.source, recovery_days=recovery_days)
        term.data(f"{target.key} is scheduled for deletion on {goes:%Y-%m-%d}; `molthub secret set` takes it back")
    job.keep(f"Delete the secret {target.key}", f"delete {target.key}", {})


def _deletable(job: Job, target: Target, record: SecretRecord | None) -> SecretRecord:
    """Raise MH-SCRT-014 for what is not there, -016 for what is not ours to delete."""
    from molthub.pipeline.secrets.places import gateway_owner
    from molthub.resources.identity import TAG_FLEET

    source = target.place.source
    if record is None or record.deletion_at is not None:
        why = "does not exist" if record is None else f"goes on {record.deletion_at:%Y-%m-%d} already"
        raise StallingError("MH-SCRT-014", f"the secret {source} {why}", fix="See `molthub secret list`")
    if record.tags.get(TAG_FLEET) != job.name:
        raise StallingError(
            "MH-SCRT-016",
            f"the secret {source} was not made by this fleet (its tag {TAG_FLEET} does not say {job.name})",
            fix="Delete it in Secrets Manager, where it was made",
        )
    owner = gateway_owner(job.known, record.name)
    if owner is not None:
        raise StallingError(
            "MH-SCRT-016",
            f"the secret {source} is the gateway token of {owner.name}, which goes with its instance",
            fix=f"Replace it with `molthub secret rotate {owner.name} --gateway`",
        )
    return record


def _refuse_used(job: Job, target: Target, record: SecretRecord) -> None:
    """Raise MH-SCRT-017 while a manifest names it, or while what runs does; what cannot be read counts as running."""
    from molthub.pipeline.secrets.places import users, uses_around

    around = uses_around(job.known, job.documents, target.environment.key)
    named = users(around, target.place, arn=record.arn)
    if named:
        raise StallingError(
            "MH-SCRT-017",
            f"the secret {target.key} is used by {', '.join(map(str, named))}",
            fix="Take it out of spec.secrets there, commit, apply, and delete it then",
        )
    running = _running(job, target, record)
    if running:
        raise StallingError(
            "MH-SCRT-017",
            f"the secret {target.key} is still given to what runs as {', '.join(running)}",
            fix="Apply the commit that took it out of the manifest, and delete it then",
        )


def _running(job: Job, target: Target, record: SecretRecord) -> list[str]:
    """Instances in the account and region whose live task definition has the secret."""
    from molthub.pipeline.places import location_of
    from molthub.pipeline.secrets.places import neighbours
    from molthub.pipeline.secrets.running import instances_given
    from molthub.provider.protocols import Query

    running: list[str] = []
    for key in neighbours(job.documents, target.environment.key):
        provider = job.roots.providers()(key, location_of(job.documents.environments[key], fleet=job.name))
        seen = provider.observe(Query(fleet=job.name, key=key))
        if seen.failures:
            failure = seen.failures[0]
            raise StallingError(
                failure.ref,
                f"what runs in {key} cannot be read, so nothing is deleted: {failure.message}",
                fix="Try again",
            )
        running += instances_given(seen, target.place, record)
    return running


def _approve(target: Target, term: Terminal, days: int, *, auto_approve: bool) -> None:
    """Ask, unless told not to. Raises MH-CLI-004 when nobody can be asked, or when the answer is not `yes`."""
    if auto_approve:
        return
    if not term.interactive:
        raise StallingError(
            "MH-CLI-004", "nobody can be asked: this is not a terminal", fix="Say --yes if it is what you want"
        )
    how = "at once and for good" if target.place.json_key else f"in {days} days"
    term.say(f"Delete {target.key} {how}? Only 'yes' will be accepted to approve.")
    if typer.prompt("Enter a value", default="", show_default=False, err=True) != APPROVED:
        raise StallingError("MH-CLI-004", "not approved, so nothing was changed")
