"""`molthub template export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.options import RefOption, RepoOption
from molthub.cli.templating import open_templates
from molthub.cli.terminal import terminal
from molthub.errors import InvalidInputError, StallingError


def export(
    ctx: typer.Context,
    template: Annotated[
        str | None, typer.Argument(metavar="TEMPLATE", help="Its name, or builtin/NAME", show_default=False)
    ] = None,
    from_instance: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANCE", help="Make a template of this instance instead: image, model and secrets are asked"
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --from-instance: what the template is called")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead of to stdout")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite FILE")] = False,
    repo: RepoOption = None,
    ref: RefOption = None,
) -> None:
    """Write a template as a file to edit

    As it was written, comments and all. `molthub template import` takes it back; as templates/NAME.yaml it takes
    the place of Molthub's of the same name.
    """
    if (template is None) == (from_instance is None):
        raise typer.BadParameter("say TEMPLATE, or --from-instance INSTANCE")
    if name is not None and from_instance is None:
        raise typer.BadParameter("goes with --from-instance", param_hint="--name")
    if from_instance is not None:
        content = _captured(ctx, from_instance, name, repo=repo, ref=ref)
    else:
        content = open_templates(ctx, repo=repo, ref=ref).catalogue.find(template or "").content
    term = terminal()
    if out is None:
        term.data(content.decode("utf-8-sig"))
        return
    _write(out, content, force=force)
    term.say(f"Wrote {out}. Edit it, then: molthub template import {out}")


def _captured(ctx: typer.Context, instance: str, name: str | None, *, repo: str | None, ref: str | None) -> bytes:
    from molthub.pipeline.scope import resolve_name
    from molthub.pipeline.templates.capturing import captured
    from molthub.pipeline.templates.catalogue import read_template

    checked = context.read_fleet(context.roots_of(ctx), repo=repo, ref=ref).checked
    if checked.documents.fleet is None:
        raise InvalidInputError(checked.errors)
    identity = resolve_name(checked, instance)
    loaded = checked.documents.instances[identity]
    called = name or loaded.model.metadata.name
    content = captured(loaded, checked.snapshot.files[loaded.path].content, name=called, fleet=identity.fleet).encode()
    read_template(f"{called}.yaml", content, own=True)  # a name that is none is told here
    return content


def _write(out: Path, content: bytes, *, force: bool) -> None:
    try:
        with out.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise StallingError(
            "MH-TMPL-014", f"{out} is already there, and export overwrites nothing", fix="Name another, or say --force"
        ) from None
    except OSError as error:
        raise StallingError(
            "MH-TMPL-014", f"{out} cannot be written: {error.strerror}", fix="Check the path"
        ) from error
