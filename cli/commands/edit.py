"""`molthub edit`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import typer

from molthub.cli import context
from molthub.cli.acting import BranchOption, DryRunOption, How, MessageOption, NoPushOption, YesOption, act
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    InstanceArgument,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import InvalidInputError, MolthubError, StallingError


def edit(
    ctx: typer.Context,
    instance: InstanceArgument,
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Edit an instance's manifest in your editor, as a commit

    Opens $VISUAL or $EDITOR on the newest manifest of the branch. What you save is validated and checked by the
    guardrails; with errors you may open it again. Without a change nothing is committed.
    """
    term = terminal(no_color=no_color)
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    old = _manifest(ctx, how, instance)
    file = Path(tempfile.mkdtemp(prefix="molthub-edit-")) / f"{instance.rsplit('/', 1)[-1]}.yaml"
    file.write_bytes(old)
    try:
        while (code := _once(ctx, how, term, _Text(instance, old, file))) is None:
            pass
    except BaseException:
        if file.read_bytes() != old:
            term.say(f"What you wrote is kept in {file}")
        else:
            shutil.rmtree(file.parent)
        raise
    shutil.rmtree(file.parent)
    return code


@dataclass(frozen=True, slots=True)
class _Text:
    """What is edited. old: what the file held at first."""

    instance: str
    old: bytes
    file: Path


def _manifest(ctx: typer.Context, how: How, instance: str) -> bytes:
    """The newest manifest of the branch."""
    from molthub.manifest.selection import Selector, select
    from molthub.pipeline.actions.manifests import content_of
    from molthub.pipeline.engine import check

    roots = context.roots_of(ctx)
    target = context.open_target(how.repo, branch=how.branch, push=not how.no_push)
    with target.lock():
        base = target.base()
    fleet = check(target.snapshot(base.commit), rules=roots.rules(), now=roots.now())
    loaded = select(fleet.documents, Selector(names=(instance,)))[0]
    target.check([loaded.path])
    return content_of(fleet, loaded)


def _open_editor(file: Path) -> None:
    """Wait for the person's editor. Raises MH-ACT-007 when there is none, or it failed."""
    given = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        ended = subprocess.run([*shlex.split(given), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise StallingError(
            "MH-ACT-007", f"the editor {given!r} could not be started", fix="Set VISUAL or EDITOR to one that is there"
        ) from error
    if ended != 0:
        raise StallingError(
            "MH-ACT-007", f"the editor ended with code {ended}, so nothing was committed", fix="Edit it again"
        )


def _once(ctx: typer.Context, how: How, term: Terminal, text: _Text) -> ExitCode | None:
    """Edit and commit. None: the text has errors, and the person wants to mend it."""
    from molthub.cli.views import diagnostics
    from molthub.pipeline.actions.whole import Replace

    _open_editor(text.file)
    try:
        return act(ctx, Replace(text.instance, text.old, text.file.read_bytes()), how)
    except MolthubError as error:
        if not term.interactive or error.ref == "MH-CLI-004":
            raise
        found = error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,)
        term.say(diagnostics.human(found, colour=term.colour_err))
        if not typer.confirm("Open it again?", default=True, err=True):
            raise StallingError("MH-CLI-004", "not approved, so nothing was changed") from error
        return None
