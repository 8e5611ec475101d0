"""The whole command reference as one page: every command's help, as `--help` prints it.

docs/generate.py writes it to docs/reference/cli.md, so a change of any help shows in review.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from molthub.cli.main import HELP_COLUMNS
from molthub.cli.tree import command_tree

WIDTH = 100
PAGE = "docs/reference/cli.md"
HELP_MODULE = "cli/help_text.py"

OPENING = """\
# Command reference

What `molthub COMMAND --help` says, for every command. Written by `make docs`; do not edit.

Data goes to stdout; progress, marks and errors go to stderr. Without a terminal there is no prompt, no spinner and
no colour; `NO_COLOR` is honoured. The shapes of `-o json` are in [json.md](json.md).

| Exit code | Meaning |
|---|---|
| 0 | done; `plan` without `--detailed-exitcode` also when there are changes |
| 1 | failed: a person must act. `plan`: something is Invalid or could not be read |
| 1 | `status`: an instance shown could not be read (Unknown) |
| 1, 2, 3 | `drift`: something differs; it went wrong; something could not be read |
| 1 | `doctor`: a check failed |
| 1 | `diff`: the commits differ; 0 is the same, and an error is 2 or 3 |
| 1 | `apply`, `controller run --once`: also when something stayed Blocked or Invalid |
| 1 | `wait`: one does not get there by itself; 3 after `--timeout` |
| 1 | `validate --strict`: also for warnings alone |
| 1 | `access check`: something is refused that was neither approved nor undone |
| 1 | `db current`: the schema is not the newest that this release knows |
| 2 | wrong usage; with `plan --detailed-exitcode`: there are changes (wrong usage is 1 then) |
| 3 | try again later: AWS or Git did not answer, or something needs time |
| 70 | a bug in Molthub |
| 130 | interrupted |

| Variable | Meaning |
|---|---|
| `MOLTHUB_REPO` | the default of `--repo` |
| `MOLTHUB_DATABASE_URL` | the controller's database, for `events`, `status`, `history` and `audit` |
| `MOLTHUB_NOTIFY_URL`, `MOLTHUB_NOTIFY_KEY` | where notifications go, and their key; or `…_FILE` |
| `MOLTHUB_CACHE_DIR` | where mirrors and the index of commits lie; by default `~/.cache/molthub` |
| `MOLTHUB_ROLLOUT_POLL` | seconds between two looks at a rollout, by default 5; where it is set, the longest wait too |
| `MOLTHUB_AWS_SHARE` | percentage of AWS's request quotas that Molthub may use, or `off`; by default 60 |
| `MOLTHUB_DEBUG` | 1 prints the traceback of an error |
| `NO_COLOR` | no colours |
"""


def reference() -> Mapping[str, str]:
    """Path from the repository's root → text: the page, and the help that main.py answers without typer."""
    helps = list(_helps(command_tree(), "molthub", None, width=WIDTH))
    page = [OPENING, *(f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps)]
    return {PAGE: "\n".join(page), HELP_MODULE: _help_module()}


def _help_module() -> str:
    _, text = next(_helps(command_tree(), "molthub", None, width=HELP_COLUMNS))
    assert '"""' not in text
    assert "\\" not in text
    return (
        f'"""What `molthub --help` prints. Written by docs/generate.py; do not edit."""\n\nHELP = """\\\n{text}\n"""\n'
    )


def _helps(command: Any, name: str, parent: Any, *, width: int) -> Iterator[tuple[str, str]]:
    """Full name and help of a command and of everything below it, in the order of the tree."""
    context = command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=width - 2, max_content_width=width
    )
    yield context.command_path, command.get_help(context).rstrip()
    if hasattr(command, "commands"):
        for child in command.list_commands(context):
            yield from _helps(command.commands[child], child, context, width=width)
