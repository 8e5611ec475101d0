"""What the commands of the controller share: options, and reading its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

Settings = TypeVar("Settings", bound="BaseSettings")

NotifyUrlOption = Annotated[
    Path | None,
    typer.Option(
        "--notify-url-file", metavar="FILE", help="Holds the URL that notifications are posted to, which is a secret"
    ),
]
NotifyKeyOption = Annotated[
    Path | None, typer.Option("--notify-key-file", metavar="FILE", help="Holds the key they are signed with")
]


def parsed(kind: type[Settings], given: Mapping[str, object]) -> Settings:
    """The settings: what was given wins over the variables. Raises typer.BadParameter naming flag and variable."""
    from pydantic import ValidationError

    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "setting"
        hint = f"--{name.replace('_', '-')} or MOLTHUB_{name.upper()}"
        raise typer.BadParameter(str(first["msg"]), param_hint=hint) from error
