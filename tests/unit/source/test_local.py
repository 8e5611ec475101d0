"""A local repository: its working tree, its history, and the commits that init and the demo make in one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError
from molthub.source.history import parse_log, parse_trailers
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from molthub.source.types import Snapshot
from molthub.source.writing import Author, commit_files, init_repository, push
from tests.fakes.git_repositories import ANA, a_repository, blob, commit, git

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "fleet")


def opened(path: Path, ref: str | None = None) -> FleetSource:
    return open_repository(str(path), ref=ref, cache_dir=path.parent / "cache")


def refusals(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(item.ref, item.location.path if item.location else "") for item in snapshot.refused]


def test_a_clean_tree_equals_its_commit(path: Path) -> None:
    tree = opened(path).working_tree()
    assert (tree.commit, tree.dirty, refusals(tree)) == (None, False, [])
    assert {name: entry.content for name, entry in tree.files.items()} == {"molthub.yaml": b"kind: Fleet\n"}


def test_untracked_files_count_and_ignored_ones_do_not(path: Path) -> None:
    commit(path, {".gitignore": "ignored/\n"})
    for name in ("ignored/x.yaml", "new/y.yaml", "notes.txt"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text("a: 1\n")
    tree = opened(path / "new").working_tree()
    assert (sorted(tree.files), tree.dirty) == (["molthub.yaml", "new/y.yaml"], True)


@pytest.mark.parametrize("change", ["edit", "remove", "unrelated"])
def test_dirty_means_that_a_yaml_file_differs_from_head(path: Path, change: str) -> None:
    if change == "edit":
        (path / "molthub.yaml").write_text("kind: Fleet # edited\n")
    elif change == "remove":
        (path / "molthub.yaml").unlink()
    else:
        (path / "README.md").write_text("unrelated")
    assert opened(path).working_tree().dirty is (change != "unrelated")


def test_links_and_special_files_on_disk_are_refused_and_never_followed(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("geheim: 1\n")
    commit(path, {"tracked/x.yaml": "a: 1\n", "README.md": "x"})
    (path / "tracked/x.yaml").unlink()
    (path / "tracked").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.yaml").write_text("geheim: 1\n")
    (path / "tracked").symlink_to(tmp_path / "elsewhere")
    (path / "link.yaml").symlink_to(secret)
    (path / "CLAUDE.md").symlink_to("README.md")
    (path / "large.yaml").write_bytes(b"#" * (256 * 1024 + 1))
    (path / "pointer.yaml").write_bytes(LFS)
    a_repository(path / "nested")
    tree = opened(path).working_tree()
    assert list(tree.files) == ["molthub.yaml"]
    assert refusals(tree) == [
        ("MH-GIT-023", "large.yaml"),
        ("MH-GIT-020", "link.yaml"),
        ("MH-GIT-021", "nested"),
        ("MH-GIT-022", "pointer.yaml"),
        ("MH-GIT-020", "tracked"),
        ("MH-GIT-020", "tracked/x.yaml"),
    ]


def test_a_pipe_in_place_of_a_tracked_file_does_not_hang(path: Path) -> None:
    (path / "molthub.yaml").unlink()
    os.mkfifo(path / "molthub.yaml")
    assert refusals(opened(path).working_tree()) == [("MH-GIT-025", "molthub.yaml")]


def test_a_file_that_lies_here_in_full_but_is_staged_as_a_pointer_is_refused(path: Path) -> None:
    (path / "big.yaml").write_text("a: 1\n")
    git(path, "update-index", "--add", "--cacheinfo", f"100644,{blob(path, LFS)},big.yaml")
    assert refusals(opened(path).working_tree()) == [("MH-GIT-022", "big.yaml")]


def test_a_bare_repository_is_read_and_has_no_working_tree(path: Path, tmp_path: Path) -> None:
    init_repository(tmp_path / "bare.git", bare=True)
    push(path, target=str(tmp_path / "bare.git"))
    source = opened(tmp_path / "bare.git")
    assert source.poll() == git(path, "rev-parse", "HEAD")
    with pytest.raises(StallingError, match="MH-GIT-011"):
        source.working_tree()


def test_refs_are_resolved_and_unknown_ones_told(path: Path) -> None:
    sha = git(path, "rev-parse", "HEAD")
    git(path, "tag", "--annotate", "v1", "--message", "one")
    source = opened(path)
    assert {source.resolve(ref) for ref in ("main", "v1", "HEAD", "refs/heads/main", sha, sha[:7])} == {sha}
    for ref in ("nope", "f" * 40, "refs/heads/nope", git(path, "rev-parse", "HEAD:molthub.yaml")):
        with pytest.raises(StallingError) as caught:
            source.resolve(ref)
        assert caught.value.diagnostic.message == f"{path} holds no branch, tag or commit '{ref}'"
    for call in (source.snapshot, source.commit):
        with pytest.raises(StallingError, match="MH-GIT-006"):
            call("f" * 40)
        with pytest.raises(StallingError, match="MH-GIT-005 'main' is not a full commit hash"):
            call("main")


def test_a_repository_without_a_commit_is_told(tmp_path: Path, path: Path) -> None:
    init_repository(tmp_path / "empty")
    source = opened(tmp_path / "empty")
    with pytest.raises(StallingError) as caught:
        source.poll()
    assert caught.value.diagnostic.message == f"{tmp_path}/empty has no commit yet"
    (tmp_path / "empty" / "x.yaml").write_text("a: 1\n")
    assert source.working_tree().dirty
    git(path, "checkout", "--quiet", "--orphan", "fresh")
    with pytest.raises(StallingError, match=r"MH-GIT-007 the branch checked out in .* has no commit "):
        opened(path).poll()


def test_a_commit_is_a_value_with_its_trailers(path: Path) -> None:
    at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    message = (
        "Remove two \x1b[31mbots\n\nWhy: see below\n\nMolthub-Confirm-Delete: acme/prod 2\n"
        "Molthub-Confirm-Delete: acme/dev\n  1\nReviewed-by: Bob\n"
    )
    sha = commit_files(path, message, {"molthub.yaml": None}, author=Author("Ana", "ana@example.com"), at=at)
    info = opened(path).commit(sha)
    assert (info.sha, info.tree, info.at) == (sha, git(path, "rev-parse", "HEAD^{tree}"), at)
    assert (info.author, info.email, info.subject) == (
        "Ana",
        "ana@example.com",
        "Remove two \N{REPLACEMENT CHARACTER}[31mbots",
    )
    assert info.parents == (git(path, "rev-parse", "HEAD~1"),)
    assert info.trailers == {
        "molthub-confirm-delete": ("acme/prod 2", "acme/dev 1"),
        "reviewed-by": ("Bob",),
    }


def test_what_only_looks_like_a_line_is_no_trailer() -> None:
    assert parse_trailers("A-b: one\u2028Molthub-Accept-Rewrite: 1\nnonsense\n") == {
        "a-b": ("one\N{REPLACEMENT CHARACTER}Molthub-Accept-Rewrite: 1",)
    }


def test_a_commit_of_an_impossible_time_does_not_stop_the_history() -> None:
    record = b"\0".join([b"a", b"b", b"", b"n", b"e", b"99999999999999999", b"s", b"", b""])
    assert parse_log(record)[0].at == datetime.fromtimestamp(0, UTC)


def test_commits_between_come_newest_first(path: Path) -> None:
    first = git(path, "rev-parse", "HEAD")
    second, third = (commit(path, {"a.yaml": f"{n}\n"}) for n in range(2))
    source = opened(path)
    assert [info.sha for info in source.commits_between(first, third)] == [third, second]
    assert [info.sha for info in source.commits_between(None, third)] == [third, second, first]
    assert source.commits_between(third, third) == ()
    assert source.changed_paths(first, third) == frozenset({"a.yaml"})


def test_a_shallow_clone_says_so_where_history_is_needed(path: Path, tmp_path: Path) -> None:
    first = git(path, "rev-parse", "HEAD")
    second, third = (commit(path, {"a.yaml": f"{n}\n"}) for n in range(2))
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{path}", "shallow")
    source = opened(tmp_path / "shallow")
    assert source.contains(second)
    assert [info.sha for info in source.commits_between(second, third)] == [third]
    assert list(source.snapshot(third).files) == ["a.yaml", "molthub.yaml"]
    for call in (lambda: source.contains(first), lambda: source.commits_between(None, third)):
        with pytest.raises(MolthubError) as caught:
            call()
        assert (caught.value.ref, caught.value.diagnostic.fix) == ("MH-GIT-008", "Run 'git fetch --unshallow' there")


def test_a_linked_worktree_is_a_repository_too(path: Path, tmp_path: Path) -> None:
    git(path, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    sha = commit(tmp_path / "linked", {"a.yaml": "1\n"})
    assert opened(tmp_path / "linked").poll() == sha
    assert sorted(opened(tmp_path / "linked").working_tree().files) == ["a.yaml", "molthub.yaml"]


@pytest.mark.parametrize("name", ["../x.yaml", "/etc/x.yaml", ".git/config", "a/../../x", "link/x.yaml", ""])
def test_a_file_outside_is_never_written(path: Path, tmp_path: Path, name: str) -> None:
    (path / "link").symlink_to(tmp_path)
    with pytest.raises(StallingError) as caught:
        commit(path, {name: "x"})
    assert caught.value.diagnostic.message == f"{name!a} is no path inside the repository"


def test_files_are_committed_removed_and_made_as_they_are_given(path: Path) -> None:
    sha = commit(path, {"molthub.yaml": None, "a/b.yaml": b"\xff", "c d.yaml": "c\r\n"})
    assert {name: one.content for name, one in opened(path).snapshot(sha).files.items()} == {
        "a/b.yaml": b"\xff",
        "c d.yaml": b"c\r\n",
    }
    assert not opened(path).working_tree().dirty
    assert not (path / "molthub.yaml").exists()
    empty = commit(path, {}, "Molthub-Accept-Rewrite: x")
    assert opened(path).commit(empty).tree == opened(path).commit(sha).tree


def test_nothing_is_committed_where_there_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(StallingError, match="MH-GIT-002"):
        commit_files(tmp_path, "x", {}, author=ANA)
    init_repository(tmp_path / "bare", bare=True)
    with pytest.raises(StallingError, match="MH-GIT-011"):
        commit_files(tmp_path / "bare", "x", {}, author=ANA)
