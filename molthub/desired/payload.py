"""What the init container is told: the config, and which files and folders to make of it.

The config travels as plain text. Compressed it would be smaller, but what gzip makes of the same text differs from
one version of zlib to the next: a laptop and a controller would each see the other's work as drift, and redeploy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from molthub.desired.profiles.types import RuntimeProfile

UID = 1000
"""The image's own user, `node`."""

INIT_VARIABLE = "MOLTHUB_INIT"


@cache
def init_program(*, persistent: bool = False) -> str:
    """The JavaScript of the init step, without its comments (they would only take room in the task definition)."""
    names = ("restored.js", "init.js") if persistent else ("init.js",)
    text = "\n".join(files("molthub.desired").joinpath(name).read_text(encoding="utf-8") for name in names)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def config_text(config: dict[str, Any]) -> str:
    """The config file as the Moltbot reads it: canonical JSON with a line end."""
    return json.dumps(config, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def init_payload(
    profile: RuntimeProfile,
    config: dict[str, Any],
    secret_names: Iterable[str],
    *,
    restored: Mapping[str, Any] | None = None,
) -> str:
    """The init variable's value. secret_names: variables the config may name, given dummy values for the check.

    restored: `root` and `dirs` of the file system where the state is on one.
    """
    payload = {
        "config": config_text(config),
        "dirs": [profile.cache_dir, profile.keys_dir, profile.state_dir],
        "dummies": sorted(secret_names),
        "uid": UID,
        "validate": list(profile.validate),
    } | ({"restored": dict(restored)} if restored else {})
    return json.dumps(payload, sort_keys=True, separators=(",", ":"))


def config_of_payload(payload: str) -> str:
    """The config file's text inside an init variable: what `render` shows people."""
    text: str = json.loads(payload)["config"]
    return text
