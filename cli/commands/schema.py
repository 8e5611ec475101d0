"""`molthub schema`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from molthub.cli.terminal import terminal


class Kind(StrEnum):
    """The kinds of document a fleet repository holds."""

    FLEET = "Fleet"
    ENVIRONMENT = "Environment"
    INSTANCE = "MoltbotInstance"
    TEMPLATE = "MoltbotTemplate"
    ACCESS = "AccessPolicy"


def schema(kind: Annotated[Kind | None, typer.Argument(help="One kind only; by default all of them")] = None) -> None:
    """Print the JSON Schema of the manifests

    Editors use it: put `# yaml-language-server: $schema=./.molthub/molthub.schema.json` at the top of a manifest.
    """
    from molthub.manifest.schema import schema_for

    terminal().data(schema_for(kind.value if kind else None))
