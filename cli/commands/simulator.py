"""`molthub simulator`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.extras import needing_demo
from molthub.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from molthub.manifest.documents import FleetDocuments
    from molthub.manifest.environment import EnvironmentSpec


def simulator(
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port on the loopback; 0 takes a free one")
    ] = 0,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", metavar="TIMES", min=0.1, help="Simulated seconds in a second: 60 makes a minute a second"
        ),
    ] = 20.0,
    seed: Annotated[
        Path | None,
        typer.Option("--seed", metavar="PATH", help="Make the networks, clusters and secrets that this fleet names"),
    ] = None,
    throttle: Annotated[
        bool, typer.Option("--throttle", help="Refuse what AWS's request quotas would, in simulated time")
    ] = False,
) -> None:
    """Serve an AWS of your own on this machine, until Ctrl-C

    For trying Molthub: nothing is real, nothing costs, and everything is gone at the end. It prints the variables
    that point Molthub (and the AWS command line) at it. Needs the extra `demo`.
    """
    term = terminal()
    seeds = _seeds(seed) if seed is not None else ([], [])
    with needing_demo("the simulator"):
        from molthub.simulator.server import serve
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        serve(
            port=port,
            speed=speed,
            seed_environments=seeds[0],
            secrets=seeds[1],
            throttle=throttle,
            on_ready=lambda url: _announce(url, speed, seed, term),
        )
    except KeyboardInterrupt:
        term.say("Stopped.")


def _seeds(path: Path) -> tuple[list[dict[str, object]], list[str]]:
    """What a fleet expects to be there: its locations, and the names of its linked secrets."""
    from molthub.cli.disk import read_tree
    from molthub.desired.render import linked_secrets
    from molthub.errors import InvalidInputError, StallingError
    from molthub.manifest.loader import load_files

    if not path.is_dir():
        raise StallingError("MH-CLI-006", f"there is no folder {path}", fix="Name the folder of a fleet")
    files = read_tree(path).files
    documents: FleetDocuments = load_files({name: entry.content for name, entry in files.items()})
    if documents.fleet is None:
        raise InvalidInputError(documents.diagnostics)
    secrets = {name for loaded in documents.instances.values() for name in linked_secrets(loaded)}
    places = [_place(environment.model.spec) for environment in documents.environments.values()]
    return places, sorted(name for name in secrets if not name.startswith("arn:"))


def _place(spec: EnvironmentSpec) -> dict[str, object]:
    """What an Environment takes for granted; what `molthub bootstrap` makes is not there yet."""
    place = spec.aws.model_dump()
    if spec.aws.vpcId is None:
        place["roleArn"] = None  # the stack's own
    if spec.ingress is not None:
        place |= spec.ingress.model_dump(include={"certificateArn", "hostedZoneId", "domain"})
    return place


def _announce(url: str, speed: float, seed: Path | None, term: Terminal) -> None:
    """What to export goes to stdout, so that it can be evaluated or copied; the rest to stderr."""
    for line in (
        f"export AWS_ENDPOINT_URL={url}",
        "export AWS_ACCESS_KEY_ID=simulator AWS_SECRET_ACCESS_KEY=simulator AWS_DEFAULT_REGION=eu-west-1",
        "export AWS_EC2_METADATA_DISABLED=true",
    ):
        term.data(line)
    term.out.flush()
    term.say(f"\nThe simulator runs at {url}, {speed:g} times as fast as time. Ctrl-C ends it.")
    term.say("Run the lines above in another terminal, then `molthub plan` in a fleet repository there.")
    if seed is None:
        term.say("It is empty; --seed PATH makes the networks, clusters and secrets that a fleet names.")
