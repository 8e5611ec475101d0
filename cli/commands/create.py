"""`molthub create`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import BranchOption, DryRunOption, How, MessageOption, NoPushOption, YesOption, carry_out
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import NoColorOption, Output, OutputOption, RepoOption
from molthub.cli.templating import LabelOption, PatchOption, SetOption
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import MolthubError, StallingError

if TYPE_CHECKING:
    from molthub.cli.creating import Sender
    from molthub.pipeline.actions.create import Wanted
    from molthub.pipeline.actions.run import Outcome, Proposal
    from molthub.provider.secrets import SecretText


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the instance is called", show_default=False)]
TemplateOption = Annotated[
    str,
    typer.Option("--template", "-t", metavar="TEMPLATE", help="See `molthub template list`", show_default=False),
]
WhereOption = Annotated[
    str, typer.Option("--environment", metavar="WORKSPACE/NAME", help="Where it runs", show_default=False)
]
SecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="NAME=@FILE",
        help="A secret's value for the secret store, from a file; NAME=- from stdin, NAME=generate (repeatable)",
    ),
]
IdOption = Annotated[str | None, typer.Option("--id", metavar="ID", help="Its identity for ever; by default its name")]


def create(
    ctx: typer.Context,
    name: NameArgument = "",
    template: TemplateOption = "",
    environment: WhereOption = "",
    set_: SetOption = None,
    secret: SecretOption = None,
    label: LabelOption = None,
    patch: PatchOption = None,
    id_: IdOption = None,
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Create an instance from a template, as a commit

    On a terminal it asks for what is not given, secrets without showing them. Validation and guardrails judge the
    manifest before anything is done; then secrets go straight to the secret store, and one commit to Git. When the
    commit fails, run the same command again: stored values are kept. An instance that is there already, just so,
    is no commit.
    """
    from molthub.cli.templating import labels_of, patch_of
    from molthub.pipeline.actions.create import Wanted
    from molthub.pipeline.templates.choosing import assignments

    texts = assignments(set_ or (), option="--set")
    wanted = Wanted(name, environment, template, id_, texts, labels_of(label), patch_of(patch))
    sources = assignments(secret or (), option="--secret")
    return _run(ctx, wanted, sources, How(repo, message, yes, dry_run, no_push, branch, output, no_color))


def _run(ctx: typer.Context, wanted: Wanted, sources: Mapping[str, str], how: How) -> int:
    from molthub.cli import creating
    from molthub.pipeline.actions.create import Create

    term = terminal(no_color=how.no_color)
    values = creating.given_values(sources, term) if not how.dry_run else {}
    variables = tuple(sources)
    if term.interactive and not how.yes:
        wanted, asked = _ask(ctx, wanted, how, term, have=frozenset(variables))
        values, variables = {**values, **asked}, (*variables, *asked)
    else:
        _refuse_gaps(wanted)
    action, sender = Create(wanted, variables), creating.Sender(context.roots_of(ctx), term, values)

    def approved(proposal: Proposal) -> None:
        if values and term.interactive and not how.yes:  # a person may have thought for long: is the name still free?
            carry_out(ctx, action, replace(how, yes=True, dry_run=True, output=Output.JSON), term)
        sender(proposal)

    try:
        outcome = carry_out(ctx, action, how, term, before=approved)
        outcome = _with_trail(ctx, outcome, how, sender)
    except MolthubError:
        if sender.stored:
            term.say(f"Stored already: {', '.join(sender.stored)}. Run the same command again; what is there is kept.")
        raise
    return _end(outcome, how, sender, term)


def _refuse_gaps(wanted: Wanted) -> None:
    given = {"NAME": wanted.name, "--template": wanted.template, "--environment": wanted.environment}
    missing = [what for what, value in given.items() if not value]
    if missing:
        raise StallingError(
            "MH-TMPL-020",
            f"{', '.join(missing)} must be given, for nobody can be asked",
            fix="Give them, or run it on a terminal without --yes",
        )


def _ask(
    ctx: typer.Context, wanted: Wanted, how: How, term: Terminal, *, have: frozenset[str]
) -> tuple[Wanted, dict[str, SecretText]]:
    """What was left open, and the values of secrets."""
    from molthub.cli import wizard
    from molthub.errors import InvalidInputError
    from molthub.pipeline.actions.create import secrets_of

    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=how.repo, ref=None, committed=True).checked
    if fleet.documents.fleet is None:
        raise InvalidInputError(fleet.errors or fleet.documents.diagnostics)
    whole = wizard.complete(wanted, fleet, term)
    if how.dry_run:
        return whole, {}
    name = fleet.documents.fleet.model.metadata.name
    return whole, wizard.ask_secrets(secrets_of(fleet, whole), name, roots, term, have=have)


def _with_trail(ctx: typer.Context, outcome: Outcome, how: How, sender: Sender) -> Outcome:
    """An instance that is there already may still lack its values: they are stored, and a commit tells of those."""
    from molthub.pipeline.actions.create import SecretsSet
    from molthub.pipeline.actions.run import Status

    if outcome.status is not Status.HOLDS or not sender.values or how.dry_run:
        return outcome
    sender(outcome.proposal)
    if not sender.changed:
        return outcome
    (identity,) = outcome.proposal.edit.instances
    return carry_out(ctx, SecretsSet(identity, tuple(sender.changed)), replace(how, yes=True), sender.term)


def _end(outcome: Outcome, how: How, sender: Sender, term: Terminal) -> int:
    from molthub.cli import creating
    from molthub.cli.views import actions as view
    from molthub.pipeline.actions.run import Status

    missing = creating.left_to_set(outcome, sender)
    if how.output is Output.JSON:
        term.json({**view.data(outcome), "secretsStored": sender.stored, "secretsToSet": missing})
    else:
        term.data(view.ending(outcome))
    for note in outcome.landed.notes if outcome.landed else ():
        term.say(note)
    if outcome.status is Status.COMMITTED and how.output is Output.HUMAN:
        term.say("\nThe controller makes it so when it sees the commit; `molthub apply` does at once. Next:")
        for step in creating.next_steps(outcome, missing, branch=how.branch, no_push=how.no_push):
            term.say(f"  {step}")
    return ExitCode.OK
