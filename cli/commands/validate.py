"""`molthub validate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import BaseOption, FindingsOutput, NoColorOption, RefOption, RepoOption
from molthub.cli.terminal import Terminal, terminal
from molthub.cli.views.validation import Validation

FindingsOption = Annotated[
    FindingsOutput,
    typer.Option("-o", "--output", help="How to print the result; sarif and github are for code hosts"),
]


def validate(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="Files, folders, or a whole fleet repository")
    ] = None,
    base: BaseOption = None,
    output: FindingsOption = FindingsOutput.HUMAN,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Validate again whenever a file changes")] = False,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Check manifests and guardrails, without AWS

    Each document is checked by itself; inside a fleet repository (a molthub.yaml at its root) the references
    between documents are checked too. By default the repository you stand in, as it lies there: with --repo URL
    or --ref a committed revision instead, and paths are then paths in it.

    With --base only a change is judged: the files that differ from the commit where the history left REF, and what
    depends on them. What was wrong before, elsewhere, is counted and stops nobody.
    """
    from molthub.cli import context
    from molthub.cli.comparing import compare_with
    from molthub.cli.validating import validate_paths, validation_of, validation_of_change

    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    if paths and _from_environment(ctx):
        repo = None  # somebody named files on the disk; MOLTHUB_REPO is a default for when nobody does
    committed = ref is not None or (repo is not None and context.is_remote(repo))
    _refuse(watched=watch and committed, narrowed=base is not None and bool(paths))

    def once() -> int:
        if base is not None:
            result = validation_of_change(compare_with(base, roots=roots, repo=repo, ref=ref))
        elif committed:
            named = frozenset(path.as_posix() for path in paths or () if path != Path())
            checked = context.read_fleet(roots, repo=repo, ref=ref, committed=True).checked
            result = validation_of(checked, only=named or frozenset({""}))
        else:
            result = validate_paths(_here(repo, paths), rules=roots.rules(), now=roots.now())
        return _show(result, output, strict=strict, term=term)

    if not watch:
        return once()
    return _watch(once, _here(repo, paths), term)


def _refuse(*, watched: bool, narrowed: bool) -> None:
    """What does not go together."""
    if watched:
        raise typer.BadParameter("follows files on the disk; leave out --ref and --repo URL", param_hint="--watch")
    if narrowed:
        raise typer.BadParameter("compares the whole fleet; leave out the paths", param_hint="--base")


def _from_environment(ctx: typer.Context) -> bool:
    source = ctx.get_parameter_source("repo")
    return source is not None and source.name == "ENVIRONMENT"


def _here(repo: str | None, paths: list[Path] | None) -> list[Path]:
    """Paths are seen from --repo when it is said; none of them means all of the fleet that one stands in."""
    from molthub.cli.disk import fleet_root

    base = Path(repo or "")
    return [base / path for path in paths] if paths else [fleet_root(base) or base]


def _show(result: Validation, output: FindingsOutput, *, strict: bool, term: Terminal) -> int:
    from molthub.cli.views import github, validation

    if output is FindingsOutput.JSON:
        term.json(validation.data(result, strict=strict))
    elif output is FindingsOutput.SARIF:
        term.json(_sarif(result))
    elif output is FindingsOutput.GITHUB:
        term.data(
            "\n".join([*github.commands(result.diagnostics), validation.summary(result, strict=strict, colour=False)])
        )
    else:
        term.data(validation.human(result, strict=strict, colour=term.colour_out))
    return ExitCode.OK if result.ok(strict=strict) else ExitCode.FAILED


def _sarif(result: Validation) -> dict[str, Any]:
    from molthub import __version__
    from molthub.cli.pages import all_pages
    from molthub.cli.views import sarif

    return sarif.data(result.diagnostics, all_pages(), version=__version__)


def _watch(once: Callable[[], int], paths: list[Path], term: Terminal) -> int:
    """Until Ctrl-C; a path that is gone for a moment (an editor saving) is no reason to end."""
    from watchfiles import watch as changes

    from molthub.cli.views.diagnostics import human
    from molthub.errors import MolthubError

    def again() -> None:
        try:
            once()
        except MolthubError as error:
            term.say(human([error.diagnostic], colour=term.colour_err))
        term.out.flush()
        term.say("Watching; Ctrl-C ends.")

    again()
    for _ in changes(*paths, watch_filter=lambda _change, path: path.endswith((".yaml", ".yml"))):
        term.data("")
        again()
    return ExitCode.OK
