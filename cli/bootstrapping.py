"""What `molthub bootstrap` does: look how the stack stands, settle that first, then plan, ask, make and follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import Output
from molthub.cli.terminal import Terminal
from molthub.cli.views import bootstrap as view
from molthub.errors import Diagnostic, InvalidInputError, MolthubError, StallingError, WaitingError
from molthub.provider.bootstrap import Base, Progress, Proposal, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from molthub.cli.context import Roots
    from molthub.cli.trail import Trail
    from molthub.manifest.documents import LoadedEnvironment
    from molthub.pipeline.controllers import ControllerWish
    from molthub.pipeline.types import CheckedFleet
    from molthub.provider.bootstrap import BaseSpec, ControllerSpec

APPROVED = "yes"
STOPPED_WATCHING = "MH-BASE-006"
LOST_SIGHT = frozenset({"MH-AWS-002", "MH-AWS-006"})
"""Credentials that expired, and AWS out of reach: in the middle of half an hour neither is rare."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The environment meant, and its fleet's name."""

    fleet: str
    environment: LoadedEnvironment

    @property
    def name(self) -> str:
        return str(self.environment.key)


def choose(checked: CheckedFleet, wanted: str | None) -> Chosen:
    """The environment named, or the only one. Raises MH-BASE-001 where that is none or not clear."""
    documents = checked.documents
    names = {str(key): item for key, item in sorted(documents.environments.items())}
    if documents.fleet is None or (wanted is not None and wanted not in names and checked.errors):
        raise InvalidInputError(tuple(checked.errors))
    if wanted is None and len(names) == 1:
        wanted = next(iter(names))
    if wanted not in names:
        listed = ", ".join(names) or "none"
        message = f"there is no environment {wanted}" if wanted else "say which environment is meant"
        raise StallingError("MH-BASE-001", message, fix=f"Use --environment with one of: {listed}")
    return Chosen(documents.fleet.model.metadata.name, names[wanted])


def template_of(chosen: Chosen | None, wish: ControllerWish | None = None) -> str:
    """The template as it would be sent, in readable form; of an environment that nobody has when none is meant.

    Nobody is asked for the controller that is there: the template has the one that is wished for, or none.
    """
    from molthub.cli.context import base_template
    from molthub.pipeline.places import base_spec_of

    spec = None if chosen is None else base_spec_of(chosen.environment, chosen.fleet)
    if spec is not None and chosen is not None and wish is not None:
        spec = _with_controller(spec, chosen, wish, None)
    return view.template(base_template(spec))


def reader_policy_of(chosen: Chosen) -> str:
    """The IAM policy that `plan`, `status` and their like need of an environment, in readable form."""
    from molthub.cli.context import reader_policy
    from molthub.pipeline.places import base_spec_of

    return view.template(reader_policy(base_spec_of(chosen.environment, chosen.fleet)))


def _with_controller(spec: BaseSpec, chosen: Chosen, wish: ControllerWish, there: ControllerSpec | None) -> BaseSpec:
    """The spec with the controller that is to be. Raises MH-BASE-012 and -013."""
    from molthub.pipeline.controllers import check_controller
    from molthub.resources.identity import names_of_environment

    controller = wish.on(there)
    if controller is None:
        return spec
    names = names_of_environment(spec.fleet, spec.key, account=spec.account_id, region=spec.region)
    check_controller(controller, chosen.environment, names)
    return replace(spec, controller=controller)


def trail_of(repo: str | None, ref: str | None, *, no_commit: bool, term: Terminal) -> Trail:
    """Where the trail is left. With --ref nothing is committed: it is not what is checked out."""
    from molthub.cli.trail import open_trail

    return open_trail(repo, no_commit=no_commit or ref is not None, term=term)


@dataclass(frozen=True)
class Job:
    """One run of the command."""

    roots: Roots
    term: Terminal
    chosen: Chosen
    wish: ControllerWish
    auto_approve: bool
    trail: Trail
    output: Output

    @cached_property
    def spec(self) -> BaseSpec:
        """What the manifest says, which is everything but the controller."""
        from molthub.pipeline.places import base_spec_of

        return base_spec_of(self.chosen.environment, self.chosen.fleet)

    @cached_property
    def base(self) -> Base:
        return self.roots.bases(self.roots.clock())(self.spec)

    def _wanted(self) -> Base:
        """The base with the controller that is to be; one that is there is kept with its settings."""
        spec = _with_controller(self.spec, self.chosen, self.wish, self.base.controller())
        return self.roots.bases(self.roots.clock())(spec) if spec != self.spec else self.base

    # -- make --------------------------------------------------------------------------------------------------

    def make(self, *, skip_quotas: bool) -> ExitCode:
        """Create or update the stack."""
        self.wish.check()
        self.trail.check()
        self.trail.allow("Molthub-Bootstrap", self.chosen.environment.key)
        self._settle()
        wanted = self._wanted()
        if not skip_quotas and wanted.state().standing in {Standing.ABSENT, Standing.LEFTOVER}:
            self._check_quotas(wanted)
        done: list[Proposal] = []
        while (not done or done[-1].partial) and (proposal := wanted.propose()) is not None:
            if not self._carried_out(wanted, proposal):
                return ExitCode.INTERRUPTED
            done.append(proposal)
        return self._report(done)

    def _carried_out(self, wanted: Base, proposal: Proposal) -> bool:
        """Show it, ask, do it; False when somebody stopped watching."""
        self._show(proposal)
        if proposal.partial:
            self.term.say("CloudFormation takes no template as large as the whole at first: this is made first, and")
            self.term.say("load balancers and controller are shown and asked for after it.")
        try:
            self._approve(f"Make this in AWS for {self.chosen.name}?")
        except BaseException:  # Ctrl-C at the question, too, must leave nothing
            wanted.discard(proposal)
            raise
        return self._watched(lambda cancelled: wanted.carry_out(proposal, self._tell, cancelled))

    def _settle(self) -> None:
        """Bring the stack into a state that can be planned from."""
        state = self.base.state()
        if state.standing is Standing.BUSY:
            self.term.say(f"Another run is at work on {self.chosen.name} ({state.status}); following it.")
            if not self._watched(lambda cancelled: self.base.resume(self._tell, cancelled)):
                raise KeyboardInterrupt
            state = self.base.state()
        if state.standing is Standing.STUCK:
            raise view.stuck(self.chosen.name, state.reason)
        if state.standing is Standing.DELETE_FAILED:
            raise StallingError(
                "MH-BASE-010",
                f"the stack of {self.chosen.name} was being deleted, and that failed: {state.reason}",
                fix=f"Mend the cause and run `molthub bootstrap --environment {self.chosen.name} --destroy` again",
            )
        if state.standing is Standing.FAILED_FIRST:
            left = "only its name is left" if state.status == "ROLLBACK_COMPLETE" else "parts of it may be left"
            self.term.say(f"The first attempt for {self.chosen.name} failed ({state.status}); {left}.")
            self._approve("Remove it and try again?")
            if not self._watched(lambda cancelled: self.base.clear(self._tell, cancelled)):
                raise KeyboardInterrupt

    def _check_quotas(self, wanted: Base) -> None:
        checks = wanted.quotas()
        self.term.say(view.quotas(checks, colour=self.term.colour_err))
        short = [check for check in checks if not check.enough]
        if short:
            fix = "Ask for more in Service Quotas, remove what is not needed, or go on with --skip-quotas"
            raise InvalidInputError(
                tuple(
                    Diagnostic(
                        "MH-BASE-011",
                        f"{check.name}: {check.needed} more are needed, {check.used or 0} of {check.limit} are used",
                        fix=fix,
                    )
                    for check in short
                )
            )

    def _show(self, proposal: Proposal) -> None:
        if self.output is Output.HUMAN:
            self.term.data(view.plan(self.chosen.name, proposal, colour=self.term.colour_out))
            self.term.out.flush()

    def _report(self, carried_out: Sequence[Proposal]) -> ExitCode:
        done = "unchanged" if not carried_out else "created" if carried_out[0].first else "updated"
        extra = self.base.finish()
        outputs = self.base.outputs()
        if self.output is Output.JSON:
            self.term.json(view.data(self.chosen.name, done, carried_out, outputs))
        else:
            self.term.data(view.summary(self.chosen.name, done, extra, self.base.foundation(), self.base.controller()))
        if done != "unchanged":
            trailers = {"Molthub-Bootstrap": f"{done} the base of {self.chosen.name}"}
            self.trail.leave(f"Bootstrap {self.chosen.name}", trailers, action="bootstrap")
        return ExitCode.OK

    # -- destroy -----------------------------------------------------------------------------------------------

    def destroy(self, *, delete_backups: bool) -> ExitCode:
        """Delete the stack, when nothing stands on it."""
        self.trail.check()
        self.trail.allow("Molthub-Bootstrap", self.chosen.environment.key)
        state = self.base.state()
        if state.standing is Standing.ABSENT:
            return self._gone("absent", ())
        if state.standing is Standing.BUSY:
            self.term.say(f"Another run is at work on {self.chosen.name} ({state.status}); following it.")
            if not self._watched(lambda cancelled: self.base.resume(self._tell, cancelled)):
                return ExitCode.INTERRUPTED
            if self.base.state().standing is Standing.ABSENT:
                return self._gone("destroyed", ())
        held = self._check_empty(delete_backups=delete_backups)
        for what in held:
            self.term.say(f"{what} will be deleted for good.")
        self.term.say(f"The stack of {self.chosen.name} and everything in it will be deleted.")
        self._approve(f"Delete the base of {self.chosen.name}?")
        if held and not self._watched(self.base.delete_held):
            return ExitCode.INTERRUPTED
        found: list[tuple[str, str]] = []
        if not self._watched(lambda cancelled: found.extend(self.base.destroy(self._tell, cancelled).things)):
            return ExitCode.INTERRUPTED
        return self._gone("destroyed", tuple(found))

    def _check_empty(self, *, delete_backups: bool) -> tuple[str, ...]:
        """The backups that are to go, in words. Raises MH-BASE-008 and -009 for what would be lost, and when it cannot
        be told."""
        from molthub.pipeline.places import location_of
        from molthub.provider.protocols import Query

        if self.base.state().standing in {Standing.READY, Standing.STUCK}:  # a stuck one still carries what runs
            location = location_of(self.chosen.environment, self.chosen.fleet)
            key = self.chosen.environment.key
            seen = self.roots.providers()(key, location).observe(Query(self.chosen.fleet, key))
            if seen.failures:
                failure = seen.failures[0]
                raise StallingError(failure.ref, f"whether {key} is empty cannot be told: {failure.message}")
            there = [str(item) for item, found in seen.instances.items() if not found.resources.is_empty]
            if there:
                raise StallingError(
                    "MH-BASE-008",
                    f"{len(there)} Moltbots stand on the base of {key}: {view.some(there)}",
                    fix="Delete their manifests and apply that first",
                )
        held = self.base.holds()
        if held and not delete_backups:
            raise StallingError(
                "MH-BASE-009",
                f"the base of {self.chosen.name} holds {view.some(held)}",
                fix="Add --delete-backups if nobody needs them any more, or leave the base as it is",
            )
        return held

    def _gone(self, done: str, remains: tuple[tuple[str, str], ...]) -> ExitCode:
        if self.output is Output.JSON:
            kept = [{"what": what, "why": why} for what, why in remains]
            self.term.json({"environment": self.chosen.name, "done": done, "remains": kept})
        else:
            self.term.data(view.gone(self.chosen.name, done, remains))
        if done == "destroyed":
            trailers = {"Molthub-Bootstrap": f"destroyed {self.chosen.name}"}
            self.trail.leave(f"Destroy the base of {self.chosen.name}", trailers, action="bootstrap-destroy")
        return ExitCode.OK

    # -- parts -------------------------------------------------------------------------------------------------

    def _tell(self, progress: Progress) -> None:
        self.term.say(view.progress(progress, colour=self.term.colour_err))

    def _watched(self, work: Callable[[Callable[[], bool]], None]) -> bool:
        """Do it with Ctrl-C as "stop watching"; False when somebody did."""
        from molthub.cli.interrupts import graceful

        try:
            with graceful(self.term) as cancelled:
                work(cancelled.is_set)
        except WaitingError as error:
            if error.ref != STOPPED_WATCHING:
                raise
            self.term.say(f"{error.diagnostic.message[:1].upper()}{error.diagnostic.message[1:]}.")
            self.term.say(f"{error.diagnostic.fix}.")
            return False
        except MolthubError as error:
            if error.ref in LOST_SIGHT:
                self.term.say("What AWS has begun goes on without you; run it again to follow it to its end.")
            raise
        return True

    def _approve(self, question: str) -> None:
        """Ask, unless told not to. Raises MH-CLI-004 when nobody can be asked, or when the answer is not `yes`."""
        if self.auto_approve:
            return
        if not self.term.interactive:
            raise StallingError(
                "MH-CLI-004", "nobody can be asked: this is not a terminal", fix="Say --yes if you are sure"
            )
        self.term.say(f"\n{question} Only 'yes' will be accepted to approve.")
        if typer.prompt("Enter a value", default="", show_default=False, err=True) != APPROVED:
            raise StallingError("MH-CLI-004", "not approved, so nothing was changed")
