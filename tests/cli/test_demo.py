"""The demo proves its scenes: each is sabotaged in turn, and must then say so and exit 1."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from molthub.cli.demo.run import PATIENCE, DemoOptions, play_scene, run_demo
from molthub.cli.demo.scenes import BAD, CONCIERGE, CONCIERGE_FILE, NEW, SCENES, SUPPORT, Play, Scene
from molthub.cli.demo.stage import build_stage
from molthub.cli.demo.witness import Witness

NAMES = [scene.name for scene in SCENES]
SHORT = 6.0
"""Seconds that a sabotaged proof is waited for; an honest one comes in less."""


def stop_controller(play: Play) -> None:
    play.stage.stop_controller()


def keep_stopping(play: Play) -> None:
    """Drift that nobody puts right: the controller is dead when the hand comes."""
    stop_controller(play)
    service = play.must(SUPPORT).service["serviceName"]
    play.witness.ecs.update_service(cluster=SUPPORT[0], service=service, desiredCount=0)


def let_the_bad_build_run(play: Play) -> None:
    """An image that is called bad and is not: it would never roll back."""
    play.stage.simulator.control.add_image_rule("*-crash*", "ok")
    play.wait_for("the build was rolled out", lambda: BAD in play.witness.definitions_text())


def put_the_secret_on_aws(play: Play) -> None:
    """What the refusal is about: somebody registers the very definition, token and all."""
    token = play.stage.manifest(CONCIERGE_FILE)["spec"]["runtime"]["env"]["HELPER"]
    definition = play.witness.ecs.describe_task_definition(taskDefinition=play.must(CONCIERGE).definition)
    container = definition["taskDefinition"]["containerDefinitions"][0]
    play.witness.ecs.register_task_definition(
        family="leak",
        containerDefinitions=[
            {"name": "x", "image": container["image"], "environment": [{"name": "HELPER", "value": token}]}
        ],
    )


SABOTAGE: dict[str, Callable[[Play], None]] = {
    "deploy": stop_controller,
    "roll-forward": stop_controller,
    "drift": keep_stopping,
    "roll-back": let_the_bad_build_run,
    "refuse-secret": put_the_secret_on_aws,
    "prune": stop_controller,
}


REASONS = {
    "roll-forward": f"not seen within {SHORT:g} s: the concierge runs {NEW}",
    "drift": f"not seen within {SHORT:g} s: port 22 is closed again",
    "roll-back": f"not seen within {SHORT:g} s: the concierge runs the good build again",
    "refuse-secret": "the token reached AWS",
    "prune": f"not seen within {SHORT:g} s: nothing is left of the trial bot",
}
"""What each says when it is sabotaged: the sabotage is the reason, and nothing else."""


def test_every_scene_has_a_sabotage() -> None:
    assert list(SABOTAGE) == NAMES
    assert list(REASONS) == NAMES[1:]


def test_a_sabotaged_scene_fails_the_demo_and_the_rest_is_not_played() -> None:
    def interfere(_scene: str, play: Play) -> None:
        SABOTAGE["deploy"](play)
        play.patience = SHORT

    out, err = io.StringIO(), io.StringIO()
    ok = run_demo(DemoOptions(json_output=True), out=out, err=err, before_proof=interfere, scenes=SCENES[:2])
    assert ok is False
    first, second = json.loads(out.getvalue())["scenes"]
    assert (first["ok"], second["ok"]) == (False, False), err.getvalue()
    assert first["why"].startswith(f"not seen within {SHORT:g} s: ")
    assert second["why"] == "not played: the scene before it failed"


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A stage on which the deployment, that every other scene stands on, has been played and proven."""
    stage = build_stage()
    try:
        lines: list[str] = []
        made = Play(stage, Witness(stage.simulator.endpoint_url), lines.append, PATIENCE)
        played = play_scene(SCENES[0], made)
        assert played.ok, (played, lines)
        yield made
    finally:
        stage.strike()


@pytest.mark.parametrize("scene", SCENES[1:], ids=NAMES[1:])
def test_a_sabotaged_scene_is_not_ok(play: Play, scene: Scene) -> None:
    """Each on what the ones before it left; a controller follows again when a scene begins."""
    if play.stage.controller is None:
        play.stage.start_controller()

    def interfere(_scene: str, now: Play) -> None:
        SABOTAGE[scene.name](now)
        if REASONS[scene.name].startswith("not seen"):
            now.patience = SHORT

    played = play_scene(scene, replace(play, before_proof=interfere))
    assert not played.ok
    assert played.why == REASONS[scene.name]


def test_the_command_plays_six_scenes_prints_them_as_json_stays_until_ctrl_c_and_exits_0() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOLTHUB_"))}
    command = [sys.executable, "-m", "molthub", "demo", "-o", "json", "--keep"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if "edit a manifest, commit, and push" in line:
                process.send_signal(signal.SIGINT)
                break
        out, rest = process.communicate(timeout=60)
    said = "".join(told) + rest
    assert process.returncode == 0, said
    assert "The stage stays up until Ctrl-C." in said
    scenes = json.loads(out)["scenes"]
    assert [(scene["name"], scene["ok"]) for scene in scenes] == [(name, True) for name in NAMES]
    assert all(scene["seconds"] > 0 for scene in scenes)
    assert "Traceback" not in said
