"""`molthub secret link`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.secret.common import NoCommitOption, open_job
from molthub.cli.options import (
    InstanceArgument,
    RepoOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import MolthubError, StallingError

if TYPE_CHECKING:
    from molthub.manifest.documents import LoadedEnvironment
    from molthub.provider.secrets import SecretRecord, SecretStore


def link(
    ctx: typer.Context,
    instance: InstanceArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment variable it is to be injected as")],
    secret: Annotated[
        str, typer.Argument(metavar="ARN|PATH[#KEY]", help="The secret's name or ARN, and its JSON key if it has any")
    ],
    no_commit: NoCommitOption = False,
    repo: RepoOption = None,
) -> None:
    """Point an instance at a secret that is there

    Looks whether it exists and can be read, writes the entry of spec.secrets, and commits it. No value is changed.
    """
    from molthub.manifest.editing import with_secret
    from molthub.pipeline.secrets.places import checked, of_instance, written

    term = terminal()
    job = open_job(ctx, repo=repo, no_commit=no_commit, term=term)
    holder = job.holder(instance)
    before, place = of_instance(job.documents, holder, name), checked(secret)
    environment = before.environment
    if before.has_entry and before.key == secret:
        term.data(f"{name} of {holder.name} is linked to {secret} already")
        return
    job.check(holder, environment)
    store = job.store(environment)
    record = _there(store.describe(place.source), place.source, environment)
    _look_inside(store, secret, term)
    edited = {holder.path: with_secret(job.manifest(holder), name=name, key=secret)}
    job.keep(f"Link the secret {name} of {holder.name}", f"link {written(place)}", edited, holder=holder)
    version = record.version_id[:8] if record.version_id else "without a value"
    term.data(f"{name} of {holder.name} is linked to {secret} (version {version})")
    term.say("It is rolled out when the commit is: push it, or run `molthub apply`.")


def _there(record: SecretRecord | None, source: str, environment: LoadedEnvironment) -> SecretRecord:
    """Raise MH-SCRT-015 for a secret that no task could be given."""
    account = environment.model.spec.aws.accountId
    why = None
    if record is None:
        why = "does not exist, or may not be described with your credentials"
    elif record.deletion_at is not None:
        why = f"waits for its deletion until {record.deletion_at:%Y-%m-%d}"
    elif f":{account}:" not in record.arn and record.kms_key is None:
        why = "is in another account and under AWS's own key, which no other account can use"
    elif record.kms_key is not None and ":alias/" in record.kms_key:
        why = (
            "is encrypted under an alias, and the role that reads it can name only the key: put it under the key's ARN"
        )
    if record is None or why is not None:
        raise StallingError(
            "MH-SCRT-015",
            f"the secret {source} {why}",
            fix="Check the name and the region; `molthub secret set` makes a secret, or takes it back",
        )
    return record


def _look_inside(store: SecretStore, secret: str, term: Terminal) -> None:
    """Whether the key is there. Without the right to read it, that is only said: the task's role reads it, not you."""
    from molthub.pipeline.secrets.places import checked
    from molthub.pipeline.secrets.values import check_readable

    try:
        check_readable(store, checked(secret))
    except MolthubError as error:
        if error.ref != "MH-AWS-003":
            raise
        term.say(f"Not checked whether it holds a value: {error.diagnostic.message}")
