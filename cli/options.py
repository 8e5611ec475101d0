"""The options that several commands share, each said once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """How a command that prints data prints it."""

    HUMAN = "human"
    JSON = "json"


class FindingsOutput(StrEnum):
    """The same for a command whose data are findings."""

    HUMAN = "human"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class PlanOutput(StrEnum):
    """The same for a plan."""

    HUMAN = "human"
    JSON = "json"
    MARKDOWN = "markdown"


class TableOutput(StrEnum):
    """The same for a command whose human form is a table."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


class Text(StrEnum):
    """The same for documents."""

    YAML = "yaml"
    JSON = "json"


RepoOption = Annotated[
    str | None,
    typer.Option(
        "--repo",
        envvar="MOLTHUB_REPO",
        metavar="PATH|URL",
        help="The fleet repository; by default the one you stand in",
    ),
]
RefOption = Annotated[
    str | None,
    typer.Option("--ref", metavar="REF", help="A branch, tag or commit; by default what is checked out"),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REF",
        help="Only what changed since the history left this branch, tag or commit; no cloud is asked",
    ),
]
OutputOption = Annotated[Output, typer.Option("-o", "--output", help="How to print the result")]
TableOption = Annotated[TableOutput, typer.Option("-o", "--output", help="How to print the result")]
TextOption = Annotated[Text, typer.Option("-o", "--output", help="How to print the result")]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="Print no colours (NO_COLOR does the same)")]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        envvar="MOLTHUB_DATABASE_URL",
        help="The controller's database: sqlite:///FILE or postgresql://USER@HOST/DATABASE",
    ),
]
WorkspaceOption = Annotated[
    list[str] | None, typer.Option("--workspace", metavar="NAME", help="Only this workspace (repeatable)")
]
EnvironmentOption = Annotated[
    list[str] | None,
    typer.Option("--environment", metavar="WORKSPACE/NAME", help="Only this environment (repeatable)"),
]
LabelsOption = Annotated[
    list[str] | None, typer.Option("-l", "--selector", metavar="KEY=VALUE", help="Only with this label (repeatable)")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="AGE|TIME", help="Only from then on: 30m, 12h, 7d, 2027-01-31T08:00Z"),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="AGE|TIME", help="Only until then, written the same way")
]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C")]
IntervalOption = Annotated[
    float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks of --follow")
]
NoCommitOption = Annotated[bool, typer.Option("--no-commit", help="Leave no trail in the fleet's history")]
ApproveOption = Annotated[bool, typer.Option("-y", "--yes", "--auto-approve", help="Do not ask")]
InstanceArgument = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique")
]
InstancesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique"),
]


def examples(*commands: str) -> str:
    """The epilogue of a command's help. The \\b keeps the lines as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
