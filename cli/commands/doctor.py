"""`molthub doctor`."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, NoReturn

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import EnvironmentOption, NoColorOption, Output, OutputOption, RepoOption
from molthub.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from molthub.pipeline.doctor.running import Check, Finding, Result
    from molthub.resources.identity import EnvironmentKey
    from molthub.source.protocol import FleetSource


def doctor(
    ctx: typer.Context,
    output: OutputOption = Output.HUMAN,
    environment: EnvironmentOption = None,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Check everything that an apply needs

    Git, manifests, access, the database, and for each environment credentials, clock, account, region, endpoints,
    bootstrap, lease, permissions, quotas, secrets and images: each OK, FAIL or SKIP with the next step. Changes
    nothing, reads no secret's value, and sends credentials to AWS only. Exits 1 when a check fails.
    """
    from molthub.cli.views import doctor as view
    from molthub.pipeline.doctor.running import State, run_checks

    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    checks = _checks(roots, repo, environment)
    results = run_checks(checks, partial(_tell, term))
    if output is Output.JSON:
        term.json(view.data(results))
    else:
        term.data(view.human(results, colour=term.colour_out))
    failed = any(result.finding.state is State.FAIL for result in results)
    return ExitCode.FAILED if failed else ExitCode.OK


def _access(source: FleetSource) -> Finding:
    from molthub.cli.views.access_mode import MODES
    from molthub.pipeline.doctor import here

    access = context.access_gate(source).at(source.fetch())
    return here.access(access, MODES[access.mode])


def _checks(roots: context.Roots, repo: str | None, environments: list[str] | None) -> list[Check]:
    """All that can be asked. A repository that cannot be read is a finding, and leaves only the database."""
    from molthub.errors import MolthubError
    from molthub.pipeline.doctor import here
    from molthub.pipeline.doctor.running import Check

    database = Check("database", partial(here.database, _database if context.database_url() else None))
    try:
        fleet = context.read_fleet(roots, repo=repo, ref=None)
    except MolthubError as error:
        return [Check("git", partial(_raise, error)), database]
    scope = context.scope_of(fleet.checked, environments=environments)
    documents = fleet.checked.documents
    unknown = scope.environments - documents.environments.keys()
    if unknown:
        raise typer.BadParameter(f"there is no environment {min(unknown)}", param_hint="--environment")
    checks = [
        Check("git", partial(here.repository, fleet.source)),
        Check("followed", partial(here.followed, partial(_followed, repo))),
        Check("manifests", partial(here.manifests, fleet.checked)),
        Check("access", partial(_access, fleet.source)),
        database,
    ]
    if documents.fleet is not None:
        for key in sorted(scope.environments or documents.environments):
            checks += _environment(roots, fleet, key)
    return checks


def _raise(error: Exception) -> NoReturn:
    raise error


def _tell(term: Terminal, result: Result) -> None:
    where = f"{result.subject}: " if result.subject else ""
    term.say(f"{where}{result.name}: {result.finding.state}")


def _environment(roots: context.Roots, fleet: context.ReadFleet, key: EnvironmentKey) -> list[Check]:
    """The checks of one environment. Whether an image is in ECR is asked with its credentials."""
    from molthub.pipeline.doctor import cloud, here
    from molthub.pipeline.doctor.running import Check
    from molthub.pipeline.places import location_of

    documents = fleet.checked.documents
    assert documents.fleet is not None, "a tree with environments has one"
    name = documents.fleet.model.metadata.name
    loaded = documents.environments[key]
    probes = roots.probes()(key, location_of(loaded, fleet=name), name)
    subject = cloud.subject_of(documents, loaded)
    images = tuple(sorted({item.model.spec.runtime.image for item in subject.instances}))
    look = here.Images(stored=probes.has_image, pulled=cache(roots.registries()))
    return [
        *cloud.checks_of(subject, probes, now=roots.now),
        Check("images", partial(here.images, images, look), str(key)),
    ]


def _followed(repo: str | None) -> FleetSource | None:
    """The remote `origin` of the clone that is looked at; None for a URL, or where there is none."""
    from pathlib import Path

    from molthub.source.repository import origin_of

    where = repo or "."
    url = None if context.is_remote(where) else origin_of(Path(where))
    return None if url is None else context.open_source(url, None)


def _database() -> str:
    """Opens the database and says where it is, without what a URL may hide."""
    from molthub.cli.records import store

    with store() as opened:
        return opened.label
