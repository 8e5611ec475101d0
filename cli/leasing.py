"""The leases that a command holds while it writes."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.errors import Diagnostic, Severity, StallingError

if TYPE_CHECKING:
    from molthub.leases.holding import Holding
    from molthub.leases.keeper import Standing
    from molthub.pipeline.types import CheckedFleet, Collaborators, Scope
    from molthub.provider.documents import SharedDocuments
    from molthub.provider.protocols import Location
    from molthub.resources.identity import EnvironmentKey


def lease_ttl() -> float:
    """Seconds after which a writer that died is replaced: MOLTHUB_LEASE_TTL, else 90. Or MH-CLI-012."""
    from molthub.leases.lease import DEFAULT_TTL

    return context.seconds_from("MOLTHUB_LEASE_TTL", default=DEFAULT_TTL)


@contextmanager
def holding_leases(
    checked: CheckedFleet, collaborators: Collaborators, *, scope: Scope, term: Terminal
) -> Iterator[Holding]:
    """Hold the leases of the environments in scope while the block runs, as far as nobody else does.

    Says which environment has no lease. That another holds one is told by `standing` and `guard`, not here: who
    has nothing to write needs none.
    """
    from molthub.leases.holding import Holding
    from molthub.leases.lease import Holder, LeaseSettings, elapsed_seconds
    from molthub.pipeline.scope import select

    selection = select(checked, scope)
    told: set[str] = set()
    holding = Holding(
        holder=Holder(f"{context.actor()} on {socket.gethostname()} (pid {os.getpid()})", secrets.token_hex(16)),
        settings=LeaseSettings(ttl=lease_ttl()),
        again=False,
        tell=lambda key, standing: _tell(key, standing, term, told),
        elapsed=elapsed_seconds,
        now=collaborators.now,
    )
    try:
        holding.follow(_places(checked, collaborators, selection.fleet, selection.environments))
        yield holding
    finally:
        holding.close()


def _places(
    checked: CheckedFleet, collaborators: Collaborators, fleet: str, keys: tuple[EnvironmentKey, ...]
) -> Mapping[EnvironmentKey, partial[SharedDocuments | None]]:
    from molthub.pipeline.places import location_of

    environments = checked.documents.environments
    return {key: partial(_open, collaborators, key, location_of(environments[key], fleet)) for key in keys}


def _open(collaborators: Collaborators, key: EnvironmentKey, location: Location) -> SharedDocuments | None:
    return collaborators.providers(key, location).documents()


def _tell(key: EnvironmentKey, standing: Standing, term: Terminal, told: set[str]) -> None:
    """What a person must know while it goes on: that there is no lease, and that one could not be renewed."""
    from molthub.cli.views import diagnostics

    found: Diagnostic | None = None
    if standing.absent:
        found = no_lease(key)
    elif standing.ours and standing.error is not None:
        found = standing.error.diagnostic
    if found is not None and str(found) not in told:
        told.add(str(found))
        warning = Diagnostic(found.ref, found.message, fix=found.fix, severity=Severity.WARNING)
        term.say(diagnostics.human([warning], colour=term.colour_err))


def no_lease(key: EnvironmentKey) -> Diagnostic:
    """An environment whose writers do not know of each other."""
    return Diagnostic(
        "MH-LEASE-004",
        f"{key} has no bucket for a lease, so nothing keeps two writers apart there",
        fix="Make it with `molthub bootstrap`, or see to it yourself that only one Molthub writes",
        severity=Severity.WARNING,
    )


def refuse_if_held(holding: Holding, keys: list[EnvironmentKey], term: Terminal) -> None:
    """Raise why, when this process may write to none of the environments that it has work in; say where it may not."""
    from molthub.cli.views import diagnostics

    problems = [problem.diagnostic for key in keys if (problem := holding.standing(key).problem) is not None]
    if problems and len(problems) == len(keys):
        raise StallingError(problems[0].ref, problems[0].message, fix=problems[0].fix)
    if problems:
        term.say(diagnostics.human(problems, colour=term.colour_err))
