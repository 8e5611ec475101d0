"""MH-SEC-002: credentials come from the secret store, never from literals.

That a channel's or model's credential is a reference, and that no variable is in both `env` and `spec.secrets`, is
the manifest's own structure (MH-MAN-018, MH-MAN-022).
"""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.manifest.secret_shapes import looks_secret
from molthub.policies.support.quote import quoted

SWITCH = ("spec", "policies", "requireSecretManager")
ENV = ("spec", "runtime", "env")


class SecretManager:
    """`requireSecretManager: false` counts only with a live waiver of this rule."""

    ref = "MH-SEC-002"
    title = "Credentials come from the secret store"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        required = spec.policies.requireSecretManager
        if not required:
            message = "requireSecretManager is false: credentials may stand in the manifest"
            yield Finding(message, SWITCH, "Set it to true, or waive MH-SEC-002 with a reason and a day")
        for name, value in spec.runtime.env.items():
            if looks_secret(name) and not _is_a_number(name, value):
                message = f"the env variable {quoted(name)} is called like a credential"
                fix = "Store the value in Secrets Manager and name it in spec.secrets"
                yield Finding(message, (*ENV, name), fix, waivable=not required)


def _is_a_number(name: str, value: str) -> bool:
    """MAX_TOKENS: "4096" counts tokens; it holds none."""
    return name.endswith("TOKENS") and value.isdigit()
