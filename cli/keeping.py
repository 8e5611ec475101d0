"""What `backup` and `restore` share: one instance with a file system, who may write to it, and waiting for AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.cli.leasing import holding_leases, refuse_if_held
from molthub.cli.terminal import Terminal
from molthub.errors import StallingError, WaitingError

if TYPE_CHECKING:
    import typer

    from molthub.planning.state import Backups
    from molthub.planning.types import Change
    from molthub.provider.protocols import Guard, Provider, WriteResult
    from molthub.resources.identity import Identity
    from molthub.resources.observation import ObservedInstance, StateFacts


@dataclass(frozen=True, slots=True)
class Keeping:
    """One instance's state, and the way to it. commit: full hash of the fleet's HEAD."""

    roots: context.Roots
    term: Terminal
    provider: Provider
    identity: Identity
    name: str
    observed: ObservedInstance
    state: StateFacts
    backups: Backups
    commit: str
    guard: Guard

    def carry_out(self, change: Change) -> WriteResult:
        """Perform it, telling what is waited for once; Ctrl-C leaves the job to AWS, and the next try finds it."""
        from molthub.provider.protocols import WriteContext

        clock, told = self.roots.clock(), ""
        while True:
            try:
                self.guard()
                return self.provider.perform(change, WriteContext(self.identity, self.commit, self.guard))
            except WaitingError as error:
                if error.diagnostic.message != told:
                    told = error.diagnostic.message
                    self.term.say(f"{told} …")
                clock.sleep(min(error.after, context.longest_wait()), lambda: False)


@contextmanager
def keeping(ctx: typer.Context, instance: str, *, repo: str | None, term: Terminal, writes: bool) -> Iterator[Keeping]:
    """The instance, looked at now. Raises MH-BACK-014 for one without a file system, MH-BACK-001 without a vault.

    writes: the environment's lease is held while the block runs
    """
    from molthub.pipeline.places import location_of
    from molthub.pipeline.planner import backups_of
    from molthub.pipeline.scope import resolve_name
    from molthub.planning.plan import observed_in
    from molthub.planning.state_reasons import missing_foundation
    from molthub.provider.protocols import Query

    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=repo, ref=None, committed=True)
    collaborators = context.collaborators(roots, fleet)
    identity = resolve_name(fleet.checked, instance)
    environment = fleet.checked.documents.environments[identity.key]
    scope = context.scope_of(fleet.checked, environments=[str(identity.key)])
    with holding_leases(fleet.checked, collaborators, scope=scope, term=term) as holding:
        if writes:
            refuse_if_held(holding, [identity.key], term)
        provider = collaborators.providers(identity.key, location_of(environment, identity.fleet))
        seen = provider.observe(Query(identity.fleet, identity.key, only=frozenset({identity})))
        observed = observed_in(seen, identity)
        if observed.failures:
            failure = observed.failures[0]
            raise StallingError(failure.ref, failure.message, fix="Try again when AWS can be read")
        missing = missing_foundation(seen.foundation, instance)
        backups = backups_of(seen.foundation)
        if missing is not None or backups is None:
            raise StallingError("MH-BACK-001", missing.message if missing else "", fix=missing.fix if missing else "")
        if observed.state is None:
            raise StallingError(
                "MH-BACK-014", f"{instance} has no file system", fix="Set spec.state.persistent: true and apply it"
            )
        yield Keeping(
            roots=roots,
            term=term,
            provider=provider,
            identity=identity,
            name=instance,
            observed=observed,
            state=observed.state,
            backups=backups,
            commit=fleet.commit or "",
            guard=holding.guard(identity.key),
        )
