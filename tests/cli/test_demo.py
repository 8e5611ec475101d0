"""The demo proves its scenes: each is sabotaged in turn, and must then say so and exit 1."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from molthub.cli.demo.run import DemoOptions, run_demo
from molthub.cli.demo.scenes import CONCIERGE, CONCIERGE_FILE, SCENES, SUPPORT, Play

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


def test_every_scene_has_a_sabotage() -> None:
    assert list(SABOTAGE) == NAMES


@pytest.mark.parametrize("sabotaged", NAMES)
def test_a_sabotaged_scene_is_not_ok_and_the_demo_fails(sabotaged: str) -> None:
    """Played: the deployment that every scene stands on, the sabotaged scene, and one after it."""
    played = [scene for scene in SCENES if scene.name in ("deploy", sabotaged)]
    after = [scene for scene in SCENES if scene not in played][-1:]

    def interfere(scene: str, play: Play) -> None:
        if scene == sabotaged:
            SABOTAGE[sabotaged](play)
            play.patience = SHORT

    out, err = io.StringIO(), io.StringIO()
    scenes = (*played, *after)
    ok = run_demo(DemoOptions(json_output=True), out=out, err=err, before_proof=interfere, scenes=scenes)
    assert ok is False
    found = [scene["ok"] for scene in json.loads(out.getvalue())["scenes"]]
    assert found == [scene.name != sabotaged for scene in played] + [False], err.getvalue()


def test_the_command_plays_six_scenes_prints_them_as_json_and_exits_0() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOLTHUB_"))}
    done = subprocess.run(
        [sys.executable, "-m", "molthub", "demo", "-o", "json"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    scenes = json.loads(done.stdout)["scenes"]
    assert [(scene["name"], scene["ok"]) for scene in scenes] == [(name, True) for name in NAMES]
    assert all(scene["seconds"] > 0 for scene in scenes)
    assert "Traceback" not in done.stderr
