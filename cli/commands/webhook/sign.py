"""`molthub webhook sign`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.webhook.inputs import (
    STDIN,
    BodyOption,
    KeyFdOption,
    KeyFileOption,
    mode_of_path,
    read_body,
    read_key,
)
from molthub.cli.options import Output, OutputOption
from molthub.cli.terminal import terminal

if TYPE_CHECKING:
    from molthub.gate.signature import Mode

SIGN_FORMAT = "molthub.dev/webhook-signature/v1"


def sign(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="URL|PATH", help="Where the request goes: https://HOST/hooks/agent, or the path")
    ],
    body: BodyOption = STDIN,
    key_file: KeyFileOption = None,
    key_fd: KeyFdOption = None,
    output: OutputOption = Output.HUMAN,
) -> None:
    """Print the headers that sign a request to a Moltbot

    The body is read from stdin unless --body names a file. The key is asked for on the terminal, or read from a file,
    a pipe or a descriptor; it is no argument, because arguments are seen by every process and kept by shells. The
    headers go to stdout, a curl line without the key to stderr. They are good for five minutes, once. A path below
    /slack/ is signed as Slack does, with its signing secret for a key.
    """
    from molthub.cli import context
    from molthub.gate.signature import sign as signature

    term = terminal()
    url, path, mode = _place(target)
    source = body or STDIN
    key = read_key(term, file=key_file, descriptor=key_fd, stdin_taken=source == STDIN)
    content = read_body(term, source)
    now = int(context.roots_of(ctx).now().timestamp())
    headers = signature(key, timestamp=now, path=path.encode(), body=content, mode=mode)
    curl = _curl(url, headers, source)
    if output is Output.JSON:
        term.json({"format": SIGN_FORMAT, "path": path, "headers": headers, "curl": curl})
        return
    term.data("".join(f"{name}: {value}\n" for name, value in headers.items()))
    term.say(f"\nGood for five minutes, once:\n\n{curl}")


def _place(target: str) -> tuple[str, str, Mode]:
    """The URL, with a placeholder where none was given, the path that is signed, and how."""
    host, path = "HOST", target
    if target.startswith("https://"):
        host, slash, rest = target.removeprefix("https://").partition("/")
        path = slash + rest
    return f"https://{host}{path}", path, mode_of_path(path)


def _curl(url: str, headers: dict[str, str], source: str) -> str:
    """A line to copy. --data-binary, for --data would drop line ends and so break the signature."""
    lines = [f"curl {shlex.quote(url)}", "-H 'Content-Type: application/json'"]
    lines += [f"-H '{name}: {value}'" for name, value in headers.items()]
    lines.append(f"--data-binary {shlex.quote('@' + source)}")
    return " \\\n  ".join(lines)
