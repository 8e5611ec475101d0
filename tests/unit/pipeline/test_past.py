"""A resource's versions through moves, renames, breakage, merges and deletion, from a real repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.history.entries import INSTANCE, Resource
from molthub.history.index import CommitIndex, MemoryIndex
from molthub.history.versions import Version, blame
from molthub.pipeline.past.indexing import bring_up
from molthub.pipeline.past.reading import Past
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from molthub.state.commit_index import open_cached_index
from tests.builders import instance_dict, to_yaml, tree
from tests.fakes.git_repositories import git
from tests.fakes.lived import LIFE, MOVED
from tests.fakes.past import Made, fast_import

BOT = Resource(INSTANCE, "acme", "prod", "support-bot")


def source_of(path: Path) -> FleetSource:
    return open_repository(str(path), ref=None, cache_dir=path / "cache")


def past_of(path: Path, index: CommitIndex | None = None) -> Past:
    source, index = source_of(path), index or MemoryIndex()
    head = source.fetch()
    bring_up(source, index, head)
    return Past(index, head)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("past") / "fleet.git"
    fast_import(path, LIFE)
    return path


@pytest.fixture(scope="module")
def past(lived: Path) -> Past:
    return past_of(lived)


def told(found: tuple[Version, ...]) -> list[tuple[int | None, str, str, str]]:
    return [(one.number, one.record.subject, one.record.author, "; ".join(one.entry.words)) for one in found]


def test_every_step_of_a_bot_is_told_whatever_it_was_called_and_wherever_it_lay(past: Past) -> None:
    assert told(past.versions(BOT)) == [
        (8, "Remove it", "Ana", "deleted"),
        (
            7,
            "Mend and pause it",
            "Ben",
            "can be read again; paused by ben@example.com until 2027-01-07 08:00Z: holiday",
        ),
        (6, "Break it more", "Ana", "cannot be read: MH-YAML-003 a `: ` where no key can be (line 2)"),
        (5, "Break it", "Ana", "cannot be read: MH-YAML-003 a `: ` where no key can be (line 2)"),
        (4, "Merge the image", "Code Host", "image 2026.9.6 → 2026.6.11"),
        (3, "Label it", "Ana", "label team=support added"),
        (2, "Rename it", "Ben", "renamed support-bot → helper"),
        (None, "Move it", "Ana", f"moved instances/acme/prod/support-bot.yaml → {MOVED}"),
        (None, "Comment only", "Ana", "comments or formatting only"),
        (1, "Add the bot", "Ana", "created with image ghcr.io/openclaw/openclaw:2026.9.6, channels telegram"),
    ]


def test_a_merge_says_what_it_brought(past: Past) -> None:
    merge = next(one for one in past.versions(BOT) if one.record.subject == "Merge the image")
    assert [(record.subject, record.author) for record, _ in merge.brought] == [("Another image", "Ben")]


def test_every_line_shows_the_brought_commit_and_no_merge_that_made_nothing_itself(past: Past) -> None:
    found = past.versions(BOT, every_line=True)
    subjects = [one.record.subject for one in found]
    assert "Another image" in subjects
    assert "Merge the image" not in subjects
    assert {one.number for one in found} == {None}


def test_blame_names_who_made_each_field_what_it_is(past: Past) -> None:
    origins = {one.field: one for one in blame(past.versions(BOT))}
    who = {name: (origins[name].record.subject, origins[name].record.author) for name in origins}
    assert who["metadata.name"] == ("Rename it", "Ben")
    assert who["metadata.labels.team"] == ("Label it", "Ana")
    assert who["spec.secrets[TELEGRAM_BOT_TOKEN].key"] == ("Add the bot", "Ana")
    assert who["spec.lifecycle.paused.reason"] == ("Mend and pause it", "Ben")
    image = origins["spec.runtime.image"]
    assert (image.record.subject, image.record.author) == ("Another image", "Ben")
    assert image.through is not None
    assert image.through.subject == "Merge the image"
    assert next(iter(origins)) == "apiVersion"


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("helper", "second"),  # what is there now wins
        ("acme/prod/helper", "second"),
        ("support-bot", "support-bot"),
        ("acme/prod/support-bot", "support-bot"),
        ("second", "second"),
    ],
)
def test_a_bot_is_found_by_whatever_it_was_called(past: Past, name: str, id_: str) -> None:
    assert past.find(name).resource.id == id_


def test_a_name_that_nothing_ever_had(past: Past) -> None:
    with pytest.raises(StallingError) as caught:
        past.find("suport-bot")
    assert str(caught.value) == (
        "error: MH-HIST-001 no instance was ever called suport-bot in this history "
        "(Did you mean acme/prod/support-bot?)"
    )


def test_a_name_that_two_removed_bots_had_is_asked_back(tmp_path: Path) -> None:
    def bot(id_: str) -> dict[str, bytes | None]:
        return {"bot.yaml": to_yaml(instance_dict(metadata={"id": id_, "name": "helper"}))}

    gone: dict[str, bytes | None] = {"bot.yaml": None}
    fast_import(
        tmp_path / "fleet.git",
        [Made(files=tree() | bot("a")), Made(files=gone), Made(files=bot("b")), Made(files=gone)],
    )
    with pytest.raises(StallingError) as caught:
        past_of(tmp_path / "fleet.git").find("helper")
    assert caught.value.diagnostic.message == (
        "several instances are or were called helper: acme/prod/a (deleted), acme/prod/b (deleted)"
    )


def test_a_rewritten_history_shows_what_its_head_holds_and_an_index_serves_both(lived: Path, tmp_path: Path) -> None:
    index = open_cached_index(tmp_path / "history.db")
    before = past_of(lived, index)
    shorter = LIFE[:3]
    fast_import(tmp_path / "fleet.git", [*shorter, Made("Rewritten", {"README.md": b"x"})])
    after = past_of(tmp_path / "fleet.git", index)
    assert [one.record.subject for one in after.versions(BOT)] == ["Comment only", "Add the bot"]
    assert len(before.versions(BOT)) == 10
    assert after.find("support-bot").alive
    assert not before.find("support-bot").alive


def test_what_is_read_again_is_only_what_is_new(lived: Path, tmp_path: Path) -> None:
    index = open_cached_index(tmp_path / "history.db")
    assert bring_up(source_of(lived), index, source_of(lived).fetch()) == len(LIFE)
    fast_import(tmp_path / "fleet.git", [*LIFE, Made("One more", {MOVED: b"x: 1\n"})])
    source = Counting(source_of(tmp_path / "fleet.git"))
    head = source.fetch()
    assert bring_up(source, index, head) == 1
    assert (source.walks, source.blobs) == (1, 1)
    assert bring_up(source, index, head) == 0
    assert (source.walks, source.blobs) == (1, 1)
    assert index.heads() == (head,)


class Counting:
    """A source that counts what is asked of it."""

    def __init__(self, source: FleetSource) -> None:
        self._source = source
        self.walks = self.blobs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def walk(self, head: str, known: Any) -> Any:
        self.walks += 1
        return self._source.walk(head, known)

    def contents(self, oids: Any) -> Any:
        self.blobs += len(oids)
        return self._source.contents(oids)


def test_a_stored_index_gives_back_what_it_was_given(lived: Path, past: Past, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    past_of(lived, open_cached_index(path))
    again = Past(open_cached_index(path), past.head)
    assert again.versions(BOT) == past.versions(BOT)
    assert again.versions(BOT, every_line=True) == past.versions(BOT, every_line=True)
    assert list(again.index.entries_in(past.line.order).items()) != []


def test_an_unreadable_index_is_made_anew(lived: Path, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database " * 100)
    assert len(past_of(lived, open_cached_index(path)).versions(BOT)) == 10


def test_a_second_file_with_its_identity_and_its_removal_are_told_as_such(tmp_path: Path) -> None:
    bot = to_yaml(instance_dict(metadata={"id": "support-bot"}))
    fast_import(
        tmp_path / "fleet.git",
        [Made(files=tree() | {"a.yaml": bot}), Made(files={"b.yaml": bot}), Made(files={"a.yaml": None})],
    )
    words = [one.entry.words for one in past_of(tmp_path / "fleet.git").versions(BOT)]
    assert words[:2] == [
        ("one of its two files, a.yaml, was removed",),
        ("written a second time, in b.yaml beside a.yaml",),
    ]


def test_removed_while_broken_is_removed(tmp_path: Path) -> None:
    bot = to_yaml(instance_dict(metadata={"id": "support-bot"}))
    fast_import(
        tmp_path / "fleet.git",
        [Made(files=tree() | {"a.yaml": bot}), Made(files={"a.yaml": b"a: ["}), Made(files={"a.yaml": None})],
    )
    found = past_of(tmp_path / "fleet.git").versions(BOT)
    assert found[0].entry.words == ("deleted while it could not be read",)
    assert found[1].entry.outcome == "invalid"


def test_a_hand_made_rename_without_an_id_is_another_instance(tmp_path: Path) -> None:
    before, after = (to_yaml(instance_dict(metadata={"name": name})) for name in ("support-bot", "helper"))
    fast_import(tmp_path / "fleet.git", [Made(files=tree() | {"a.yaml": before}), Made(files={"a.yaml": after})])
    past = past_of(tmp_path / "fleet.git")
    assert past.versions(past.find("helper").resource)[0].entry.words[-1] == (
        "in the file of acme/prod/support-bot, so it is another instance"
    )
    assert past.versions(BOT)[0].entry.outcome == "deleted"


def test_what_a_person_set_for_git_log_changes_nothing(
    lived: Path, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (
        "[log]\nshowRoot = false\nshowSignature = true\nfollow = true\ndiffMerges = off\nmailmap = true\n"
        "[diff]\nrenames = copies\norderFile = /nowhere\nnoprefix = true\nexternal = /bin/false\nrelative = true\n"
        "[core]\nabbrev = 4\nquotePath = true\n[color]\nui = always\n[format]\npretty = oneline\n"
    )
    (tmp_path / "gitconfig").write_text(settings)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert past_of(lived).versions(BOT, every_line=True) == past.versions(BOT, every_line=True)


def test_a_shallow_clone_is_refused(lived: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", "--depth", "2", f"file://{lived}", "shallow.git")
    with pytest.raises(StallingError, match="shallow clone"):
        past_of(tmp_path / "shallow.git")


def test_a_secret_in_a_subject_or_a_manifest_reaches_no_index(tmp_path: Path) -> None:
    pasted = "xoxb-" + "1234567890-" * 2 + "AbCdEfGh12345678"
    broken = to_yaml(instance_dict(spec={"runtime": {"env": {"NOTE": pasted}}}))
    life = [Made(files=tree(instance_dict()))]
    life.append(Made(f"Use {pasted}", {"instances/acme/prod/support-bot.yaml": broken}))
    life.append(Made("Break it", {"instances/acme/prod/support-bot.yaml": broken + b"oops: 1\n"}))
    fast_import(tmp_path / "fleet.git", life)
    path = tmp_path / "history.db"
    index = open_cached_index(path)
    assert len(past_of(tmp_path / "fleet.git", index).versions(BOT)) == 3
    index.close()
    assert pasted.encode() not in path.read_bytes()
