"""The files of `molthub init`: rendered, checked, written without overwriting anything."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from molthub import __version__
from molthub.errors import InvalidInputError, StallingError

if TYPE_CHECKING:
    from molthub.cli.commands.init import Answers

ACTION, WORKFLOW = ".github/actions/molthub-plan/action.yml", ".github/workflows/molthub.yml"
SCHEMA = ".molthub/molthub.schema.json"
IGNORED = "# a controller's database, and plans: state of one machine\n/molthub.db*\n/plan.json\n"


def fleet_name(directory: Path) -> str:
    """A fleet's name from a folder's."""
    from molthub.resources.identity import slug

    name = slug(directory.resolve().name).strip("-")
    return name if name[:1].isalpha() else f"fleet-{name}".strip("-")


def write(directory: Path, answers: Answers) -> list[str]:
    """Write the scaffold and return the paths written, relative to the folder.

    Raises InvalidInputError when the answers make no valid manifests, MH-CLI-007 when a file is already there.
    Nothing is written in either case.
    """
    contents = render(answers)
    _refuse_invalid(contents)
    taken = [path for path in contents if (directory / path).exists()]
    if taken:
        raise StallingError(
            "MH-CLI-007",
            f"init overwrites nothing, and {', '.join(taken)} is already in {directory}",
            fix="Choose another folder, or move that away",
        )
    try:
        for path, text in contents.items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StallingError("MH-CLI-007", f"cannot write in {directory}: {error.strerror}") from error
    return list(contents)


def render(answers: Answers) -> dict[str, str]:
    """Every file's text, by its path in the repository."""
    from molthub.manifest.schema import schema_for

    values = {
        "fleet": answers.fleet,
        "workspace": answers.workspace,
        "environment": answers.environment,
        "account": answers.account,
        "region": answers.region,
        "existing": _existing(answers),
        "version": __version__,
    }
    paths = {
        "molthub.yaml": "fleet.yaml",
        f"environments/{answers.workspace}-{answers.environment}.yaml": "environment.yaml",
        WORKFLOW: "workflow.yaml",
        "README.md": "README.md",
    }
    folder = files("molthub.cli.scaffold")
    texts = {path: Template((folder / name).read_text("utf-8")).substitute(values) for path, name in paths.items()}
    return {**texts, ACTION: action(), ".gitignore": IGNORED, SCHEMA: schema_for()}


def action() -> str:
    """The composite action that the workflow uses, as it is in Molthub's own repository."""
    return (files("molthub.cli.scaffold") / "action.yaml").read_text("utf-8")


def _existing(answers: Answers) -> str:
    """The lines of `spec.aws` that name what is there already; "" when bootstrap makes everything."""
    lines = [f"    cluster: {answers.cluster}"] if answers.cluster else []
    if answers.vpc:
        lines += [f"    vpcId: {answers.vpc}", "    subnetIds:   # private subnets, best in two or more zones"]
        lines += [f"      - {subnet}" for subnet in answers.subnets]
    return "".join(f"{line}\n" for line in lines)


def _refuse_invalid(contents: dict[str, str]) -> None:
    from molthub.manifest.loader import load_files

    documents = load_files({path: text.encode() for path, text in contents.items() if path.endswith(".yaml")})
    errors = tuple(item for item in documents.diagnostics if item.severity.value == "error")
    if errors:
        raise InvalidInputError(errors)


def ensure_git(directory: Path) -> bool:
    """Make it a Git repository unless it is inside one; whether it was made."""
    from molthub.cli.disk import repository_top
    from molthub.source.process import Git

    if repository_top(directory) is not None:
        return False
    where = directory.resolve()
    Git(git_dir=where / ".git", work_tree=where).run("init", "--quiet", "--initial-branch=main")
    return True
