"""What every command that commits an action shares: its options, the question before it, and how it ends.

def label(ctx, ..., yes: YesOption = False, ...) -> int:
    how = How(repo=repo, message=message, yes=yes, dry_run=dry_run, no_push=no_push, branch=branch, output=output)
    return act(ctx, Label(selector, labels), how)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import Output
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import StallingError

if TYPE_CHECKING:
    from molthub.manifest.selection import Selector
    from molthub.pipeline.actions.run import Outcome, Proposal
    from molthub.pipeline.actions.types import Action

APPROVED = "yes"

AllOption = Annotated[bool, typer.Option("--all", help="Every instance of the fleet")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]
MessageOption = Annotated[
    str, typer.Option("-m", "--message", metavar="TEXT", help="Why, for the commit's message", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show the commit and make none")]
NoPushOption = Annotated[bool, typer.Option("--no-push", help="Commit in this clone and push nothing")]
BranchOption = Annotated[
    str | None,
    typer.Option(
        "--branch", metavar="NAME", help="Commit to this branch and push it, as a proposal; yours stays as it is"
    ),
]


@dataclass(frozen=True, slots=True)
class How:
    """How an action is carried out: the options that every such command has."""

    repo: str | None = None
    message: str = ""
    yes: bool = False
    dry_run: bool = False
    no_push: bool = False
    branch: str | None = None
    output: Output = Output.HUMAN
    no_color: bool = False


def selector_of(
    instances: Iterable[str] | None,
    *,
    labels: Iterable[str] | None = None,
    environments: Iterable[str] | None = None,
    workspaces: Iterable[str] | None = None,
    everything: bool = False,
) -> Selector:
    """What the command line selects. Raises typer.BadParameter for nothing, or for names beside a filter."""
    from molthub.manifest.selection import Selector

    selector = Selector(
        names=tuple(instances or ()),
        labels=dict(_label(text) for text in labels or ()),
        environments=frozenset(context.environment_key(text) for text in environments or ()),
        workspaces=frozenset(workspaces or ()),
        everything=everything,
    )
    if selector.names and selector.filters:
        raise typer.BadParameter("name instances, or select them with -l, --environment, --workspace or --all")
    if not selector.names and not selector.filters:
        raise typer.BadParameter("say which: INSTANCE, -l KEY=VALUE, --environment, --workspace or --all")
    return selector


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="-l")
    return key, value


def act(ctx: typer.Context, action: Action, how: How) -> ExitCode:
    """Carry the action out, as the options say; prints all there is to say. Raises what the Runner raises."""
    from molthub.cli.views import actions as view

    term = terminal(no_color=how.no_color)
    outcome = carry_out(ctx, action, how, term)
    if how.output is Output.JSON:
        term.json(view.data(outcome))
    else:
        term.data(view.ending(outcome))
    for note in outcome.landed.notes if outcome.landed else ():
        term.say(note)
    return ExitCode.OK


def carry_out(
    ctx: typer.Context,
    action: Action,
    how: How,
    term: Terminal,
    *,
    before: Callable[[Proposal], None] = lambda _proposal: None,
) -> Outcome:
    """The same without printing how it ended, for a command that has more to say.

    before: what is done once it is approved and before it is committed; raises to commit nothing
    """
    from molthub.pipeline.actions.run import Retry, Runner

    def confirm(proposal: Proposal) -> None:
        _confirm(proposal, how, term)
        if not how.dry_run:
            before(proposal)

    roots = context.roots_of(ctx)
    clock = roots.clock()
    runner = Runner(
        target=context.open_target(how.repo, branch=how.branch, push=not how.no_push),
        rules=roots.rules(),
        now=roots.now,
        retry=Retry(sleep=lambda seconds: clock.sleep(seconds, lambda: False), random=random.random),
        confirm=confirm,
        tell=term.say,
        why=how.message,
        asks=term.interactive and not how.yes,
        dry_run=how.dry_run,
        allow=lambda commit: None if how.branch is not None else _allow(how, commit),
    )
    return runner.run(action)


def _allow(how: How, commit: str) -> None:
    """Raise MH-ACCESS-017 where access would refuse a commit. A proposal, on a branch of its own, is asked later."""
    from molthub.pipeline.access_report import rehearsed

    access = context.access_gate(context.open_built(how.repo)).at(commit)
    problem = None if access.mode == "open" else rehearsed(access, commit)
    if problem is not None:
        fix = f"{problem.diagnostic.fix}; or propose it with --branch NAME"
        raise StallingError(problem.ref, problem.diagnostic.message, fix=fix)


def _confirm(proposal: Proposal, how: How, term: Terminal) -> None:
    """Show it and ask, unless told not to. Raises MH-CLI-004 when nobody can be asked, or does not want it."""
    from molthub.cli.views import actions as view

    if how.output is Output.HUMAN:
        term.data(view.human(proposal, colour=term.colour_out, whole=how.dry_run) + "\n\n")
        term.out.flush()
    if how.yes or how.dry_run:
        return
    if term.interactive:
        if how.output is not Output.HUMAN:
            term.say(view.human(proposal, colour=term.colour_err))
        _ask(proposal, how, term)
    elif is_grave(proposal):
        raise StallingError(
            "MH-CLI-004",
            "nobody can be asked: this is not a terminal",
            fix="Say --yes if the change above is what you want; --dry-run shows it all",
        )


def is_grave(proposal: Proposal) -> bool:
    """Whether it needs a deliberate word: several instances, or one that goes away."""
    gone = proposal.before.documents.instances.keys() - proposal.after.documents.instances.keys()
    return len(proposal.edit.instances) > 1 or bool(gone)


def _ask(proposal: Proposal, how: How, term: Terminal) -> None:
    from molthub.cli.views.text import safe

    question = f"{'Commit this' if how.no_push else 'Commit and push this'} to '{safe(proposal.branch)}'?"
    if is_grave(proposal):
        term.say(f"{question} Only 'yes' will be accepted to approve.")
        approved = typer.prompt("Enter a value", default="", show_default=False, err=True) == APPROVED
    else:
        approved = typer.confirm(question, default=True, err=True)
    if not approved:
        raise StallingError("MH-CLI-004", "not approved, so nothing was changed")
