"""Parts of Molthub that a plain installation leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from molthub.errors import StallingError


@contextmanager
def needing_demo(what: str) -> Iterator[None]:
    """Import what the extra `demo` brings inside this. Raises MH-CLI-009 when it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("molthub"):
            raise
        raise StallingError(
            "MH-CLI-009",
            f"{what} needs {error.name}, which is not installed",
            fix="Install the extra: pip install 'molthub[demo]'",
        ) from error
