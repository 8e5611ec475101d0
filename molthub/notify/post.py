"""One POST to the receiver: signed, over TLS, never redirected, never waited for long.

The URL of a chat program's webhook is a secret in itself: whoever has it may write there. So no message repeats it, but
for the host.
"""

from __future__ import annotations

import ipaddress
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit

from molthub.errors import StallingError
from molthub.gate.signature import sign

TIMEOUT = 10.0
"""Seconds for connecting, and for each part of the answer."""

SHORTEST_KEY = 16
LONGEST_WAIT = 600.0
_READ = 4096
_AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Target:
    """Where notifications go. label is for people: scheme and host. key: of the signature; None for none."""

    url: str = field(repr=False)
    key: bytes | None = field(repr=False)
    label: str

    @property
    def path(self) -> str:
        """What is signed of the URL: path and query, as they are sent."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request ended. why: for people, "" when it arrived.

    again        whether the same request may go well later
    retry_after  seconds the receiver asked to wait, None when it did not
    """

    arrived: bool
    why: str = ""
    again: bool = False
    retry_after: float | None = None


Post = Callable[[bytes], Answer]


@dataclass(frozen=True, slots=True)
class GivenTarget:
    """What was configured: each as a value or as a file that holds it."""

    url: str | None = field(default=None, repr=False)
    url_file: Path | None = None
    key: str | None = field(default=None, repr=False)
    key_file: Path | None = None


def target_of(given: GivenTarget) -> Target | None:
    """Where to send; None when nothing is configured. Raises MH-NOTE-001, -002, -003."""
    url = _value(given.url, given.url_file, "MOLTHUB_NOTIFY_URL")
    key = _value(given.key, given.key_file, "MOLTHUB_NOTIFY_KEY")
    if url is None:
        return None
    if key is not None and len(key) < SHORTEST_KEY:
        raise StallingError(
            "MH-NOTE-002",
            f"the key for notifications has fewer than {SHORTEST_KEY} characters",
            fix="Make one: head -c 32 /dev/urandom | base64 > notify-key",
        )
    parts = _checked(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return Target(url, key.encode() if key is not None else None, f"{parts.scheme}://{host}{port}")


def _value(given: str | None, file: Path | None, variable: str) -> str | None:
    if given and file:
        raise StallingError("MH-NOTE-003", f"{variable} and {variable}_FILE are both set", fix="Unset one of them")
    if file is None:
        return given.strip() if given and given.strip() else None
    try:
        text = file.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = (error.strerror or "unreadable").lower() if isinstance(error, OSError) else "it is no text"
        raise StallingError(
            "MH-NOTE-003", f"the file {file} of {variable}_FILE cannot be read: {why}", fix="Check its path and mode"
        ) from error
    if not text:
        raise StallingError("MH-NOTE-003", f"the file {file} of {variable}_FILE is empty", fix="Write it there")
    return text


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.username is None and not any(char <= " " for char in url)
        usable = usable and url.isascii() and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.fragment:
        raise _refused("it is no URL of a webhook (a user name, a fragment, spaces and unicode have no place in it)")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return parts
    raise _refused("it is not https, and only a receiver on this machine may be without")


def _refused(why: str) -> StallingError:
    return StallingError(
        "MH-NOTE-001",
        f"notifications cannot go to the URL of MOLTHUB_NOTIFY_URL: {why}",
        fix="Write it as https://HOST/PATH",
    )


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A receiver that moved is an error: what is sent is for the one that was configured."""

    def redirect_request(self, *_arguments: Any) -> None:  # whatever it is: not followed
        return None


def sender(target: Target, *, now: Callable[[], datetime], agent: str) -> Post:
    """What posts a body there. A proxy of the environment (HTTPS_PROXY) is used, but not for this machine."""
    local = is_loopback(urlsplit(target.url).hostname or "")
    opener = urllib.request.build_opener(
        _NoRedirect(),
        urllib.request.ProxyHandler({} if local else None),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
    )

    def post(body: bytes) -> Answer:
        headers = {"Content-Type": "application/json", "User-Agent": agent}
        if target.key is not None:
            headers |= sign(target.key, timestamp=int(now().timestamp()), path=target.path.encode(), body=body)
        request = urllib.request.Request(target.url, data=body, headers=headers, method="POST")  # noqa: S310 - checked
        try:
            with opener.open(request, timeout=TIMEOUT) as answer:
                answer.read(_READ)
        except HTTPError as error:
            with error:
                return _answered(error.code, error.headers.get("Retry-After"))
        except (URLError, HTTPException, OSError, ValueError) as error:
            return Answer(arrived=False, why=_words(error), again=not isinstance(error, ValueError))
        return Answer(arrived=True)

    return post


def _answered(code: int, retry_after: str | None) -> Answer:
    again = code in _AGAIN or code >= 500  # noqa: PLR2004 - the server's own trouble
    asked = (retry_after or "").strip()
    wait = min(float(asked), LONGEST_WAIT) if asked.isascii() and asked.isdigit() else None
    return Answer(arrived=False, why=f"HTTP {code}", again=again, retry_after=wait)


def _words(error: Exception) -> str:
    """In words that repeat nothing of the URL but the host."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate does not verify: {cause.verify_message}"
    if isinstance(cause, TimeoutError):
        return "it did not answer in time"
    if isinstance(cause, OSError):
        return (cause.strerror or type(cause).__name__).lower()
    return f"the request failed ({type(cause).__name__})"
