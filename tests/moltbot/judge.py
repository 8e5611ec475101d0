"""Asks the real Moltbot, by its own command line, what it thinks of a rendered config."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molthub.desired.payload import INIT_VARIABLE, config_of_payload
from molthub.desired.render import Rendered
from tests.fakes.desired import containers_of


def dummy(name: str) -> str:
    """A value for a secret's variable: long, and unlike any other's, for the audit looks at both."""
    return f"a-dummy-for-{name.lower()}-that-is-long-enough-to-look-random"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of its command line: exit code, the JSON it printed, everything else it said."""

    code: int
    data: dict[str, Any]
    said: str


def ask(app: Path, node: Path, rendered: Rendered, folder: Path, command: Sequence[str]) -> Answer:
    """Run `openclaw COMMAND` on the config with the rendered modes, in a folder of its own, as whoever we are."""
    init, gateway = containers_of(rendered)
    state, config = folder / "state", folder / "openclaw.json"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.write_text(config_of_payload(dict(init.environment)[INIT_VARIABLE]), encoding="utf-8")
    config.chmod(0o600)
    places = {"HOME": str(folder), "OPENCLAW_STATE_DIR": str(state), "OPENCLAW_CONFIG_PATH": str(config)}
    secrets = {name: dummy(name) for name, _ in gateway.secrets}
    env = {**dict(gateway.environment), **secrets, **places, "PATH": f"{node.parent}:/usr/bin:/bin"}
    done = subprocess.run(
        [str(node), "openclaw.mjs", *command, "--json"],
        cwd=app, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Answer(code=done.returncode, data=_json_of(done.stdout), said=done.stdout + done.stderr)


def _json_of(text: str) -> dict[str, Any]:
    """The first JSON object of an output that may hold log lines too."""
    start = text.find("{")
    try:
        found: dict[str, Any] = json.JSONDecoder().raw_decode(text[start:])[0] if start >= 0 else {}
    except ValueError:
        return {}
    return found
