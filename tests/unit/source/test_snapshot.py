"""The YAML files of a commit: all of them, only them, and nothing of the repository is ever run."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError
from molthub.source.process import Git
from molthub.source.protocol import FleetSource
from molthub.source.repository import open_repository
from molthub.source.types import Snapshot
from tests.fakes.git_repositories import a_repository, blob, commit, commit_entries, count_git_processes, git

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "fleet")


def opened(path: Path, ref: str | None = None) -> FleetSource:
    return open_repository(str(path), ref=ref, cache_dir=path.parent / "cache")


def refusals(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(item.ref, item.location.path if item.location else "") for item in snapshot.refused]


def test_only_yaml_files_are_read_with_their_blob_ids(path: Path) -> None:
    sha = commit(path, {"a/b/c.yml": b"\xff\x00", "README.md": "# no", "x.yaml.bak": "no", "empty.yaml": ""})
    snapshot = opened(path).snapshot(sha)
    assert {name: entry.content for name, entry in snapshot.files.items()} == {
        "molthub.yaml": b"kind: Fleet\n",
        "a/b/c.yml": b"\xff\x00",
        "empty.yaml": b"",
    }
    assert snapshot.files["molthub.yaml"].oid == git(path, "rev-parse", "HEAD:molthub.yaml")
    assert (snapshot.commit, snapshot.dirty, snapshot.refused) == (sha, False, ())


def test_a_thousand_manifests_take_two_processes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sha = commit(path, {f"instances/{number}.yaml": f"n: {number}\n" for number in range(1000)})
    source = opened(path)
    log, with_wrapper = count_git_processes(tmp_path / "count", os.environ["PATH"])
    monkeypatch.setenv("PATH", with_wrapper)
    snapshot = source.snapshot(sha)
    assert len(snapshot.files) == 1001
    assert all(snapshot.files[f"instances/{n}.yaml"].content == f"n: {n}\n".encode() for n in range(1000))
    assert len(log.read_text().splitlines()) == 2


def test_four_threads_on_one_source_read_the_right_blobs(path: Path) -> None:
    commits = {
        number: commit(path, {f"{n}.yaml": f"commit: {number}, n: {n}\n" for n in range(50)}) for number in range(4)
    }
    source, wrong = opened(path), []

    def work(number: int) -> None:
        for _ in range(10):
            files = source.snapshot(commits[number]).files
            wrong.extend(n for n in range(50) if files[f"{n}.yaml"].content != f"commit: {number}, n: {n}\n".encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_links_that_hide_manifests_are_refused_by_name(path: Path) -> None:
    plain = blob(path, b"a: 1\n")
    link = {target: blob(path, target) for target in (b"x.yaml", b"real", b"/etc", b"../../up", b"README.md", b".")}
    sha = commit_entries(
        path,
        ("100644", plain, b"real/x.yaml"),
        ("100644", plain, b"README.md"),
        ("120000", link[b"x.yaml"], b"real/link.yaml"),
        ("120000", link[b"real"], b"folder"),
        ("120000", link[b"/etc"], b"absolute"),
        ("120000", link[b"../../up"], b"a/outside"),
        ("120000", link[b"."], b"loop"),
        ("120000", link[b"README.md"], b"CLAUDE.md"),
    )
    snapshot = opened(path).snapshot(sha)
    assert list(snapshot.files) == ["real/x.yaml"]
    assert refusals(snapshot) == [
        ("MH-GIT-020", name) for name in ("a/outside", "absolute", "folder", "loop", "real/link.yaml")
    ]
    assert str(snapshot.refused[0]) == (
        "a/outside: error: MH-GIT-020 a symbolic link is not followed (Commit the file itself in place of the link.)"
    )


def test_submodules_pointers_and_large_files_are_refused_by_name(path: Path) -> None:
    sha = commit_entries(
        path,
        ("100644", blob(path, b"a: 1\n"), b"good.yaml"),
        ("160000", "1" * 40, b"vendor/fleet"),
        ("100644", blob(path, LFS), b"pointer.yaml"),
        ("100644", blob(path, LFS), b"picture.png"),
        ("100644", blob(path, b"#" * (256 * 1024)), b"full.yaml"),
        ("100644", blob(path, b"#" * (256 * 1024 + 1)), b"large.yaml"),
    )
    snapshot = opened(path).snapshot(sha)
    assert sorted(snapshot.files) == ["full.yaml", "good.yaml"]
    assert [item.message for item in snapshot.refused] == [
        "the file has 262145 bytes, more than 262144",
        "the file is a Git LFS pointer",
        "a submodule is not read",
    ]
    assert [item.ref for item in snapshot.refused] == ["MH-GIT-023", "MH-GIT-022", "MH-GIT-021"]


def test_names_that_are_odd_are_refused_and_shown_escaped(path: Path) -> None:
    plain = blob(path, b"a: 1\n")
    names = (b"caf\xe9.yaml", b"red\x1b[31m.yaml", b"bidi\xe2\x80\xae.yaml", "käse.yaml".encode(), b"caf\xe9.txt")
    snapshot = opened(path).snapshot(commit_entries(path, *(("100644", plain, name) for name in names)))
    assert list(snapshot.files) == ["käse.yaml"]
    assert refusals(snapshot) == [
        ("MH-GIT-024", "bidi\\u202e.yaml"),
        ("MH-GIT-024", "caf\\xe9.yaml"),
        ("MH-GIT-024", "red\\x1b[31m.yaml"),
    ]


@pytest.mark.parametrize("name", [b"..", b".git"])
def test_a_tree_that_leads_out_of_the_repository_is_refused(path: Path, name: bytes) -> None:
    inner = git(path, "mktree", stdin=b"100644 blob %s\tx.yaml\n" % blob(path, b"a: 1\n").encode())
    raw = b"40000 " + name + b"\0" + bytes.fromhex(inner)
    tree = git(path, "hash-object", "--literally", "-t", "tree", "-w", "--stdin", stdin=raw)
    snapshot = opened(path).snapshot(git(path, "commit-tree", tree, "-m", "Evil"))
    assert (dict(snapshot.files), refusals(snapshot)) == ({}, [("MH-GIT-024", f"{name.decode()}/x.yaml")])


def test_a_tree_of_endless_names_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molthub.source.process.MAX_OUTPUT", 4 * 1024 * 1024)
    oid, kind, mode = blob(path, b""), "blob", "100644"
    for _ in range(7):
        listing = "".join(f"{mode} {kind} {oid}\tname{number}.yaml\n" for number in range(10))
        oid, kind, mode = git(path, "mktree", stdin=listing.encode()), "tree", "040000"
    with pytest.raises(StallingError, match="MH-GIT-014 git ls-tree answers with more than 4 MiB"):
        opened(path).snapshot(git(path, "commit-tree", oid, "-m", "Bomb"))


def test_no_hook_filter_or_program_of_the_repository_is_run(path: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "touch.sh"
    script.write_text(f"#!/bin/sh\necho $0 $@ >> {ran}\ncat\n")
    script.chmod(0o755)
    hooks = path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "post-commit", "post-index-change", "reference-transaction", "pre-push"):
        (hooks / name).symlink_to(script)
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "diff.external", "core.fsmonitor"):
        git(path, "config", key, str(script))
    git(path, "config", "gpg.program", str(script))
    git(path, "config", "log.showSignature", "true")
    old = git(path, "rev-parse", "HEAD")
    new = commit(path, {".gitattributes": "*.yaml filter=evil diff=evil\n", "x.yaml": "a: 1\n"})
    (path / "x.yaml").write_text("a: 2\n")
    for mirror in (False, True):
        source = open_repository(str(path), ref=None, cache_dir=tmp_path / "cache", mirror=mirror)
        source.fetch()
        source.snapshot(new)
        source.changed_paths(old, new)
        source.commits_between(None, new)
    assert opened(path).working_tree().dirty
    assert not ran.exists()


def test_a_surrounding_hooks_environment_does_not_lead_astray(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_repository(path.parent / "other", {"other.yaml": "x"})
    for name, value in (
        ("GIT_DIR", str(other / ".git")),
        ("GIT_WORK_TREE", str(other)),
        ("GIT_INDEX_FILE", str(other / ".git/index")),
        ("GIT_OBJECT_DIRECTORY", str(other / ".git/objects")),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.bare"),
        ("GIT_CONFIG_VALUE_0", "nonsense"),
    ):
        monkeypatch.setenv(name, value)
    source = opened(path)
    assert list(source.snapshot(source.poll()).files) == ["molthub.yaml"]
    assert list(source.working_tree().files) == ["molthub.yaml"]
    sha = commit(path, {"new.yaml": "x"})
    assert source.poll() == sha


def test_a_damaged_repository_is_told(path: Path) -> None:
    sha = git(path, "rev-parse", "HEAD")
    oid = git(path, "rev-parse", "HEAD:molthub.yaml")
    loose = path / ".git" / "objects" / oid[:2] / oid[2:]
    loose.chmod(0o644)
    for damage in (loose.unlink, lambda: loose.write_bytes(b""), lambda: loose.write_bytes(b"garbage")):
        damage()
        with pytest.raises(MolthubError) as caught:
            opened(path).snapshot(sha)
        assert caught.value.diagnostic.message == f"the repository {path} is damaged"
        assert caught.value.ref == "MH-GIT-009"


def test_git_that_is_missing_or_too_old_is_told(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("molthub.source.process.installed_version", lambda: (2, 25))
    with pytest.raises(StallingError) as caught:
        opened(path)
    assert str(caught.value) == "error: MH-GIT-010 git 2.25 is too old (Install git 2.31 or newer)"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StallingError, match="MH-GIT-010 git is not installed"):
        Git().run("version")


def test_a_git_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "git"
    hanging.write_text("#!/bin/sh\nsleep 60 & wait\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(MolthubError, match="MH-GIT-003 git version did not answer within 0 seconds"):
        Git().run("version", timeout=0.3)
