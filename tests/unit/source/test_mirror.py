"""A mirror follows whatever happens to its origin, and heals when it is damaged itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError
from molthub.source.network import explained
from molthub.source.process import Git, GitFailedError
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from molthub.source.writing import init_repository, push
from tests.fakes.git_repositories import a_repository, commit, count_git_processes, git

FETCH = """
import sys
from pathlib import Path
from molthub.source.repository import open_repository
print(open_repository(sys.argv[1], ref=None, cache_dir=Path(sys.argv[2]), mirror=True).fetch())
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "work")


@pytest.fixture
def origin(tmp_path: Path, work: Path) -> Path:
    bare = tmp_path / "origin.git"
    init_repository(bare, bare=True)
    push(work, target=str(bare))
    return bare


def mirrored(origin: Path, ref: str | None = None) -> FleetSource:
    return open_repository(str(origin), ref=ref, cache_dir=origin.parent / "cache", mirror=True)


def mirror_path(origin: Path) -> Path:
    (found,) = (origin.parent / "cache").glob("*.git")
    return found


def refused(call: Callable[[], object]) -> MolthubError:
    with pytest.raises(MolthubError) as caught:
        call()
    return caught.value


def test_a_push_is_seen_by_one_ls_remote_and_read_after_a_fetch(
    work: Path, origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = mirrored(origin)
    first = source.fetch()
    second = commit(work, {"a.yaml": "a: 1\n"})
    push(work, target=str(origin))
    log, path = count_git_processes(tmp_path / "count", os.environ["PATH"])
    monkeypatch.setenv("PATH", path)
    assert source.poll() == second
    (call,) = [line for line in log.read_text().splitlines() if "upload-pack" not in line]
    assert "ls-remote --quiet --symref --end-of-options origin HEAD" in call
    assert str(origin) not in call
    assert source.fetch() == second
    assert sorted(source.snapshot(second).files) == ["a.yaml", "molthub.yaml"]
    assert source.changed_paths(first, second) == frozenset({"a.yaml"})
    assert source.contains(first)
    assert refused(source.working_tree).ref == "MH-GIT-011"


def test_a_file_url_and_a_path_give_the_same(origin: Path) -> None:
    url = open_repository(f"file://{origin}", ref=None, cache_dir=origin.parent / "c", allow_local=True)
    assert url.fetch() == mirrored(origin).fetch()


def test_a_force_push_is_followed_and_the_old_history_stays(work: Path, origin: Path) -> None:
    source = mirrored(origin)
    old = commit(work, {"a.yaml": "a: 1\n"})
    push(work, target=str(origin))
    assert source.fetch() == old
    git(work, "reset", "--quiet", "--hard", "HEAD~1")
    new = commit(work, {"b.yaml": "b: 1\n"})
    assert refused(lambda: push(work, target=str(origin))).ref == "MH-GIT-018"
    push(work, target=str(origin), force=True)
    assert source.fetch() == new
    assert not source.is_ancestor(old, new)
    assert not source.contains(old)
    assert list(source.snapshot(old).files) == ["a.yaml", "molthub.yaml"]


def test_a_rewrite_with_the_same_tree_can_be_recognised(work: Path, origin: Path) -> None:
    old = git(work, "rev-parse", "HEAD")
    git(work, "commit", "--quiet", "--amend", "--message", "Rewritten")
    push(work, target=str(origin), force=True)
    source = mirrored(origin)
    new = source.fetch()
    local = open_repository(str(work), ref=None, cache_dir=work)
    assert new != old
    assert local.commit(old).tree == source.commit(new).tree
    assert not local.is_ancestor(old, new)


def test_a_deleted_branch_is_an_unknown_ref(work: Path, origin: Path) -> None:
    push(work, target=str(origin))
    git(work, "branch", "next")
    push(work, target=str(origin), branch="next")
    source = mirrored(origin, "next")
    assert source.fetch() == git(work, "rev-parse", "HEAD")
    git(origin, "branch", "-D", "next")
    for call in (source.poll, source.fetch):
        error = refused(call)
        assert error.ref == "MH-GIT-006"
        assert error.diagnostic.message == f"{origin} holds no branch, tag or commit 'next'"


def test_a_moved_tag_is_followed(work: Path, origin: Path) -> None:
    first = git(work, "rev-parse", "HEAD")
    git(work, "tag", "--annotate", "live", "--message", "first")
    git(work, "push", "--quiet", str(origin), "refs/tags/live")
    source = mirrored(origin, "live")
    assert (source.poll(), source.fetch()) == (first, first)
    second = commit(work, {"a.yaml": "a: 1\n"})
    git(work, "tag", "--force", "live")
    git(work, "push", "--quiet", "--force", str(origin), "refs/tags/live")
    assert (source.poll(), source.fetch()) == (second, second)


def test_a_hash_is_followed_without_asking_and_a_branch_wins_over_a_tag(work: Path, origin: Path) -> None:
    first = git(work, "rev-parse", "HEAD")
    second = commit(work, {"a.yaml": "a: 1\n"})
    push(work, target=str(origin))
    git(work, "push", "--quiet", str(origin), f"{first}:refs/tags/main")
    assert mirrored(origin, first).fetch() == first
    source = mirrored(origin, "main")
    assert (source.poll(), source.fetch(), source.resolve("main")) == (second, second, second)
    assert source.resolve("refs/tags/main") == first
    assert source.resolve(first[:8]) == first
    assert source.resolve("HEAD") == second


def test_an_empty_origin_and_an_unborn_default_branch_are_told(work: Path, origin: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.git"
    init_repository(empty, bare=True)
    assert refused(mirrored(empty).fetch).diagnostic.message == f"{empty} has no commit yet"
    git(origin, "symbolic-ref", "HEAD", "refs/heads/trunk")
    error = refused(mirrored(origin).poll)
    assert (error.ref, error.diagnostic.message) == ("MH-GIT-007", f"the default branch of {origin} has no commit")
    assert mirrored(origin, "main").fetch() == git(work, "rev-parse", "HEAD")


def test_the_default_branch_may_change(work: Path, origin: Path) -> None:
    source = mirrored(origin)
    source.fetch()
    git(work, "checkout", "--quiet", "-b", "trunk")
    sha = commit(work, {"a.yaml": "a: 1\n"})
    push(work, target=str(origin), branch="trunk")
    git(origin, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert source.fetch() == sha


def test_an_origin_that_is_gone_is_told_and_the_mirror_still_reads(origin: Path) -> None:
    source = mirrored(origin)
    sha = source.fetch()
    shutil.rmtree(origin)
    assert refused(source.poll).ref == "MH-GIT-002"
    assert list(source.snapshot(sha).files) == ["molthub.yaml"]


def _cut_packs(mirror: Path) -> None:
    for path in (mirror / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:20])


def _empty_refs(mirror: Path) -> None:
    (mirror / "packed-refs").unlink(missing_ok=True)
    (mirror / "refs" / "heads" / "main").write_bytes(b"")


def _leave_a_lock(mirror: Path) -> None:
    (mirror / "refs" / "heads" / "main.lock").write_bytes(b"")


def _lose_the_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


def _lose_all_objects(mirror: Path) -> None:
    shutil.rmtree(mirror / "objects")
    (mirror / "objects").mkdir()


@pytest.mark.parametrize("damage", [_cut_packs, _empty_refs, _leave_a_lock, _lose_the_head, _lose_all_objects])
def test_a_damaged_mirror_is_cloned_again(work: Path, origin: Path, damage: Callable[[Path], None]) -> None:
    mirrored(origin).fetch()
    sha = commit(work, {"a.yaml": "a: 1\n"})
    push(work, target=str(origin))
    damage(mirror_path(origin))
    source = mirrored(origin)
    assert source.fetch() == sha
    assert sorted(source.snapshot(sha).files) == ["a.yaml", "molthub.yaml"]


@pytest.mark.parametrize("damage", [_cut_packs, _lose_all_objects, _lose_the_head])
def test_a_mirror_damaged_while_it_is_read_is_cloned_again(origin: Path, damage: Callable[[Path], None]) -> None:
    source = mirrored(origin)
    sha = source.fetch()
    damage(mirror_path(origin))
    assert list(source.snapshot(sha).files) == ["molthub.yaml"]


def test_an_interrupted_clone_is_swept_away(origin: Path) -> None:
    source = mirrored(origin)
    source.fetch()
    path = mirror_path(origin)
    half = path.with_name(f"{path.stem}.tmp-dead")
    path.rename(half)
    shutil.rmtree(half / "objects")
    assert mirrored(origin).fetch() == source.poll()
    assert not half.exists()
    assert sorted(one.suffix for one in path.parent.iterdir()) == [".git", ".lock"]


def test_two_processes_make_one_mirror(work: Path, origin: Path) -> None:
    arguments = [sys.executable, "-c", FETCH, str(origin), str(origin.parent / "cache")]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [one.communicate(timeout=60)[0].strip() for one in both]
    assert answers == [git(work, "rev-parse", "HEAD")] * 2
    mirror_path(origin)


def test_the_cache_directory_is_the_owners_only_and_must_be_writable(origin: Path) -> None:
    mirrored(origin).fetch()
    assert (origin.parent / "cache").stat().st_mode & 0o777 == 0o700
    (origin.parent / "file").write_text("")
    source = open_repository(str(origin), ref=None, cache_dir=origin.parent / "file" / "cache", mirror=True)
    assert refused(source.fetch).ref == "MH-GIT-017"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a repository away")
def test_a_local_repository_of_another_owner(origin: Path, work: Path) -> None:
    for path in (origin, *origin.rglob("*"), work, *work.rglob("*")):
        os.chown(path, 65534, 65534)
    assert mirrored(origin).fetch()
    error = refused(lambda: open_repository(str(work), ref=None, cache_dir=work))
    assert (error.ref, error.diagnostic.fix) == (
        "MH-GIT-012",
        f"If you trust it, run 'git config --global --add safe.directory {work}'",
    )


@pytest.mark.parametrize(
    ("said", "ref"),
    [
        ("fatal: Authentication failed for 'https://example.com/'", "MH-GIT-004"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", "MH-GIT-004"),
        ("git@x: Permission denied (publickey).\nfatal: the remote end hung up", "MH-GIT-004"),
        ("Host key verification failed.", "MH-GIT-004"),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", "MH-GIT-002"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "MH-GIT-003"),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503", "MH-GIT-003"),
        ("fatal: early EOF\nfatal: index-pack failed, packfile", "MH-GIT-003"),
        ("fatal: transport 'ext' not allowed", "MH-GIT-001"),
        ("fatal: loose object 1234 is corrupt", "MH-GIT-009"),
    ],
)
def test_each_answer_of_a_server_has_its_meaning(said: str, ref: str) -> None:
    assert explained(GitFailedError("fetch", 128, said), "x").ref == ref


def test_a_rewritten_url_cannot_bring_another_transport(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text('[url "ext::sh -c touch% ran #"]\n\tinsteadOf = https://\n[protocol "ext"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    source = open_repository("https://127.0.0.1:1/x", ref=None, cache_dir=tmp_path / "cache")
    assert refused(source.poll).diagnostic.message == "the transport 'ext' is refused"


def test_reads_may_use_no_transport(work: Path) -> None:
    with pytest.raises(StallingError, match="transport 'file' not allowed"):
        Git(git_dir=work / ".git").run("ls-remote", "--end-of-options", str(work))
