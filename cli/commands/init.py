"""`molthub init`."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from molthub.cli.terminal import Terminal, terminal

PLACEHOLDERS = {
    "account": "123456789012",
    "region": "eu-west-1",
    "vpc": "vpc-0123456789abcdef0",
    "subnet": "subnet-0123456789abcdef0",
}
"""Only in the right form; whoever runs it puts the real ones in."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the scaffold is filled with; placeholders: the names of those nobody gave."""

    fleet: str
    workspace: str
    environment: str
    account: str
    region: str
    cluster: str
    vpc: str
    subnets: tuple[str, ...]
    placeholders: tuple[str, ...] = ()


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; made if it is not there")] = Path(),
    fleet: Annotated[str | None, typer.Option(metavar="NAME", help="The fleet's name; by default the folder's")] = None,
    workspace: Annotated[str, typer.Option(metavar="NAME", help="The first workspace (a team or tenant)")] = "acme",
    environment: Annotated[str, typer.Option(metavar="NAME", help="The first environment")] = "dev",
    account: Annotated[str | None, typer.Option(metavar="ID", help="AWS account, twelve digits")] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="AWS region")] = None,
    cluster: Annotated[
        str | None, typer.Option(metavar="NAME", help="ECS cluster; by default molthub-WORKSPACE-ENVIRONMENT")
    ] = None,
    vpc: Annotated[str | None, typer.Option(metavar="ID", help="VPC id")] = None,
    subnet: Annotated[list[str] | None, typer.Option(metavar="ID", help="Private subnet id (repeatable)")] = None,
) -> None:
    """Start a fleet repository

    Writes the fleet, one environment, one example instance, a schema for editors, a GitHub workflow that
    validates, and a README. Overwrites nothing. On a terminal it asks for what is not given; with no location
    option at all and nobody to ask, it writes placeholders and says which.
    """
    from molthub.cli.commands import init_files

    term = terminal()
    given = {
        "account": account,
        "region": region,
        "vpc": vpc,
        "subnet": ",".join(subnet) if subnet else None,
    }
    places, missing = _places(given, term)
    answers = Answers(
        fleet=fleet or init_files.fleet_name(directory),
        workspace=workspace,
        environment=environment,
        account=places["account"],
        region=places["region"],
        cluster=cluster or f"molthub-{workspace}-{environment}",
        vpc=places["vpc"],
        subnets=tuple(part.strip() for part in places["subnet"].split(",")),
        placeholders=missing,
    )
    written = init_files.write(directory, answers)
    initialised = init_files.ensure_git(directory)
    _tell(directory, answers, written, initialised=initialised, term=term)


def _places(given: dict[str, str | None], term: Terminal) -> tuple[dict[str, str], tuple[str, ...]]:
    """The location's parts, and the names of those that are only placeholders."""
    missing = tuple(name for name, value in given.items() if not value)
    if term.interactive:
        asked = {name: typer.prompt(_question(name), default=PLACEHOLDERS[name], err=True) for name in missing}
        found = {name: value or asked[name] for name, value in given.items()}
        return found, tuple(name for name in missing if asked[name] == PLACEHOLDERS[name])
    if missing and len(missing) < len(given):
        from molthub.errors import StallingError

        raise StallingError(
            "MH-CLI-008",
            f"some of the location is missing: {', '.join(f'--{name}' for name in missing)}",
            fix="Say those too, or none of them to get placeholders",
        )
    return {name: value or PLACEHOLDERS[name] for name, value in given.items()}, missing


def _question(name: str) -> str:
    return {
        "account": "AWS account",
        "region": "AWS region",
        "vpc": "VPC id",
        "subnet": "Private subnet ids, comma-separated",
    }[name]


def _tell(directory: Path, answers: Answers, written: list[str], *, initialised: bool, term: Terminal) -> None:
    for path in written:
        term.data(f"wrote {path}")
    if initialised:
        term.data("started a Git repository")
    steps = [f"cd {shlex.quote(str(directory))}"] if directory != Path() else []
    if answers.placeholders:
        names = ", ".join(answers.placeholders)
        term.say(f"\nReplace the placeholders ({names}) in environments/ before you plan.")
    term.say("\nNext:")
    steps += ["molthub validate", "git add . && git commit -m 'Start the fleet'", "molthub plan"]
    for step in steps:
        term.say(f"  {step}")
