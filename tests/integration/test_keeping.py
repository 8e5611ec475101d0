"""`molthub backup` and `molthub restore`, as processes, on one simulator and one stage."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.builders import instance_dict
from tests.fakes.foundation import found
from tests.fakes.stage import HASTE, Stage, furnished


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A fleet of one Moltbot that keeps its state and one that does not; nothing is made yet."""
    with furnished(tmp_path_factory.mktemp("stage"), speed=HASTE) as made:
        made.commit(instance_dict(spec={"state": {"persistent": True}}), instance_dict(metadata={"name": "other-bot"}))
        yield made


@pytest.fixture(scope="module")
def stage(bare: Stage) -> Stage:
    found(bare)
    bare.session().apply()
    for item, value in (("user.name", "Ana Example"), ("user.email", "ana@example.com")):
        subprocess.run(["git", "-C", str(bare.repo), "config", item, value], check=True)
    return bare


def test_without_a_foundation_it_says_what_makes_one(bare: Stage) -> None:
    ended = bare.molthub("restore", "support-bot", "--list")
    assert ended.returncode != 0
    assert "MH-BACK-001" in ended.stderr


def test_there_is_nothing_to_restore_yet(stage: Stage) -> None:
    listed = stage.molthub("restore", "support-bot", "--list")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "has no backup" in listed.stderr
    assert "MH-BACK-009" in stage.molthub("restore", "support-bot", "--auto-approve").stderr
    assert "MH-BACK-014" in stage.molthub("backup", "other-bot").stderr


def test_backed_up_listed_restored_and_confirmed(stage: Stage) -> None:
    made = stage.molthub("backup", "support-bot", "-o", "json")
    assert made.returncode == 0, made.stderr
    point = json.loads(made.stdout)["recoveryPoint"]
    listed = json.loads(stage.molthub("restore", "support-bot", "--list", "-o", "json").stdout)
    assert [item["recoveryPoint"] for item in listed["points"]] == [point]
    asked = stage.molthub("restore", "support-bot", "--from", point)
    assert "MH-CLI-004" in asked.stderr
    restored = stage.molthub("restore", "support-bot", "--from", point, "--auto-approve")
    assert restored.returncode == 0, restored.stderr
    assert f"made of {point} took its place" in restored.stdout
    assert len(stage.client("efs").describe_file_systems()["FileSystems"]) == 2
    confirmed = stage.molthub("restore", "support-bot", "--confirm", "--auto-approve")
    assert confirmed.returncode == 0, confirmed.stderr
    assert len(stage.client("efs").describe_file_systems()["FileSystems"]) == 1
