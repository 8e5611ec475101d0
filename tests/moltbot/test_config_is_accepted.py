"""The Moltbot's own `config validate` and `security audit`, on examples, samples and generated manifests."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from molthub.desired.profiles import registry
from molthub.desired.profiles.images import parse_image
from molthub.desired.profiles.openclaw import PROFILES
from molthub.desired.profiles.types import ConfigBuilder, RuntimeProfile
from molthub.desired.render import Rendered, RenderFacts, render
from molthub.manifest.loader import load_files
from tests.builders import loaded_environment, loaded_instance
from tests.fakes.desired import FLEET, SAMPLES, config_of, containers_of, generated_spec, rendered
from tests.moltbot.install import MOLTBOT_VERSIONS, Installed
from tests.moltbot.judge import Answer, ask

pytestmark = pytest.mark.moltbot

IMAGES = {version: f"registry.example.com/acme/openclaw-slack:{version}" for version in MOLTBOT_VERSIONS}
EXAMPLE = Path(__file__).parents[2] / "manifests-example"
GENERATED = 26
"""For each version, so more than fifty in all."""

ALLOWED_FINDINGS: dict[str, str] = {}
"""Warnings of `security audit` that no manifest could avoid → why. There are none."""

PROCESSES = 2

Case = tuple[str, str, Rendered]
"""(name, version, what it renders to)"""
Judge = Callable[..., list[Answer]]


@pytest.fixture
def judge(installed: Installed, app_of: Callable[..., Path], tmp_path: Path) -> Judge:
    """(cases, *command) → the answers in order, two processes at a time. The image holds Slack, as its name says."""
    apps = {version: app_of(version, "slack") for version in MOLTBOT_VERSIONS}

    def one(case: Case, command: tuple[str, ...]) -> Answer:
        _, version, result = case
        warm = tmp_path / f"{version}-{threading.get_ident()}"  # a folder again and again keeps its caches
        return ask(apps[version], installed.node, result, warm, command)

    def all_of(cases: Sequence[Case], *command: str) -> list[Answer]:
        with ThreadPoolExecutor(max_workers=PROCESSES) as pool:
            return list(pool.map(lambda case: one(case, command), cases))

    return all_of


def sample_cases() -> list[Case]:
    """Each sample with the version its image names."""
    cases = []
    for sample in SAMPLES:
        result = rendered(sample)
        image = dict(containers_of(result)[1].labels)["molthub.image"]
        cases.append((sample, version_of(image), result))
    return cases


def version_of(image: str) -> str:
    reference = parse_image(image)
    assert reference is not None
    assert reference.version is not None
    return ".".join(str(part) for part in reference.version)


def distinct(cases: Sequence[Case]) -> list[Case]:
    """One case for each version and config: an audit takes ten seconds, and paused or not is one config to it."""
    by_config = {(case[1], json.dumps(comparable(case[2]))): case for case in cases}
    return list(by_config.values())


def comparable(result: Rendered) -> dict[str, Any]:
    """The config without what names the model or the instance."""
    config = config_of(result)
    config["agents"]["defaults"].pop("model", None)
    return config


def generated_cases() -> list[Case]:
    random = Random(20260906)
    environment = loaded_environment()
    return [
        (
            f"generated {number} on {version}",
            version,
            render(
                loaded_instance(spec=generated_spec(random, image)), environment, fleet=FLEET, facts=RenderFacts({})
            ),
        )
        for version, image in IMAGES.items()
        for number in range(GENERATED)
    ]


def example_cases() -> list[Case]:
    """Each instance of manifests-example, by the version its image names."""
    files = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in sorted(EXAMPLE.rglob("*.yaml"))}
    documents = load_files(files)
    assert documents.fleet is not None
    fleet = documents.fleet.model.metadata.name
    cases = []
    for identity, instance in documents.instances.items():
        version = version_of(instance.model.spec.runtime.image)
        result = render(instance, documents.environments[identity.key], fleet=fleet, facts=RenderFacts({}))
        cases.append((f"example {identity} on {version}", version, result))
    return cases


def refused(cases: Sequence[Case], answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        case[0]: answer.data.get("issues", answer.said[-600:])
        for case, answer in zip(cases, answers, strict=True)
        if answer.code != 0 or answer.data.get("valid") is not True
    }


def test_the_examples_are_accepted(judge: Judge) -> None:
    cases = example_cases()
    assert len(cases) >= 3
    assert refused(cases, judge(cases, "config", "validate")) == {}


def test_samples_and_generated_manifests_are_accepted(judge: Judge) -> None:
    cases = [*sample_cases(), *generated_cases()]
    assert len(cases) >= 2 * GENERATED >= 50
    assert refused(cases, judge(cases, "config", "validate")) == {}


def test_the_security_audit_finds_nothing_a_manifest_could_avoid(judge: Judge) -> None:
    cases = distinct([*example_cases(), *sample_cases()])
    answers = judge(cases, "security", "audit")
    serious = {
        (case[0], finding["checkId"], finding["severity"], finding["detail"])
        for case, answer in zip(cases, answers, strict=True)
        for finding in answer.data["findings"]
        if finding["severity"] != "info" and finding["checkId"] not in ALLOWED_FINDINGS
    }
    assert serious == set()


def with_wrong_key(builder: ConfigBuilder, place: str) -> ConfigBuilder:
    """The same config with one key too many at a dotted place."""

    def build(spec: Any, name: str) -> dict[str, Any]:
        config = builder(spec, name)
        target = config
        for part in place.split(".") if place else ():
            target = target[part]
        target["molthubWrongKey"] = True
        return config

    return build


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("place", ["", "channels.telegram", "skills.workshop.autonomous"])
def test_a_wrong_key_is_refused(
    profile: RuntimeProfile, place: str, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge can say no: the same renderer with one key too many."""
    wrong = dataclasses.replace(profile, config=with_wrong_key(profile.config, place))
    monkeypatch.setattr(registry, "PROFILES", (wrong,))
    version = next(item for item in MOLTBOT_VERSIONS if item.startswith(profile.name.removeprefix("openclaw-")))
    (answer,) = judge([("wrong key", version, rendered(runtime={"image": IMAGES[version]}))], "config", "validate")
    assert answer.code == 1
    assert answer.data["valid"] is False
    # 2026.6.11 names only the object, and the config as a whole `<root>`.
    assert any(
        issue["path"] == (place or "<root>") or "molthubWrongKey" in issue["message"] for issue in answer.data["issues"]
    ), answer.said
