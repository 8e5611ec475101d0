"""MH-NET-001: the control UI, the gateway's admin panel, is not reachable from outside its task."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject

SWITCH = ("spec", "policies", "forbidPublicAdmin")
COMMAND = ("spec", "runtime", "command")
ENV = ("spec", "runtime", "env")

_FLAGS = frozenset(
    ["auth", "allow-unconfigured", "bind", "custom-bind-host", "dev", "host", "listen", "port", "public", "tailscale"]
)
"""Options of the gateway that decide where it listens and who may enter; Molthub sets them itself."""
_OPENING_WORD = re.compile(r"dangerously|control[-_]?ui|tailscale|ngrok|gateway\.(?:bind|auth)", re.IGNORECASE)
_OPENING_ENV = re.compile(
    r"DANGEROUSLY|CONTROL_?UI|TAILSCALE|^TS_|NGROK|GATEWAY_(?:BIND|HOST|PORT|AUTH)"
    r"|^(?:BIND|HOST|PORT|LISTEN)(?:_ADDR(?:ESS)?)?$"
)


class PublicAdmin:
    """`forbidPublicAdmin: false` counts only with a live waiver. What would open the panel is refused even then."""

    ref = "MH-NET-001"
    title = "No public admin panel"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        if not spec.policies.forbidPublicAdmin:
            message = "forbidPublicAdmin is false: the admin panel may be opened to others"
            yield Finding(message, SWITCH, "Set it to true, or waive MH-NET-001 with a reason and a day")
        for index, what in opening_arguments(spec.runtime.command or []):
            message = f"the command sets {what}, which decides who reaches the admin panel"
            yield Finding(
                message, (*COMMAND, index), "Remove it: Molthub binds the gateway to loopback", waivable=False
            )
        for name in spec.runtime.env:
            if opens_admin(name):
                message = f"the env variable {name} may open the admin panel to others"
                yield Finding(message, (*ENV, name), "Remove it from env", waivable=False)


def opens_admin(name: str) -> bool:
    """Whether an environment variable of this name could decide where the gateway listens or who may enter."""
    return _OPENING_ENV.search(name) is not None


def opening_arguments(command: list[str]) -> Iterator[tuple[int, str]]:
    """Index and name of each argument that opens the gateway; the words inside a shell's `-c` text too."""
    for index, text in enumerate(command):
        for word in re.split(r"[\s'\"`;&|()]+", text):
            what = _opening(word)
            if what:
                yield index, what


def _opening(word: str) -> str | None:
    flag = re.match(r"--([a-z][a-z-]*)(?:=|$)", word, re.IGNORECASE)
    if flag and flag[1].lower() in _FLAGS:
        return f"--{flag[1].lower()}"
    match = _OPENING_WORD.search(word)
    return match[0] if match else None
