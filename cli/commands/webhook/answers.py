"""What an answer to a webhook request means: who gave it, why, and what to do. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from molthub.cli.views.text import safe
from molthub.errors import MolthubError, StallingError, TransientError

SHOWN = 300
"""Characters of an answer's body that are shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. server: its Server header, "" for none."""

    status: int
    server: str
    body: bytes

    @property
    def gate_reason(self) -> str | None:
        """The gate's reason, when the gate gave this answer."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        reason = found.get("gate") if isinstance(found, dict) and len(found) == 1 else None
        return reason if isinstance(reason, str) else None

    @property
    def excerpt(self) -> str:
        """The start of its body, safe for a terminal."""
        return safe(self.body.decode("utf-8", errors="replace").strip()[:SHOWN])


_CLOCK = "Set this machine's clock; molthub doctor compares it with AWS's"
GATE: Mapping[str, tuple[str, str]] = {
    "unsigned": ("the signature or the timestamp is missing on arrival", "Look for a proxy that drops headers"),
    "signature": (
        "the key is none of the instance's, or the body or the path was changed on its way",
        "Give the value of the secret that spec.channels.webhook.token names; a new one counts after a redeploy",
    ),
    "timestamp-old": ("the timestamp is older than five minutes", _CLOCK),
    "timestamp-future": ("the timestamp is in the future", _CLOCK),
    "timestamp-before-start": (
        "the gate has only just started and refuses what it may have seen",
        "Sign and send anew",
    ),
    "replay": ("this very request was taken before", "Sign and send anew"),
    "not-found": ("the path is none of the instance's", "Say one of spec.channels.webhook.paths, byte for byte"),
    "body-size": ("the body is too big", "Send at most 256 KiB"),
    "rate": ("too many requests at once", "Send fewer, and try again in a few seconds"),
    "busy": ("the gate has as much under way as it takes", "Try again in a few seconds"),
    "replay-memory": ("the gate's memory against replays is full", "Try again in a few minutes, and send fewer"),
    "not-ready": ("the Moltbot is still starting", "Wait a minute; `molthub status` says how it is"),
    "upstream-down": ("the Moltbot does not listen", "It may be starting: see `molthub status`"),
    "upstream-slow": (
        "the Moltbot did not answer in time; it may still act on it",
        "See its log, and `molthub status`",
    ),
    "upstream-answer": ("the Moltbot's answer was broken or too long", "See its log"),
    "upstream-token": (
        "the Moltbot does not know the gate's token",
        "Redeploy the instance, so that both read the same version of the secret",
    ),
}
"""Why the gate refuses a well-formed request, and what to do."""

_AGAIN = frozenset({"rate", "busy", "replay-memory", "not-ready", "upstream-down", "upstream-slow"})


def problem(answer: Answer) -> MolthubError | None:
    """Why the request was not taken; None when it was."""
    reason = answer.gate_reason
    if reason is not None:
        return _from_gate(answer.status, reason)
    if 200 <= answer.status < 300:  # noqa: PLR2004 - success
        return None
    if _is_load_balancers(answer):
        return _from_load_balancer(answer)
    said = f": {answer.excerpt}" if answer.excerpt else ""
    kind = TransientError if answer.status >= 500 else StallingError  # noqa: PLR2004 - the server's own trouble
    return kind(
        "MH-GATE-016",
        f"the signed request was let through, and the Moltbot answered {answer.status}{said}",
        fix="Send the body that this path expects, with its Content-Type",
    )


def _is_load_balancers(answer: Answer) -> bool:
    """Whether the load balancer gave it: by its name, by its 403, which nothing behind it says, or by its HTML."""
    html = answer.status in (502, 503, 504) and answer.body.lstrip().startswith(b"<")
    return answer.server.startswith("awselb/") or answer.status == 403 or html  # noqa: PLR2004


def _from_gate(status: int, reason: str) -> MolthubError:
    why, fix = GATE.get(reason, (f"the request is not what it takes ({safe(reason)})", "See docs/webhooks.md"))
    kind = TransientError if reason in _AGAIN else StallingError
    return kind("MH-GATE-015", f"the gate answered {status}: {why}", fix=fix)


def _from_load_balancer(answer: Answer) -> MolthubError:
    if answer.status == 403:  # noqa: PLR2004
        return StallingError(
            "MH-GATE-014",
            "the load balancer answered 403: none of its rules is for this host and path, or its web ACL refused it",
            fix="Compare the URL with `molthub webhook url INSTANCE`, and see `molthub status` whether it is applied",
        )
    return TransientError(
        "MH-GATE-014",
        f"the load balancer answered {answer.status}: no healthy task of the instance is behind it",
        fix="See `molthub status`: paused, starting, or failing its health check",
    )
