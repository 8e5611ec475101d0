"""The sections of `molthub --help`: which command stands under which heading, in the order people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from typer.core import TyperGroup

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Start": ("init", "bootstrap", "doctor", "demo", "simulator"),
    "Check and apply": ("validate", "render", "plan", "apply"),
    "Change (each is a commit)": (
        "create",
        "set",
        "edit",
        "label",
        "rename",
        "image",
        "pause",
        "resume",
        "restart",
        "retry",
        "abort",
        "rollback",
        "delete",
        "reconcile",
        "propose",
        "template",
    ),
    "Look": ("status", "drift", "wait", "explain", "logs", "events", "webhook"),
    "Look back": ("history", "diff", "blame", "audit"),
    "Secrets, state and access": ("secret", "backup", "restore", "access"),
    "Run Molthub": ("controller", "db"),
    "Tools": ("schema", "completion", "version"),
}
"""Every command of the top level, once (tests/cli/test_reference.py)."""

UNSORTED = "Commands"
"""The heading of a command that no section names."""


class Sections(TyperGroup):
    """The top of the command tree: its commands by section, in one column."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        """Every name, in the order of the sections."""
        return [name for names in self.sections().values() for name in names]

    def sections(self) -> dict[str, list[str]]:
        """Heading → the names below it."""
        found = {title: [name for name in names if name in self.commands] for title, names in SECTIONS.items()}
        placed = {name for names in found.values() for name in names}
        return {**found, UNSORTED: [name for name in self.commands if name not in placed]}

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's signature
        """Write them all with one width, so that the descriptions stand below each other."""
        width = max(map(len, self.commands), default=0)
        for title, names in self.sections().items():
            rows = [(name.ljust(width), self._summary(name, formatter.width - 6 - width)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _summary(self, name: str, limit: int) -> str:
        text: str = self.commands[name].get_short_help_str(limit)
        return text
