"""What the commands around templates share: which templates there are, and what somebody chose of one."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.pipeline.templates.catalogue import Catalogue
    from molthub.pipeline.templates.patching import Patch
    from molthub.pipeline.types import CheckedFleet

NO_FLEET = ("MH-GIT-002", "MH-GIT-007")
"""No repository here, or one without a commit."""

TemplateArgument = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="Its name; builtin/NAME for Molthub's own where the fleet replaces it")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter's value (repeatable)")
]
PatchOption = Annotated[
    str | None,
    typer.Option("--patch", metavar="FILE|-", help="A JSON Patch (RFC 6902), as JSON or YAML, for the rest"),
]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label of the instance (repeatable)")
]


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates that can be named here. checked: the fleet, None where one stands in none."""

    catalogue: Catalogue
    checked: CheckedFleet | None


def open_templates(ctx: typer.Context, *, repo: str | None, ref: str | None) -> Templates:
    """Molthub's templates, and the fleet's own where there is a fleet."""
    from molthub.pipeline.templates.catalogue import catalogue

    try:
        checked = context.read_fleet(context.roots_of(ctx), repo=repo, ref=ref).checked
    except StallingError as error:
        if repo is not None or ref is not None or error.ref not in NO_FLEET:
            raise
        checked = None
    return Templates(catalogue(checked), checked)


def patch_of(path: str | None) -> Patch | None:
    """The patch of a file, or of stdin for `-`. Raises MH-TMPL-011."""
    if path is None:
        return None
    from molthub.pipeline.templates.patching import read_patch

    name, content = read_input(path)
    return read_patch(name, content)


def read_input(path: str) -> tuple[str, bytes]:
    """A file's name and content, no more than a manifest may have; `-` is what is piped in. Raises MH-TMPL-013."""
    from molthub.manifest.yaml_text import MAX_BYTES

    if path == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise StallingError("MH-TMPL-013", "nothing is piped in", fix="Pipe it in, or name a file")
        return "stdin", sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(path).open("rb") as file:
            return path, file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StallingError("MH-TMPL-013", f"{path} cannot be read: {error.strerror}", fix="Check the path") from error


def labels_of(texts: Iterable[str] | None) -> dict[str, str]:
    """`KEY=VALUE` labels. Raises MH-TMPL-010."""
    from molthub.pipeline.templates.choosing import assignments

    return assignments(texts or (), option="--label")
