"""Plays the scenes, one after the other, and says how each went."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from botocore.exceptions import ClientError

from molthub.cli.demo.scenes import SCENES, NotProvenError, Play, Scene
from molthub.cli.demo.stage import Stage, build_stage
from molthub.cli.demo.witness import Witness
from molthub.errors import MolthubError

FORMAT = "molthub.dev/demo/v1"
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Played:
    """How one scene went. why: what was missing, "" when it was proven."""

    name: str
    ok: bool
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """keep: leave the stage standing until Ctrl-C. patience: seconds that one proof may take."""

    json_output: bool = False
    keep: bool = False
    patience: float = PATIENCE
    port: int = 0


def run_demo(
    options: DemoOptions,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
    before_proof: Callable[[str, Play], None] = lambda _scene, _play: None,
    scenes: Sequence[Scene] = SCENES,
) -> bool:
    """Play all scenes; True when every one was proven. After one that was not, the rest is not played.

    before_proof: called between a scene's act and its proof; tests sabotage there.
    """
    out, err = out or sys.stdout, err or sys.stderr

    def say(text: str) -> None:
        print(text, file=err, flush=True)

    say("Building the stage: an AWS of our own on a loopback port, a bare Git repository, a person's clone of it.")
    stage = build_stage(port=options.port)
    try:
        with _narration(stage, err, say) as tell:
            played = _play_all(
                scenes, Play(stage, Witness(stage.simulator.endpoint_url), tell, options.patience, before_proof)
            )
        _report(played, options, out, say)
        if options.keep:
            _keep(stage, say)
        return all(item.ok for item in played)
    finally:
        stage.strike()


@contextmanager
def _narration(stage: Stage, err: TextIO, plain: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """On a terminal the narration has a live table below it; elsewhere it is plain lines."""
    if not err.isatty() or os.environ.get("TERM") == "dumb":
        yield plain
        return
    from rich.console import Console

    from molthub.cli.demo.live import live_table

    with live_table(stage, Console(file=err, highlight=False)) as tell:
        yield tell


def _play_all(scenes: Sequence[Scene], play: Play) -> list[Played]:
    played: list[Played] = []
    for number, scene in enumerate(scenes, start=1):
        if played and not played[-1].ok:
            played.append(Played(scene.name, ok=False, seconds=0.0, why="not played: the scene before it failed"))
            continue
        play.tell(f"\n{number}. {scene.title}")
        played.append(play_scene(scene, play))
        if not played[-1].ok:
            play.say(f"NOT PROVEN: {played[-1].why}")
            play.say(f"The controller's last lines:\n{_tail(play.stage)}")
    return played


def play_scene(scene: Scene, play: Play) -> Played:
    """Act, and ask for the proof; a scene whose requests AWS would refuse is not proven either."""
    begun = play.stage.monotonic()

    def seconds() -> float:
        return round(play.stage.monotonic() - begun, 2)

    try:
        proof = scene.act(play)
        play.before_proof(scene.name, play)
        proof()
    except (NotProvenError, MolthubError, ClientError) as error:
        return Played(scene.name, ok=False, seconds=seconds(), why=str(error))
    violations = play.stage.simulator.control.violations()
    if violations:
        return Played(scene.name, ok=False, seconds=seconds(), why=f"AWS would refuse: {violations[0]}")
    return Played(scene.name, ok=True, seconds=seconds())


def _tail(stage: Stage, lines: int = 12) -> str:
    text = stage.log.read_text(errors="replace") if stage.log.exists() else ""
    return "\n".join(f"      {line}" for line in text.splitlines()[-lines:])


def _report(played: list[Played], options: DemoOptions, out: TextIO, say: Callable[[str], None]) -> None:
    say("")
    for number, item in enumerate(played, start=1):
        say(f"{'ok    ' if item.ok else 'FAILED'} {number}. {item.name} ({item.seconds:.1f} s){_because(item)}")
    if options.json_output:
        print(json.dumps(as_json(played), indent=2), file=out, flush=True)


def _because(item: Played) -> str:
    return f": {item.why}" if item.why else ""


def as_json(played: list[Played]) -> dict[str, Any]:
    """The documented shape."""
    scenes = []
    for item in played:
        scene: dict[str, Any] = {"name": item.name, "ok": item.ok, "seconds": item.seconds}
        scenes.append(scene | ({"why": item.why} if item.why else {}))
    return {"format": FORMAT, "scenes": scenes}


def _keep(stage: Stage, say: Callable[[str], None]) -> None:
    """Leave everything running, and say what to type in another terminal."""
    names = sorted(
        name for name in stage.environment if name.startswith(("AWS_", "MOLTHUB_")) and name != "MOLTHUB_LOG_FORMAT"
    )
    try:  # Ctrl-C counts from the first line on that names it
        say("\nThe stage stays up until Ctrl-C. In another terminal:\n")
        for name in names:
            say(f"   export {name}={stage.environment[name]}")
        say(f"   cd {stage.clone}")
        say("   molthub status")
        say("   molthub plan")
        say("   molthub events")
        say(f"   # edit a manifest, commit, and push: git push {stage.origin} main")
        while True:
            stage.pause(1.0)
    except KeyboardInterrupt:
        say("Striking the stage.")
