"""MH-NET-001: the control UI, the gateway's admin panel, is not reachable from outside its task."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject

SWITCH = ("spec", "policies", "forbidPublicAdmin")
COMMAND = ("spec", "runtime", "command")
ENV = ("spec", "runtime", "env")

_LOOPBACK = frozenset({"loopback", "127.0.0.1", "localhost", "::1"})
_ALLOWED = {"bind": _LOOPBACK, "host": _LOOPBACK, "port": frozenset({"18789"}), "auth": frozenset({"token"})}
"""Flags that decide who reaches the gateway, and the values of them that change nothing."""
_FORBIDDEN = frozenset({"tailscale", "allow-unconfigured", "dev", "expose", "public"})
_OPENING_WORD = re.compile(
    r"dangerously|control[-_]?ui|tailscale|gateway\.(?:bind|auth|customBindHost)|ngrok", re.IGNORECASE
)
_OPENING_ENV = re.compile(
    r"DANGEROUSLY|CONTROL_?UI|TAILSCALE|^TS_|NGROK|GATEWAY_(?:BIND|HOST|PORT|AUTH)|^(?:BIND|HOST|PORT|LISTEN)(?:_ADDR(?:ESS)?)?$"
)


class PublicAdmin:
    """`forbidPublicAdmin: false` counts only with a live waiver of this rule; only then may a command open it."""

    ref = "MH-NET-001"
    title = "No public admin panel"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        forbidden = spec.policies.forbidPublicAdmin
        if not forbidden:
            message = "forbidPublicAdmin is false: the admin panel may be opened to others"
            yield Finding(message, SWITCH, "Set it to true, or waive MH-NET-001 with a reason and a day")
        for index, what in _opening_arguments(spec.runtime.command or []):
            message = f"the command sets {what}, which may open the admin panel to others"
            yield Finding(message, (*COMMAND, index), "Remove it from the command", waivable=not forbidden)
        for name in spec.runtime.env:
            if opens_admin(name):
                message = f"the env variable {name} may open the admin panel to others"
                yield Finding(message, (*ENV, name), "Remove it from env", waivable=not forbidden)


def opens_admin(name: str) -> bool:
    """Whether an environment variable of this name could decide where the gateway listens or who may enter."""
    return _OPENING_ENV.search(name) is not None


def _opening_arguments(command: list[str]) -> Iterator[tuple[int, str]]:
    """Index and name of each argument that opens the gateway; the words inside a shell's `-c` text too."""
    words = [(index, word) for index, text in enumerate(command) for word in re.split(r"[\s'\"`;&|()]+", text) if word]
    for position, (index, word) in enumerate(words):
        following = words[position + 1][1] if position + 1 < len(words) else ""
        what = _opening(word, following)
        if what:
            yield index, what


def _opening(word: str, following: str) -> str | None:
    flag = re.match(r"--([a-z][a-z-]*)(?:=(.*))?$", word, re.IGNORECASE | re.DOTALL)
    if flag:
        name, value = flag[1].lower(), flag[2] if flag[2] is not None else following
        if name in _FORBIDDEN or (name in _ALLOWED and value.lower() not in _ALLOWED[name]):
            return f"--{name}"
    match = _OPENING_WORD.search(word)
    return match[0] if match else None
