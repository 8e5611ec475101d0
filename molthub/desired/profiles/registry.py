"""Chooses the runtime profile of an image, and says why there is none.

Which plugins an image holds cannot be read from outside, so it is a convention (docs/moltbot-images.md): the official
image holds what upstream builds into it; an image of your own names its additions in its repository
(`registry.example.com/acme/openclaw-slack:2026.9.6`, as upstream's own example does) or in its tag (`:2026.9.6-slack`).
"""

from __future__ import annotations

import dataclasses

from molthub.desired.profiles.images import ImageReference, parse_image
from molthub.desired.profiles.openclaw import PROFILES
from molthub.desired.profiles.types import RuntimeProfile

OFFICIAL = "ghcr.io/openclaw/openclaw"
OFFICIAL_PLUGINS = frozenset({"codex", "diagnostics-otel"})
"""`OPENCLAW_EXTENSIONS` of upstream's release build (its full-release-validation page, 2026.9.6): no Slack."""

FORMER = frozenset({"ghcr.io/moltbot/moltbot", "ghcr.io/clawdbot/clawdbot"})
CHANNEL_PLUGINS = frozenset({"slack"})
PLUGIN_WORDS = {"slack": "slack", "otel": "diagnostics-otel", "bedrock": "amazon-bedrock", "codex": "codex"}
"""The words of the naming convention → plugin ids."""

OLDEST = ".".join(str(part) for part in PROFILES[-1].since[:2])


def profile_for(image: str) -> RuntimeProfile | None:
    """The profile of an image, or None when its version is not understood (`why_unknown` says why)."""
    reference = parse_image(image)
    if reference is None or why_unknown(image):
        return None
    base = next(profile for profile in PROFILES if profile.since <= (reference.version or (0, 0, 0)))
    plugins = plugins_of(reference)
    return dataclasses.replace(base, plugins=plugins, channels=base.channels | (plugins & CHANNEL_PLUGINS))


def assumed_profile(image: str) -> RuntimeProfile:
    """The image's profile, or the newest one: what a manifest renders to before a guardrail has judged its image."""
    return profile_for(image) or PROFILES[0]


def plugins_of(reference: ImageReference) -> frozenset[str]:
    """The plugins an image holds, by the convention above."""
    if reference.name == OFFICIAL:
        return OFFICIAL_PLUGINS
    return frozenset(PLUGIN_WORDS[part] for part in reference.named_parts if part in PLUGIN_WORDS)


def why_unknown(image: str) -> str:
    """Why an image has no profile, one clause without a full stop; "" when it has one."""
    reference = parse_image(image)
    if reference is None:
        return "it is not an image reference"
    if reference.name in FORMER:
        return f"{reference.name} is a former name of the project and its versions have no HTTP health endpoint"
    if reference.version is None:
        return "its tag does not begin with a version such as 2026.9.6"
    if reference.version < PROFILES[-1].since:
        return f"versions before {OLDEST} are not supported"
    return ""
