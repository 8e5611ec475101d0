"""Runs the programs that check signatures, with nothing of our environment."""

from __future__ import annotations

import subprocess

TIMEOUT = 30.0
"""Seconds for one signature: `ssh-keygen` takes 5 ms."""


def run_sealed(command: list[str], stdin: bytes) -> subprocess.CompletedProcess[bytes] | None:
    """Run a program with nothing of our environment; None when it could not be run to its end."""
    try:
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
