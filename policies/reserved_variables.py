"""MH-RUN-002: a manifest does not set the variables that Molthub, AWS or the loader set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.policies.public_admin import opens_admin

_RESERVED = re.compile(
    r"(?:OPENCLAW|CLAWDBOT|MOLTBOT|MOLTHUB|AWS|ECS|NODE|NPM|NPM_CONFIG|LD|DYLD|OTEL|GIT|PYTHON|XDG)_.*"
    r"|PATH|HOME|USER|LOGNAME|SHELL|IFS|ENV|BASH_ENV|PS4|TMPDIR|TEMP|TMP|HOSTNAME|PWD"
)
_SECRETS_ALLOWED = frozenset({"AWS_BEARER_TOKEN_BEDROCK"})
"""Credentials the Moltbot itself reads under a reserved prefix; allowed from the secret store only."""


class ReservedVariables:
    """Not waivable: what Molthub renders would no longer be what runs."""

    ref = "MH-RUN-002"
    title = "Reserved environment variables"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        for name in spec.runtime.env:
            if is_reserved(name) and not opens_admin(name):
                yield _finding(name, ("spec", "runtime", "env", name), "Remove it from env")
        for index, entry in enumerate(spec.secrets):
            if is_reserved(entry.name) and entry.name not in _SECRETS_ALLOWED:
                yield _finding(entry.name, ("spec", "secrets", index, "name"), "Give the secret another name")


def is_reserved(name: str) -> bool:
    """Whether a manifest may not choose this variable."""
    return _RESERVED.fullmatch(name) is not None


def _finding(name: str, path: tuple[str | int, ...], fix: str) -> Finding:
    return Finding(f"{name} is set by Molthub, AWS or the system, not by a manifest", path, fix)
