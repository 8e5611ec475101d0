"""`molthub access explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from molthub.cli import context
from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal
from molthub.errors import MolthubError, StallingError

if TYPE_CHECKING:
    from molthub.access.policy import Policy
    from molthub.pipeline.access import Access, AccessGate
    from molthub.source.protocol import FleetSource


def explain(
    ctx: typer.Context,
    what: Annotated[
        str | None, typer.Argument(metavar="INSTANCE|COMMIT", help="What is asked about; by default the whole policy")
    ] = None,
    who: Annotated[str | None, typer.Option("--who", metavar="NAME|EMAIL|KEY", help="What this person may do")] = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Show who may do what, and why something is refused

    Without an argument the policy in force and every role; of an instance who may change it, and what of it nobody
    allowed; of a commit who signed it, and what it may not do. Asks no cloud. A person is known by name, address,
    public key or fingerprint.
    """
    from molthub.cli.views import access as view
    from molthub.pipeline.access_report import evaluation_of, find_person, grants

    term = terminal(no_color=no_color)
    source = context.open_source(repo, ref)
    head = source.fetch()
    gate = context.access_gate(source)
    access = gate.at(head)
    policy = next(iter(view.policies_of(evaluation_of(access))), None)
    person = find_person(_known(policy), who) if who else None
    granted = grants(policy, person) if policy else ()
    if person is not None:
        text, more = view.person(person, granted), {"person": person}
    elif what is not None:
        text, more = _of(ctx, what, access, gate, policy, source, head)
    else:
        text, more = view.overview(access, granted, colour=term.colour_out), {}
    if output is Output.JSON:
        term.json(view.explain_data(access, policy, granted, **more))
    else:
        term.data(text)


def _known(policy: Policy | None) -> Policy:
    if policy is None:
        raise StallingError(
            "MH-ACCESS-031",
            "no access policy is in force, so nobody has a role",
            fix="See docs/access.md to begin with one",
        )
    return policy


def _of(
    ctx: typer.Context,
    what: str,
    access: Access,
    gate: AccessGate,
    policy: Policy | None,
    source: FleetSource,
    head: str,
) -> tuple[str, dict[str, Any]]:
    """An instance where there is one of that name, else a commit."""
    from molthub.cli.views import access as view
    from molthub.pipeline.access_report import made, who_may
    from molthub.pipeline.engine import check
    from molthub.pipeline.scope import resolve_name

    roots = context.roots_of(ctx)
    colour = terminal().colour_out
    checked = check(source.snapshot(head), rules=(), now=roots.now())
    try:
        identity = resolve_name(checked, what)
    except MolthubError as unknown:
        commit = _commit(source, what)
        if commit is None:
            raise unknown from None
        assert gate.checker is not None, "it judged this head"
        found = made(access, source, gate.checker, commit)
        return view.commit(found, colour=colour), view.commit_data(found)
    name = checked.documents.instances[identity].display_name
    may = who_may(policy, identity.key) if policy else {}
    reasons = access.blocking(identity, name)
    return view.instance(name, may, reasons, colour=colour), view.instance_data(name, may, reasons)


def _commit(source: FleetSource, what: str) -> str | None:
    try:
        return source.resolve(what)
    except MolthubError:
        return None
