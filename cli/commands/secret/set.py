"""`molthub secret set`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.commands.secret.common import (
    FileOption,
    InstanceArgument,
    NameArgument,
    NoCommitOption,
    PathOption,
    SharedOption,
    open_job,
)
from molthub.cli.options import RepoOption
from molthub.cli.terminal import terminal


def set_secret(
    ctx: typer.Context,
    instance: InstanceArgument = None,
    name: NameArgument = None,
    environment: SharedOption = None,
    path: PathOption = None,
    from_file: FileOption = None,
    kms_key: Annotated[
        str | None,
        typer.Option("--kms-key", metavar="KEY", help="Encrypt it with this customer key (ARN, id or alias)"),
    ] = None,
    no_commit: NoCommitOption = False,
    repo: RepoOption = None,
) -> None:
    """Put a secret's value into Secrets Manager

    Asks for the value without showing it, or takes what is piped in. It goes straight to AWS with your own
    credentials and is kept nowhere else. An entry that the manifest lacks is added to it and committed; a secret
    that waits for its deletion is taken back. Only the named key of a JSON secret is changed.
    """
    from molthub.cli.secret_values import read_value
    from molthub.manifest.editing import with_secret
    from molthub.pipeline.secrets.values import check_ours, set_value

    term = terminal()
    job = open_job(ctx, repo=repo, no_commit=no_commit, term=term)
    target = job.target(instance, name, environment, path)
    edits = target.holder if not target.has_entry else None
    job.check(edits, target.environment)
    store = job.store(target.environment)
    record = store.describe(target.place.source)
    check_ours(record, job.name)
    job.check_whole(target)
    if record is None and kms_key is None:
        kms_key = job.default_key(target.environment)
    edited = {edits.path: with_secret(job.manifest(edits), name=target.name, key=target.key)} if edits else {}
    value = read_value(term, what=target.name or target.key, from_file=from_file)
    changed = set_value(store, target, value, fleet=job.name, record=record, kms_key=kms_key)
    if changed.restored:
        term.say(f"{target.place.source} was waiting for its deletion; it is restored.")
    unchanged = changed.done == "unchanged"
    term.data(
        f"{target.key} {'holds this value already' if unchanged else f'is set (version {changed.version_id[:8]})'}"
    )
    if edited or not unchanged or changed.restored or kms_key is not None:
        job.keep(f"Set the secret {target.whose}", f"set {target.key}", edited, holder=target.holder)
    if not unchanged:
        job.next_steps(target, record)
