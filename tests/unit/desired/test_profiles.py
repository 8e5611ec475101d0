"""Which image is understood as what, and which channels it is held to have."""

from __future__ import annotations

import pytest

from molthub.desired.profiles.images import parse_image
from molthub.desired.profiles.registry import assumed_profile, profile_for, why_unknown

DIGEST = "sha256:" + "0" * 64
ALWAYS = frozenset({"telegram", "webhook"})


@pytest.mark.parametrize(
    ("image", "profile", "channels"),
    [
        ("ghcr.io/openclaw/openclaw:2026.9.6", "openclaw-2026.9", ALWAYS),
        (f"ghcr.io/openclaw/openclaw:2026.9.6@{DIGEST}", "openclaw-2026.9", ALWAYS),
        ("ghcr.io/openclaw/openclaw:2026.6.11", "openclaw-2026.6", ALWAYS),
        ("ghcr.io/openclaw/openclaw:2026.10.1", "openclaw-2026.9", ALWAYS),
        ("registry.example.com/acme/openclaw:2026.9.6", "openclaw-2026.9", ALWAYS),
        ("registry.example.com/acme/openclaw:2026.9.6-slack", "openclaw-2026.9", ALWAYS | {"slack"}),
        ("registry.example.com:5000/acme/openclaw-slack:2026.9.6", "openclaw-2026.9", ALWAYS | {"slack"}),
        ("registry.example.com/acme/openclaw-otel-slack:2026.6.11", "openclaw-2026.6", ALWAYS | {"slack"}),
        ("registry.example.com/acme/openclaw:2026.8.1-r20260820", "openclaw-2026.9", ALWAYS),
        ("registry.example.com/acme/slack:2026.9.6", "openclaw-2026.9", ALWAYS),
    ],
)
def test_an_image_has_a_profile_and_channels(image: str, profile: str, channels: frozenset[str]) -> None:
    found = profile_for(image)
    assert found is not None
    assert (found.name, found.channels) == (profile, channels)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("ghcr.io/openclaw/openclaw:latest", "its tag does not begin with a version such as 2026.9.6"),
        ("ghcr.io/openclaw/openclaw", "its tag does not begin with a version such as 2026.9.6"),
        (f"ghcr.io/openclaw/openclaw@{DIGEST}", "its tag does not begin with a version such as 2026.9.6"),
        ("ghcr.io/openclaw/openclaw:2026.2.26", "versions before 2026.6 are not supported"),
        (
            "ghcr.io/clawdbot/clawdbot:2026.1.29",
            "ghcr.io/clawdbot/clawdbot is a former name of the project and its versions have no HTTP health endpoint",
        ),
        ("a b", "it is not an image reference"),
    ],
)
def test_an_image_without_a_profile_says_why(image: str, reason: str) -> None:
    assert profile_for(image) is None
    assert why_unknown(image) == reason
    assert assumed_profile(image).name == "openclaw-2026.9"


def test_only_the_official_image_holds_what_upstream_builds_in() -> None:
    official, own = profile_for("ghcr.io/openclaw/openclaw:2026.9.6"), profile_for("acme/openclaw:2026.9.6-otel")
    assert official is not None
    assert own is not None
    assert official.plugins == {"codex", "diagnostics-otel"}
    assert own.plugins == {"diagnostics-otel"}


@pytest.mark.parametrize(
    ("image", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "nginx", None, None),
        ("acme/bot:1", "docker.io", "acme/bot", "1", None),
        ("localhost/bot:1", "localhost", "bot", "1", None),
        ("r.example.com:5000/a/b:1", "r.example.com:5000", "a/b", "1", None),
        (f"r.example.com:5000/a/b@{DIGEST}", "r.example.com:5000", "a/b", None, DIGEST),
    ],
)
def test_a_reference_is_taken_apart(
    image: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    found = parse_image(image)
    assert found is not None
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)


def test_a_private_ecr_image_names_its_account_and_region() -> None:
    found = parse_image("123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/openclaw:2026.9.6")
    assert found is not None
    assert found.ecr == ("123456789012", "eu-west-1")


def test_a_commands_words_are_taken_over_or_refused() -> None:
    profile = assumed_profile("ghcr.io/openclaw/openclaw:2026.9.6")
    start = ["node", "openclaw.mjs", "gateway"]
    assert profile.split_command([*start, "--verbose"]) == (("--verbose",), ())
    assert profile.split_command([*start, "--bind", "lan"]) == ((), ("--bind", "lan"))
    assert profile.split_command([*start, "--ws-log=full"]) == (("--ws-log=full",), ())
    assert profile.split_command([*start, "--ws-log"]) == ((), ("--ws-log",))
    assert profile.split_command(["sh", "-c", "x"]) == ((), ("sh", "-c", "x"))
    assert profile.split_command(None) == ((), ())
