"""The profiles of OpenClaw images, a range of versions each. The newest range comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from molthub.desired.profiles.configuration import PORT, base_config
from molthub.desired.profiles.types import RuntimeProfile
from molthub.manifest.models import InstanceSpec
from molthub.resources.types import Pairs

CONFIG_PATH = "/etc/openclaw/openclaw.json"
STATE_DIR = "/home/node/.openclaw"
KEYS_DIR = "/home/node/.config/openclaw"
CACHE_DIR = "/home/node/.cache"
"""Copies of its databases go here while it reads them: too big for a tmpfs, and its root is read-only."""

ALLOWED_OPTIONS = {"--verbose": False, "--compact": False, "--cli-backend-logs": False, "--ws-log": True}
"""What a manifest may add to the gateway's command: how much it logs. Every other option changes who may reach it,
with which credential, or where it keeps its state (`gateway --help` of 2026.9.6)."""

HEALTH = (
    f"fetch('http://127.0.0.1:{PORT}/healthz',{{signal:AbortSignal.timeout(8000)}})"
    ".then(async r=>{const b=await r.json();process.exit(r.ok&&b.ok===true?0:1)}).catch(()=>process.exit(1))"
)
"""Unknown paths answer 200 too, so the body is asserted."""

NATIVE_SECRETS = {
    "slack.botToken": "SLACK_BOT_TOKEN",
    "slack.appToken": "SLACK_APP_TOKEN",
    "slack.signingSecret": "SLACK_SIGNING_SECRET",
    "telegram.botToken": "TELEGRAM_BOT_TOKEN",
    "provider:anthropic": "ANTHROPIC_API_KEY",
    "provider:openai": "OPENAI_API_KEY",
    "provider:google": "GEMINI_API_KEY",
    "provider:openrouter": "OPENROUTER_API_KEY",
}


def config_2026_09(spec: InstanceSpec, display_name: str) -> dict[str, Any]:
    """`gateway.terminal` and `telemetry` exist; the workshop has modes; redaction is always on."""
    config = base_config(spec, display_name)
    config["gateway"]["terminal"] = {"enabled": False}
    config["telemetry"] = {"enabled": False}
    config["skills"]["workshop"]["autonomous"] = {"mode": "off"}
    return config


def config_2026_06(spec: InstanceSpec, display_name: str) -> dict[str, Any]:
    """No host terminal and no telemetry yet; the workshop is a switch; redaction can be chosen."""
    config = base_config(spec, display_name)
    config["skills"]["workshop"]["autonomous"] = {"enabled": False}
    config["logging"]["redactSensitive"] = "tools"
    config["discovery"]["wideArea"] = {"enabled": False}
    return config


def _environment(read_only: str) -> Pairs:
    return (
        ("HOME", "/home/node"),
        ("NODE_ENV", "production"),
        ("NPM_CONFIG_OFFLINE", "true"),  # a plugin the image lacks is an error to see, not a download to make
        ("OPENCLAW_CONFIG_PATH", CONFIG_PATH),
        (read_only, "1"),
        ("OPENCLAW_STATE_DIR", STATE_DIR),
    )


OPENCLAW_2026_09 = RuntimeProfile(
    name="openclaw-2026.9",
    since=(2026, 8, 0),
    channels=frozenset({"telegram", "webhook"}),
    plugins=frozenset(),
    gateway_token="OPENCLAW_GATEWAY_TOKEN",  # noqa: S106 - the name of a variable
    environment=_environment("OPENCLAW_CONFIG_READONLY"),
    start=("node", "openclaw.mjs", "gateway"),
    options=("--bind", "loopback", "--port", str(PORT)),
    allowed_options=ALLOWED_OPTIONS,
    validate=("node", "openclaw.mjs", "config", "validate", "--json"),
    health=HEALTH,
    ready_path="/startupz",
    app="/app",
    config_path=CONFIG_PATH,
    state_dir=STATE_DIR,
    keys_dir=KEYS_DIR,
    cache_dir=CACHE_DIR,
    native_secrets=NATIVE_SECRETS,
    config=config_2026_09,
)

OPENCLAW_2026_06 = replace(
    OPENCLAW_2026_09,
    name="openclaw-2026.6",
    since=(2026, 6, 0),
    environment=_environment("OPENCLAW_NIX_MODE"),
    ready_path="/healthz",  # no /startupz yet, and /readyz fails with any one channel
    config=config_2026_06,
)

PROFILES = (OPENCLAW_2026_09, OPENCLAW_2026_06)
