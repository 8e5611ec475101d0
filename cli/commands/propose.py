"""`molthub propose`."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import DryRunOption, MessageOption
from molthub.cli.exit_codes import ExitCode, exit_code_of
from molthub.cli.options import NoColorOption, Output, OutputOption, RepoOption
from molthub.cli.terminal import terminal
from molthub.errors import InvalidInputError, MolthubError, StallingError

if TYPE_CHECKING:
    from molthub.pipeline.proposals.run import Proposed

LARGEST = 256 * 1024
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


InstanceArgument = Annotated[
    str, typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique")
]
PatchOption = Annotated[str, typer.Option("--patch", metavar="FILE|-", help="A JSON Patch (RFC 6902) of its manifest")]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        envvar="MOLTHUB_PROPOSED_BY",
        metavar="NAME",
        help="Who proposes, for the commit; by default whoever commits",
    ),
]
OtherBranchOption = Annotated[
    str | None, typer.Option("--branch", metavar="NAME", help="Another branch than the patch's own, never a main one")
]
OntoOption = Annotated[
    str | None,
    typer.Option("--onto", metavar="BRANCH", help="The branch it is for; by default the repository's own default"),
]


def propose(
    ctx: typer.Context,
    instance: InstanceArgument,
    patch: PatchOption,
    by: ByOption = None,
    message: MessageOption = "",
    branch: OtherBranchOption = None,
    onto: OntoOption = None,
    no_push: Annotated[bool, typer.Option("--no-push", help="Make the branch in this clone and push nothing")] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Propose a change of one manifest, on a branch of its own

    For agents, and for people who like it that way. The patch is checked as any change is, written to a branch named
    after its content, and pushed; nothing reaches AWS before somebody merges it. Needs no AWS credentials and no right
    to write to the main branch. Answers with findings and the plan; the same patch again makes no second commit.

    It cannot touch identity (name, id, workspace, environment), policies and waivers, nor any other document. Exits 0
    when it is proposed or holds already, 1 when it is refused; with -o json the answer is JSON then, too.
    """
    from molthub.cli.views import proposal as view

    term = terminal(no_color=no_color)
    asked = _Asked(instance, patch, by, message, branch, onto, repo, push=not no_push, dry_run=dry_run)
    try:
        made = asked.carry_out(context.roots_of(ctx))
    except MolthubError as error:
        if output is not Output.JSON:
            raise
        found = error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,)
        term.json(view.refusal(instance, found))
        return exit_code_of(error)
    if output is Output.JSON:
        term.json(view.data(made))
    else:
        term.data(view.human(made, colour=term.colour_out))
    return ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    instance: str
    patch: str
    by: str | None
    message: str
    branch: str | None
    onto: str | None
    repo: str | None
    push: bool
    dry_run: bool

    def carry_out(self, roots: context.Roots) -> Proposed:
        from molthub.pipeline.actions.run import Retry
        from molthub.pipeline.proposals.patch import Propose, read
        from molthub.pipeline.proposals.run import Proposer
        from molthub.source.proposing import open_proposals

        patch = read(_content(self.patch))
        repository = open_proposals(self.repo or ".", onto=self.onto, push=self.push, cache_dir=context.cache_dir())
        clock = roots.clock()
        proposer = Proposer(
            repository=repository,
            rules=roots.rules(),
            now=roots.now,
            retry=Retry(sleep=lambda seconds: clock.sleep(seconds, lambda: False), random=random.random, attempts=5),
            branch=self.branch,
            why=self.message,
            dry_run=self.dry_run,
        )
        return proposer.run(Propose(self.instance, patch, _name(self.by) or repository.committer()))


def _name(by: str | None) -> str | None:
    if by is not None and not _NAME.fullmatch(by):
        raise typer.BadParameter("is one line of at most 200 characters", param_hint="--by")
    return by


def _content(patch: str) -> bytes:
    """The file's bytes, or stdin's. Raises MH-PROP-008 for what cannot be read."""
    try:
        if patch == "-":
            return sys.stdin.buffer.read(LARGEST + 1)
        with Path(patch).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        why = (error.strerror or "unknown reason").lower()
        raise StallingError(
            "MH-PROP-008", f"cannot read the patch {patch!r}: {why}", fix="Name a file, or - for stdin"
        ) from error
