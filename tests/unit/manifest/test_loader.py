"""A tree of files: whose they are, what they say to each other, and who is stopped by whom."""

from __future__ import annotations

import pytest

from molthub.errors import Location, Severity
from molthub.manifest.documents import FleetDocuments, InvalidFile
from molthub.manifest.loader import ReadCache, load_files, load_loose
from molthub.resources.identity import EnvironmentKey, Identity
from tests.builders import REMOVED, documents, environment_dict, fleet_dict, instance_dict, to_yaml, tree

HEAD = b"apiVersion: molthub/v1\nkind: MoltbotInstance\n"


def texts(loaded: FleetDocuments) -> list[str]:
    return [str(item) for item in loaded.diagnostics]


def invalid_paths(loaded: FleetDocuments) -> list[str]:
    return [item.path for item in loaded.invalid]


def test_a_valid_tree_says_everything_and_complains_of_nothing() -> None:
    loaded = documents(instance_dict(), instance_dict(metadata={"name": "other", "environment": "dev"}))
    assert loaded.fleet is not None
    assert loaded.fleet.model.metadata.name == "acme-bots"
    assert list(loaded.environments) == [EnvironmentKey("acme", "dev"), EnvironmentKey("acme", "prod")]
    assert set(loaded.instances) == {
        Identity("acme-bots", "acme", "dev", "other"),
        Identity("acme-bots", "acme", "prod", "support-bot"),
    }
    assert loaded.diagnostics == ()
    assert loaded.cross_checked
    assert loaded.is_valid_for_deletion


def test_the_id_is_the_identity_and_the_name_is_what_people_say() -> None:
    loaded = documents(instance_dict(metadata={"id": "old", "name": "new"}))
    (identity,) = loaded.instances
    assert identity.id == "old"
    assert loaded.instances[identity].display_name == "acme/prod/new"


def test_locate_gives_values_keys_and_the_nearest_parent() -> None:
    (item,) = documents(instance_dict()).instances.values()
    path = "instances/acme/prod/support-bot.yaml"
    assert item.locate(("spec", "runtime", "image")) == Location(path, 9, 12)
    assert item.locate(("spec", "runtime")) == Location(path, 8, 3)
    assert item.locate(("spec", "secrets", 1, "key")) == Location(path, 18, 10)
    assert item.locate(("spec", "network", "inbound")) == Location(path, 7, 1)
    assert item.locate(("nothing",)) == Location(path, 1, 1)


# -- Whose files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"apiVersion: apps/v1\nkind: Deployment\n",
        b"apiVersion: argoproj.io/v1alpha1\nkind: Environment\nmetadata: {name: x}\n",
        b"on: push\njobs: {test: {run: molthub validate}}\n",
        b"- a\n- b\n",
        b"a: &x 1\nb: *x\n",
        b"Key: !Ref Other\n",
        b"a: b\n---\nc: d\n",
        b"kind: Fleet\n",
        "a: \u202eb\n".encode(),
        b"a: b\n" + b"#" * 300_000,
    ],
)
def test_other_yaml_is_left_alone(content: bytes) -> None:
    loaded = load_files({**tree(instance_dict()), "other/file.yml": content})
    assert loaded.diagnostics == ()
    assert loaded.is_valid_for_deletion


@pytest.mark.parametrize(
    "content",
    [
        b"a: [b\n",
        b"\xff\xfeA\x00",
        b"a: 'unclosed\n",
        b"",
        b"just text\n",
        b"apiVersion: molthub/v1\nkind: &k Fleet\n",
        b"- apiVersion: molthub/v1\n",
        b"apiVersion: Molthub/v1\n",
        b"apiVersion: molthb/v1\nkind: Fleet\n",
        b"apiVersion: v1\nkind: MoltbotInstance\n",
        b"kind: Environment\nmetadata: {name: x}\n",
        b"apiVersion: molthub/v1\n" + b"#" * 300_000,
    ],
)
def test_what_may_be_ours_is_invalid_and_not_absent(content: bytes) -> None:
    loaded = load_files({**tree(instance_dict()), "other/file.yml": content})
    assert invalid_paths(loaded) == ["other/file.yml"]
    assert len(loaded.instances) == 1
    assert not loaded.is_valid_for_deletion


def test_files_that_are_not_yaml_by_name_are_not_looked_at() -> None:
    loaded = load_files({**tree(instance_dict()), "notes.txt": b"\xff", "x.yaml.bak": b"kind: MoltbotInstance"})
    assert loaded.diagnostics == ()


# -- The fleet ----------------------------------------------------------------------------------------------


def test_without_a_fleet_nothing_has_an_identity() -> None:
    files = tree(instance_dict())
    del files["molthub.yaml"]
    loaded = load_files(files)
    assert loaded.fleet is None
    assert loaded.instances == {}
    assert not loaded.is_valid_for_deletion
    assert texts(loaded) == [
        (
            "molthub.yaml: error: MH-FLEET-001 there is no molthub.yaml at the root of the repository"
            " (Run `molthub init`, or add it)"
        )
    ]


def test_molthub_yaml_holds_the_fleet_and_nothing_else() -> None:
    loaded = load_files({**tree(instance_dict()), "molthub.yaml": to_yaml(environment_dict(metadata={"name": "dev"}))})
    assert loaded.fleet is None
    assert texts(loaded) == [
        (
            "molthub.yaml:2:7: error: MH-FLEET-001 molthub.yaml must hold the Fleet, and holds another kind"
            " (Move it, and write the Fleet here)"
        )
    ]


def test_molthub_yaml_is_ours_whatever_it_says() -> None:
    loaded = load_files({**tree(instance_dict()), "molthub.yaml": b"a: b\n"})
    assert {item.ref for item in loaded.diagnostics} == {"MH-MAN-013", "MH-MAN-014"}
    assert loaded.fleet is None
    assert invalid_paths(loaded) == ["molthub.yaml"]


def test_a_second_fleet_is_an_error_and_the_first_one_counts() -> None:
    loaded = load_files({**tree(instance_dict()), "old/molthub.yaml": to_yaml(fleet_dict(metadata={"name": "other"}))})
    assert loaded.fleet is not None
    assert len(loaded.instances) == 1
    assert texts(loaded) == [
        (
            "old/molthub.yaml:2:7: error: MH-FLEET-002 a Fleet outside molthub.yaml at the root of the repository"
            " (Remove the file; a repository holds one fleet)"
        )
    ]


# -- Environments -------------------------------------------------------------------------------------------


def test_an_environment_that_is_not_there_is_named_with_the_nearest() -> None:
    wrong = instance_dict(metadata={"name": "lost", "environment": "prd"})
    loaded = load_files({**tree(instance_dict()), "lost.yaml": to_yaml(wrong)})
    assert texts(loaded) == [
        "lost.yaml:6:16: error: MH-FLEET-003 there is no environment acme/prd (Did you mean acme/prod?)"
    ]
    assert loaded.invalid == (
        InvalidFile("lost.yaml", loaded.diagnostics, "MoltbotInstance", "acme", "prd", "lost", "lost"),
    )
    assert len(loaded.instances) == 1


def test_an_environment_written_twice_stops_its_instances_and_no_others() -> None:
    files = tree(instance_dict(), instance_dict(metadata={"name": "neighbour", "environment": "dev"}))
    loaded = load_files({**files, "environments/copy.yaml": to_yaml(environment_dict())})
    assert texts(loaded) == [
        (
            "environments/acme-prod.yaml:5:9: error: MH-FLEET-006 the environment acme/prod is also written in"
            " environments/copy.yaml:5:9 (Keep one of the files)"
        ),
        (
            "environments/copy.yaml:5:9: error: MH-FLEET-006 the environment acme/prod is also written in"
            " environments/acme-prod.yaml:5:9 (Keep one of the files)"
        ),
        (
            "instances/acme/prod/support-bot.yaml:6:16: error: MH-FLEET-008 its environment acme/prod cannot be used"
            " (Mend environments/acme-prod.yaml first)"
        ),
    ]
    assert [str(identity) for identity in loaded.instances] == ["acme/dev/neighbour"]
    assert list(loaded.environments) == [EnvironmentKey("acme", "dev")]


def test_an_invalid_environment_stops_its_instances() -> None:
    loaded = documents(instance_dict(), environment_dict(spec={"aws": {"region": "mars"}}))
    assert [item.ref for item in loaded.diagnostics] == ["MH-MAN-006", "MH-FLEET-008"]
    assert loaded.instances == {}


# -- Two of one ---------------------------------------------------------------------------------------------


def test_a_copied_instance_stops_both_copies_and_nobody_else() -> None:
    files = tree(instance_dict(), instance_dict(metadata={"name": "neighbour"}))
    loaded = load_files({**files, "copy.yaml": to_yaml(instance_dict())})
    original = "instances/acme/prod/support-bot.yaml"
    assert texts(loaded) == [
        (
            f"copy.yaml:4:9: error: MH-FLEET-004 the instance acme/prod/support-bot is also written in {original}:4:9"
            " (Remove one of the files, or give the copy a name and an id of its own)"
        ),
        (
            f"{original}:4:9: error: MH-FLEET-004 the instance acme/prod/support-bot is also written in copy.yaml:4:9"
            " (Remove one of the files, or give the copy a name and an id of its own)"
        ),
    ]
    assert invalid_paths(loaded) == ["copy.yaml", original]
    assert [str(identity) for identity in loaded.instances] == ["acme/prod/neighbour"]


def test_one_name_with_two_ids() -> None:
    files = tree(instance_dict(metadata={"id": "one"}))
    loaded = load_files({**files, "two.yaml": to_yaml(instance_dict(metadata={"id": "two"}))})
    assert [item.ref for item in loaded.diagnostics] == ["MH-FLEET-005", "MH-FLEET-005"]
    assert texts(loaded)[1] == (
        "two.yaml:4:9: error: MH-FLEET-005 the name acme/prod/support-bot is also taken by"
        " instances/acme/prod/support-bot.yaml:4:9 (Give one of them another name; its id may stay)"
    )
    assert loaded.instances == {}


def test_a_defaulted_id_that_a_renamed_instance_kept() -> None:
    renamed = instance_dict(metadata={"name": "helpdesk", "id": "support-bot"})
    loaded = documents(instance_dict(), renamed)
    fix = "(Give the newer one an id of its own; an id is for ever, so a renamed instance keeps the old one)"
    assert texts(loaded) == [
        (
            "instances/acme/prod/helpdesk.yaml:7:7: error: MH-FLEET-007 its id is also the id of"
            f" instances/acme/prod/support-bot.yaml:4:9 {fix}"
        ),
        (
            "instances/acme/prod/support-bot.yaml:4:9: error: MH-FLEET-007 its id, which defaults to its name, is also"
            f" the id of instances/acme/prod/helpdesk.yaml:4:9 {fix}"
        ),
    ]
    assert loaded.instances == {}


def test_one_name_in_two_environments_is_two_instances() -> None:
    loaded = documents(instance_dict(), instance_dict(metadata={"environment": "dev"}))
    assert len(loaded.instances) == 2
    assert loaded.diagnostics == ()


def test_an_invalid_copy_does_not_stop_the_valid_original() -> None:
    copy = instance_dict(spec={"runtime": {"cpu": "lots"}})
    loaded = load_files({**tree(instance_dict()), "copy.yaml": to_yaml(copy)})
    assert invalid_paths(loaded) == ["copy.yaml"]
    assert len(loaded.instances) == 1


# -- Warnings, salvage, loose files, cache ------------------------------------------------------------------


def test_a_bare_instance_is_valid_with_two_warnings() -> None:
    loaded = documents(instance_dict(spec={"model": REMOVED, "channels": REMOVED, "secrets": REMOVED}))
    assert [(item.ref, item.severity, item.subject) for item in loaded.diagnostics] == [
        ("MH-MAN-020", Severity.WARNING, "acme/prod/support-bot"),
        ("MH-MAN-021", Severity.WARNING, "acme/prod/support-bot"),
    ]
    assert len(loaded.instances) == 1


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (
            HEAD + b"metadata: {id: i, name: n, workspace: w, environment: e}\nx: *y",
            ("MoltbotInstance", "w", "e", "n", "i"),
        ),
        (
            HEAD + b"metadata: {id: 7, name: n, workspace: W, environment: e}\n",
            ("MoltbotInstance", None, "e", "n", None),
        ),
        (
            b"apiVersion: molthub/v1\nkind: Environment\nmetadata: {name: e, workspace: w}\n",
            ("Environment", "w", "e", "e", "e"),
        ),
        (
            HEAD + b"metadata:\n  name: n\n  workspace: *w\n  environment: e\n",
            ("MoltbotInstance", None, None, None, None),
        ),
        (b"apiVersion: molthub/v1\nkind: [1]\nmetadata: text\n", (None, None, None, None, None)),
        (b"\xff", (None, None, None, None, None)),
    ],
    ids=["whole", "malformed", "environment", "unfinished", "shapeless", "unreadable"],
)
def test_what_can_be_salvaged_of_an_invalid_file(content: bytes, parts: tuple[str | None, ...]) -> None:
    (item,) = load_files({**tree(instance_dict()), "broken.yaml": content}).invalid
    assert (item.kind, item.workspace, item.environment, item.name, item.id) == parts


def test_loose_files_are_judged_each_by_itself() -> None:
    content = to_yaml(instance_dict())
    loaded = load_loose({"a.yaml": content, "b.yaml": content, "c.txt": b"kind: x\n"})
    assert not loaded.cross_checked
    assert [item.path for item in loaded.instances.values()] == ["a.yaml", "b.yaml"]
    assert invalid_paths(loaded) == ["c.txt"]


def test_loose_files_found_in_a_folder_may_be_anybodys() -> None:
    loaded = load_loose({"dir/k8s.yaml": b"kind: Deployment\n", "dir/x.txt": b"?"}, named=())
    assert loaded.diagnostics == ()


def test_a_cache_reads_only_what_changed() -> None:
    cache: ReadCache = {}
    files = tree(instance_dict(), instance_dict(metadata={"name": "other"}))
    first = load_files(files, cache=cache)
    kept = cache["molthub.yaml"]
    changed = dict(files)
    changed["instances/acme/prod/other.yaml"] = b"apiVersion: molthub/v1\n"
    del changed["instances/acme/prod/support-bot.yaml"]
    second = load_files(changed, cache=cache)
    assert cache["molthub.yaml"] is kept
    assert set(cache) == set(changed)
    assert second.diagnostics == load_files(changed).diagnostics
    assert load_files(files, cache=cache) == first
