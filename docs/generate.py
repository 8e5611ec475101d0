"""Writes what the documentation takes from the code: `python docs/generate.py [--check]`.

--check writes nothing and exits 1 when a file is stale; the tests do the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from molthub.aws.permissions.reference import permission_files
from molthub.cli.commands.init import Answers
from molthub.cli.commands.init_files import ACTION, WORKFLOW, render
from molthub.cli.reference import reference as command_reference
from molthub.manifest.reference import reference
from molthub.manifest.schema import COMBINED, schemas

ROOT = Path(__file__).resolve().parent.parent


def manifest_files() -> Mapping[str, str]:
    """The JSON Schemas, the copy that the example's editors read, and the manifest reference."""
    files = {f"docs/schema/{name}": text for name, text in schemas().items()}
    files[f"manifests-example/.molthub/{COMBINED}"] = schemas()[COMBINED]
    files["docs/reference/manifest.md"] = reference()
    return files


def workflow_files() -> Mapping[str, str]:
    """The action where others use it from, and the example fleet's own copy of it and workflow."""
    answers = Answers("acme-bots", "acme", "prod", "123456789012", "eu-west-1", cluster=None, vpc=None, subnets=())
    written = render(answers)
    example = {f"manifests-example/{path}": written[path] for path in (ACTION, WORKFLOW)}
    return {ACTION: written[ACTION], **example}


GENERATORS: list[Callable[[], Mapping[str, str]]] = [
    manifest_files,
    command_reference,
    permission_files,
    workflow_files,
]
"""Each gives path from the repository's root → text."""


def stale_files() -> dict[str, str]:
    """What differs from what is on disk, as it should be."""
    wanted = {path: text for generate in GENERATORS for path, text in generate().items()}
    return {path: text for path, text in wanted.items() if not _is_current(ROOT / path, text)}


def main(arguments: list[str]) -> int:
    """Write the stale files and name them; with --check only name them."""
    check = "--check" in arguments
    stale = stale_files()
    for path, text in stale.items():
        print(f"{'stale' if check else 'wrote'} {path}")
        if not check:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
