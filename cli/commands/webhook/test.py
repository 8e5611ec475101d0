"""`molthub webhook test`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.webhook.answers import Answer, problem
from molthub.cli.commands.webhook.inputs import (
    STDIN,
    BodyOption,
    KeyFdOption,
    KeyFileOption,
    mode_of_path,
    read_body,
    read_key,
)
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal
from molthub.errors import StallingError, TransientError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

TEST_FORMAT = "molthub.dev/webhook-test/v1"
TIMEOUT = 60.0
MAX_ANSWER = 64 * 1024
DEFAULT_BODIES = {
    "signed": b'{"message":"This is a test by molthub webhook test. Nothing needs to be done."}',
    "slack": b'{"type":"url_verification","challenge":"molthub-webhook-test"}',
}
"""By mode. The second is what Slack itself sends when a URL is entered; the Moltbot gives the challenge back."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def send_test(
    ctx: typer.Context,
    instance: Annotated[
        str | None,
        typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique"),
    ] = None,
    path: Annotated[
        str | None, typer.Option("--path", metavar="PATH", help="Which of its paths; by default the first")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help="Send it there, without asking any manifest")
    ] = None,
    body: BodyOption = None,
    key_file: KeyFileOption = None,
    key_fd: KeyFdOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
) -> int:
    """Send a signed request to a Moltbot and explain the answer

    It is a real request: the Moltbot acts on its body. Without --body a harmless message is sent. The key is asked
    for on the terminal, or read from a file, a pipe or a descriptor. For a path below /slack/ it is Slack's signing
    secret, and the message Slack's own question for a challenge.
    """
    from molthub.cli import context
    from molthub.gate.signature import sign

    term = terminal()
    roots = context.roots_of(ctx)
    where = _checked_url(url or _url_of(ctx, instance, path, repo=repo, ref=ref))
    mode = mode_of_path(where.path)
    key = read_key(term, file=key_file, descriptor=key_fd, stdin_taken=body == STDIN)
    content = DEFAULT_BODIES[mode] if body is None else read_body(term, body)
    headers = sign(key, timestamp=int(roots.now().timestamp()), path=where.path.encode(), body=content, mode=mode)
    began = time.monotonic()
    answer = _send(where, content, {"Content-Type": "application/json", **headers})
    seconds = time.monotonic() - began
    wrong = problem(answer)
    if output is Output.JSON:
        term.json(_document(where.geturl(), answer, seconds=seconds, taken=wrong is None))
    elif wrong is None:
        term.data(f"{where.geturl()} took it: {answer.status} in {seconds:.1f} s {answer.excerpt}".rstrip())
    if wrong is not None:
        raise wrong
    return ExitCode.OK


def _document(url: str, answer: Answer, *, seconds: float, taken: bool) -> dict[str, object]:
    """docs/reference/json.md describes it."""
    told = {"status": answer.status, "gate": answer.gate_reason, "taken": taken, "seconds": round(seconds, 3)}
    return {"format": TEST_FORMAT, "url": url, **told, "body": answer.excerpt}


def _url_of(ctx: typer.Context, instance: str | None, path: str | None, *, repo: str | None, ref: str | None) -> str:
    """The instance's URL: of the path asked for, or the first."""
    from molthub.cli.commands.webhook.urls import endpoint_of_instance

    if instance is None:
        raise typer.BadParameter("name an instance, or a URL with --url", param_hint="INSTANCE")
    endpoint = endpoint_of_instance(ctx, instance, repo=repo, ref=ref)
    known = [one for one, _ in endpoint.paths]
    wanted = path or known[0]
    if wanted not in known:
        message = f"{wanted} is no path of {instance} (there are: {', '.join(known)})"
        raise StallingError("MH-GATE-012", message, fix="Say one of them")
    return f"https://{endpoint.host}{wanted}"


def _checked_url(text: str) -> SplitResult:
    """https, or http to this machine: a request in the clear could be read and, once delayed, be sent by others."""
    from urllib.parse import urlsplit

    try:
        found = urlsplit(text)
        good = bool(found.hostname) and not found.query and not found.fragment and found.username is None
        secure = found.scheme == "https" or (found.scheme == "http" and found.hostname in LOOPBACK)
        port_is_a_port = found.port != 0
    except ValueError:
        good = secure = port_is_a_port = False
    if not (good and secure and port_is_a_port):
        fix = "Say https://HOST/PATH, as `molthub webhook url` prints it"
        raise StallingError("MH-GATE-012", f"{text!r} is no URL of a webhook", fix=fix)
    return found


def _send(where: SplitResult, body: bytes, headers: dict[str, str]) -> Answer:
    """Straight there: no redirect is followed, no proxy asked. Raises MH-GATE-013."""
    import http.client
    import socket
    import ssl

    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=TIMEOUT)
    try:
        connection.request("POST", where.path, body=body, headers=headers)
        found = connection.getresponse()
        return Answer(found.status, found.getheader("Server", ""), found.read(MAX_ANSWER))
    except ssl.SSLError as error:
        raise _unreached(where, f"TLS fails: {error.reason or error}", _CERTIFICATE) from error
    except socket.gaierror as error:
        raise _unreached(where, "its name is not known", _NAME) from error
    except TimeoutError as error:
        raise _unreached(where, "it does not answer", _SILENT) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreached(where, str(error) or type(error).__name__, _SILENT) from error
    finally:
        connection.close()


_CERTIFICATE = "See that the Environment's certificate covers this host, and is issued"
_NAME = "Make the DNS record that `molthub webhook url INSTANCE --dns` prints, and give it time to spread"
_SILENT = "See that the load balancer is there and takes port 443 from where you are"


def _unreached(where: SplitResult, why: str, fix: str) -> TransientError:
    from molthub.cli.views.text import safe

    return TransientError("MH-GATE-013", f"{where.hostname} was not reached: {safe(why)}", fix=fix)
