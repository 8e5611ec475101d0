"""manifests-example/ is what people copy: valid without a warning, and pointing editors at a schema that is there."""

from __future__ import annotations

from pathlib import Path

from molthub.manifest.loader import load_files

EXAMPLE = Path(__file__).parents[3] / "manifests-example"
FILES = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in EXAMPLE.rglob("*.yaml")}


def test_the_example_is_valid_without_a_warning() -> None:
    loaded = load_files(FILES)
    assert loaded.diagnostics == ()
    assert sorted(str(identity) for identity in loaded.instances) == [
        "acme/dev/support-bot",
        "acme/prod/release-bot",
        "acme/prod/support-bot",
        "globex/dev/concierge",
        "globex/prod/travel-bot",
    ]


def test_it_shows_every_channel() -> None:
    channels = [item.model.spec.channels for item in load_files(FILES).instances.values()]
    assert any(item.slack for item in channels)
    assert any(item.telegram for item in channels)
    assert any(item.webhook for item in channels)


def test_every_file_points_editors_at_a_schema_that_is_there() -> None:
    for path, content in FILES.items():
        first = content.decode().splitlines()[0]
        prefix = "# yaml-language-server: $schema="
        assert first.startswith(prefix), path
        assert (EXAMPLE / path).parent.joinpath(first.removeprefix(prefix)).resolve().is_file(), path


def test_no_two_instances_share_a_channel_secret() -> None:
    keys = [
        entry.key
        for item in load_files(FILES).instances.values()
        for entry in item.model.spec.secrets
        if "/model#" not in entry.key
    ]
    assert len(keys) == len(set(keys))
