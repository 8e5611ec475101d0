"""A token pasted into any field is found, and appears in no message, fix or place of any diagnostic."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.guard.engine import Subject, run
from molthub.policies.registry import builtin_rules
from tests.builders import documents, instance_dict
from tests.fakes.policies import TODAY

TOKEN = "gh" + "p_" + "aB3dE6gH9jK2mN5pQ8sT" * 2


def at(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    result: dict[str, Any] = value
    return result


def waiver(reason: str) -> list[dict[str, str]]:
    return [{"rule": "MH-IMG-002", "reason": reason, "until": "2027-01-31"}]


PLACES: dict[str, dict[str, Any]] = {
    "label value": at("metadata.labels", {"note": TOKEN}),
    "label key": at("metadata.labels", {TOKEN: "note"}),
    "name": at("metadata.name", TOKEN),
    "image": at("spec.runtime.image", f"ghcr.io/acme/{TOKEN}:1"),
    "image tag": at("spec.runtime.image", f"ghcr.io/openclaw/openclaw:{TOKEN}"),
    "image user": at("spec.runtime.image", f"https://bot:{TOKEN}@ghcr.io/openclaw"),
    "env value": at("spec.runtime.env", {"NOTE": TOKEN}),
    "env key": at("spec.runtime.env", {TOKEN: "x"}),
    "env of a credential": at("spec.runtime.env", {"GITHUB_TOKEN": TOKEN}),
    "command": at("spec.runtime.command", ["node", "openclaw.mjs", "gateway", "--token", TOKEN]),
    "command with =": at("spec.runtime.command", [f"--bind={TOKEN}"]),
    "command in a shell": at("spec.runtime.command", ["sh", "-c", f"export T={TOKEN}; run"]),
    "model": at("spec.model.primary", f"anthropic/{TOKEN}"),
    "fallback": at("spec.model.fallbacks", [f"anthropic/{TOKEN}"]),
    "secret key": at("spec.secrets", [{"name": "A", "key": TOKEN}]),
    "secret reference": at("spec.model.apiKey.secret", TOKEN),
    "skill": at("spec.skills.allowlist", [TOKEN]),
    "tracing": at("spec.observability.tracing.endpoint", f"https://otel.example.com/{TOKEN}"),
    "sid": at("spec.taskRole.statements", [{"sid": TOKEN, "actions": ["s3:GetObject"], "resources": ["*"]}]),
    "action": at("spec.taskRole.statements", [{"actions": [TOKEN], "resources": ["*"]}]),
    "wild action": at("spec.taskRole.statements", [{"actions": [f"s3:{TOKEN}*"], "resources": ["*"]}]),
    "resource": at("spec.taskRole.statements", [{"actions": ["s3:GetObject"], "resources": [TOKEN]}]),
    "ARN": at("spec.taskRole.statements", [{"actions": ["s3:GetObject"], "resources": [f"arn:aws:s3:::{TOKEN}/?"]}]),
    "paused by": at("spec.lifecycle.paused", {"by": TOKEN, "reason": "x"}),
    "paused reason": at("spec.lifecycle.paused", {"by": "ana", "reason": f"see {TOKEN}"}),
    "waiver reason": at("spec", {"policies": {"waivers": waiver(f"see {TOKEN}")}}),
    "waiver reason of a live one": at(
        "spec",
        {
            "policies": {"waivers": waiver(f"see {TOKEN}")},
            "runtime": {"image": "ghcr.io/openclaw/openclaw:2026.1.15"},
        },
    ),
    "unknown field": at("spec.runtime", {TOKEN: "x"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_token_is_refused_and_never_repeated(place: str) -> None:
    loaded = documents(instance_dict(**PLACES[place]))
    said = list(loaded.diagnostics)
    for instance in loaded.instances.values():
        verdicts = run(builtin_rules(), Subject(instance, None, None), today=TODAY)
        said += [*verdicts.errors, *verdicts.notices]
        assert any(item.ref == "MH-SEC-001" for item in verdicts.errors)
    assert any(item.severity.value == "error" for item in said)
    # the file's path is made of the name, as whoever wrote it chose
    shown = "\n".join(f"{item.ref} {item.message} {item.fix}" for item in said)
    assert TOKEN not in shown
