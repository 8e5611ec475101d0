"""MH-NET-004: what can live in an Environment without a way to the internet."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.policies.endpoints_only import EndpointsOnly
from tests.builders import INGRESS
from tests.fakes.policies import subject

NEAR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/openclaw:2026.9.6"
FAR = "123456789012.dkr.ecr.us-east-1.amazonaws.com/openclaw:2026.9.6"
BEDROCK = "amazon-bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"
WEBHOOK = {"telegram": None, "webhook": {"token": {"secret": "TELEGRAM_BOT_TOKEN"}, "paths": ["/hooks/agent"]}}
FITTING: dict[str, Any] = {
    "runtime": {"image": NEAR},
    "model": {"primary": BEDROCK, "apiKey": None},
    "channels": WEBHOOK,
    "network": {"inbound": "WEBHOOK"},
}


def said(spec: dict[str, Any], **environment: Any) -> list[str]:
    wanted = {"network": {"nat": "none"}} | environment
    found = subject({"spec": FITTING | spec}, environment={"spec": wanted})
    return [finding.message for finding in EndpointsOnly().check(found)]


def test_a_webhook_with_bedrock_and_ecr_lives_there() -> None:
    assert said({}) == []
    assert said({}, ingress=INGRESS) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.6"}}, "the image"),
        ({"runtime": {"image": FAR}}, "the image"),
        ({"model": {"primary": "anthropic/claude-sonnet-4-5"}}, "the model"),
        ({"model": {"primary": BEDROCK, "apiKey": None, "fallbacks": ["openai/gpt-5"]}}, 'the model "openai/gpt-5"'),
        ({"channels": {"telegram": {"botToken": {"secret": "TELEGRAM_BOT_TOKEN"}}}}, "the channel telegram"),
    ],
)
def test_what_needs_the_internet_does_not(spec: dict[str, Any], message: str) -> None:
    (found,) = said(spec)
    assert found.startswith(message)
    assert said(spec, network={"nat": "single"}) == []


def test_the_gates_image_must_be_near_too() -> None:
    (found,) = said({}, ingress={**INGRESS, "gateImage": "ghcr.io/acme/molthub:1.4.0"})
    assert found.startswith('the gate\'s image "ghcr.io/acme/molthub:1.4.0" cannot be pulled')
