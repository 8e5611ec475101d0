"""`molthub secret list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from molthub.cli import context
from molthub.cli.commands.secret.common import InstanceArgument, Job, open_job
from molthub.cli.options import EnvironmentOption, NoColorOption, Output, OutputOption, RepoOption
from molthub.cli.terminal import terminal

if TYPE_CHECKING:
    from molthub.pipeline.secrets.listing import Row
    from molthub.pipeline.secrets.places import Holder
    from molthub.resources.identity import EnvironmentKey


def list_secrets(
    ctx: typer.Context,
    instance: InstanceArgument = None,
    output: OutputOption = Output.HUMAN,
    environment: EnvironmentOption = None,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> None:
    """List secrets: where, how old, and who uses them

    Never a value. Without INSTANCE the environments' own secrets that no manifest uses are listed too.
    """
    from molthub.cli.views import secrets as view

    term = terminal(no_color=no_color)
    job = open_job(ctx, repo=repo, no_commit=True, term=term)
    holder = job.holder(instance) if instance else None
    named = {context.environment_key(text) for text in environment or ()}
    keys = {holder.key} if holder else named or set(job.documents.environments)
    found = [row for key in sorted(keys) for row in _rows(job, key, holder)]
    if output is Output.JSON:
        term.json(view.data(found))
    else:
        term.data(view.human(found, colour=term.colour_out))


def _rows(job: Job, key: EnvironmentKey, holder: Holder | None) -> tuple[Row, ...]:
    from molthub.pipeline.secrets.listing import rows
    from molthub.pipeline.secrets.places import environment_of, uses, uses_around
    from molthub.resources.identity import TAG_ENVIRONMENT, TAG_FLEET, TAG_WORKSPACE, names_of

    store = job.store(environment_of(job.documents, key))
    known = [item for item in job.known if holder is None or item == holder]
    used = uses(known, key)
    sources = {use.place.source for use in used}
    sources |= {names_of(item.identity).gateway_secret for item in known if item.key == key}
    tags = {TAG_FLEET: job.name, TAG_WORKSPACE: key.workspace, TAG_ENVIRONMENT: key.environment}
    tagged = store.tagged(tags) if holder is None else ()
    around = uses_around(job.known, job.documents, key)
    return rows(key, used, known, store.describe_all(sources), tagged=tagged, around=around)
