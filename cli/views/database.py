"""A database's schema: a line for people, and `molthub.dev/database/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from molthub.cli.views.text import safe

if TYPE_CHECKING:
    from molthub.state.schema import DatabaseSchema

DATABASE_FORMAT = "molthub.dev/database/v1"


def human(found: DatabaseSchema) -> str:
    """What it has, and what to do where that is not the newest."""
    label = safe(found.label)
    if found.is_newest:
        return f"{label} has schema {found.found}, the newest."
    if found.found is None:
        return f"{label} is empty: `molthub db upgrade`, or a controller that starts, makes schema {found.newest}."
    return (
        f"{label} has schema {found.found}: `molthub db upgrade`, or a controller that starts, brings {found.newest}."
    )


def upgraded(before: DatabaseSchema) -> str:
    """What was done. before: as it was found."""
    label = safe(before.label)
    if before.is_newest:
        return f"{label} has schema {before.found} already, the newest."
    if before.found is None:
        return f"Made {label} with schema {before.newest}."
    return f"Brought {label} from schema {before.found} to {before.newest}."


def data(found: DatabaseSchema) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": DATABASE_FORMAT,
        "database": found.label,
        "schema": found.found,
        "newest": found.newest,
        "isNewest": found.is_newest,
    }
