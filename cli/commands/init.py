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
}
"""Only in the right form; whoever runs it puts the real ones in."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the scaffold is filled with.

    cluster, vpc, subnets  what is there already; None and () where `molthub bootstrap` makes them
    placeholders           the names of those nobody gave
    """

    fleet: str
    workspace: str
    environment: str
    account: str
    region: str
    cluster: str | None
    vpc: str | None
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
        str | None, typer.Option(metavar="NAME", help="An existing ECS cluster; by default bootstrap makes one")
    ] = None,
    vpc: Annotated[
        str | None, typer.Option(metavar="ID", help="An existing VPC; by default bootstrap makes one")
    ] = None,
    subnet: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A private subnet of that VPC (repeatable)")
    ] = None,
) -> None:
    """Start a fleet repository

    Writes the fleet, one environment, a schema for editors, a GitHub workflow that validates and plans, and a README;
    `molthub create` adds Moltbots. Overwrites nothing. On a terminal it asks for what is not given; with no location
    option at all and nobody to ask, it writes placeholders and says which.
    """
    from molthub.cli.commands import init_files

    term = terminal()
    _refuse_half_a_network(vpc, subnet)
    places, missing = _places({"account": account, "region": region}, term)
    answers = Answers(
        fleet=fleet or init_files.fleet_name(directory),
        workspace=workspace,
        environment=environment,
        account=places["account"],
        region=places["region"],
        cluster=cluster,
        vpc=vpc,
        subnets=tuple(subnet or ()),
        placeholders=missing,
    )
    written = init_files.write(directory, answers)
    initialised = init_files.ensure_git(directory)
    _tell(directory, answers, written, initialised=initialised, term=term)


def _refuse_half_a_network(vpc: str | None, subnet: list[str] | None) -> None:
    if (vpc is None) == (not subnet):
        return
    from molthub.errors import StallingError

    missing = "--vpc" if vpc is None else "--subnet"
    raise StallingError(
        "MH-CLI-008",
        f"only half of an existing network is named: {missing} is missing",
        fix="Say both, or neither to let `molthub bootstrap` make the network",
    )


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
    return {"account": "AWS account", "region": "AWS region"}[name]


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
    steps += ["molthub validate", "git add . && git commit -m 'Start the fleet'"]
    place = f"--environment {answers.workspace}/{answers.environment}"
    if answers.vpc is None or answers.cluster is None:
        steps.append(f"molthub bootstrap {place}")
    steps += [f"molthub create {place}", "molthub plan"]
    for step in steps:
        term.say(f"  {step}")
