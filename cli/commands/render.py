"""`molthub render`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from molthub.cli.options import (
    InstanceArgument,
    RefOption,
    RepoOption,
    Text,
    TextOption,
)
from molthub.cli.terminal import terminal

if TYPE_CHECKING:
    from molthub.resources.types import ResourceSet

RENDER_FORMAT = "molthub.dev/render/v1"


def render(
    ctx: typer.Context,
    instance: InstanceArgument,
    output: TextOption = Text.YAML,
    config: Annotated[bool, typer.Option("--config", help="Print the Moltbot's own config file instead")] = False,
    repo: RepoOption = None,
    ref: RefOption = None,
) -> None:
    """Print what one manifest becomes on AWS

    Pure: no AWS is asked, so the versions of linked secrets are left open and a pause is taken as it is written.
    """
    from molthub.cli import context
    from molthub.cli.views import documents
    from molthub.desired.render import RenderFacts
    from molthub.desired.render import render as render_instance
    from molthub.errors import InvalidInputError
    from molthub.pipeline.scope import resolve_name
    from molthub.resources.normal import to_json

    roots = context.roots_of(ctx)
    checked = context.read_fleet(roots, repo=repo, ref=ref).checked
    if checked.documents.fleet is None:
        raise InvalidInputError(checked.errors)
    identity = resolve_name(checked, instance)
    loaded = checked.documents.instances[identity]
    paused = loaded.model.spec.lifecycle.paused
    facts = RenderFacts(secret_versions={}, paused=paused is not None and paused.holds(roots.now()))
    environment = checked.documents.environments[loaded.key]
    resources = render_instance(loaded, environment, fleet=identity.fleet, facts=facts).resources
    if config:
        terminal().data(_config(resources))
        return
    data: dict[str, Any] = {
        "format": RENDER_FORMAT,
        "name": loaded.display_name,
        "commit": checked.snapshot.commit,
        "resources": to_json(resources),
    }
    terminal().data(documents.text(data, form=output.value))


def _config(resources: ResourceSet) -> str:
    """The config file inside the init container's variable."""
    from molthub.desired.payload import INIT_VARIABLE, config_of_payload

    assert resources.task_definition is not None
    variables = [pair for container in resources.task_definition.containers for pair in container.environment]
    return config_of_payload(dict(variables)[INIT_VARIABLE])
