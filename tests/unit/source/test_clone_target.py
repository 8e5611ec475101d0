"""An action's commit in somebody's clone: what goes where, what stays, and every reason not to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from molthub.errors import MolthubError
from molthub.source.building import Draft
from molthub.source.target import BranchMovedError, Landed
from tests.fakes.clones import Origin, hook, target
from tests.fakes.git_repositories import git

CHANGE = {"a.yaml": b"a: 2\n"}


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Origin:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Origin(tmp_path / "r")


@pytest.fixture
def clone(origin: Origin) -> Path:
    return origin.clone("ana")


def landed(
    clone: Path, files: Mapping[str, bytes | None] = CHANGE, *, branch: str | None = None, push: bool = True
) -> Landed:
    place = target(clone, branch=branch, push=push)
    with place.lock():
        base = place.base()
        place.check(files.keys())
        return place.land(place.build(Draft(base.commit, "Change\n", files)))


def refusal(clone: Path, files: Mapping[str, bytes | None] = CHANGE, **options: object) -> tuple[str, str, str]:
    """Reference, message and fix; nothing may have moved."""
    before = git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")
    with pytest.raises(MolthubError) as error:
        landed(clone, files, **options)  # type: ignore[arg-type]
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")) == before
    found = error.value.diagnostic
    return found.ref, found.message, found.fix


def test_a_push_and_a_clone_that_is_brought_along(origin: Origin, clone: Path) -> None:
    """What is edited, staged or untracked elsewhere stays exactly as it is."""
    (clone / "b.yaml").write_bytes(b"b: mine\n")
    (clone / "dir" / "c.yaml").write_bytes(b"c: staged\n")
    git(clone, "add", "dir/c.yaml")
    (clone / "dir" / "c.yaml").write_bytes(b"c: later\n")
    (clone / "notes.txt").write_text("notes")
    before = git(clone, "status", "--porcelain")
    assert landed(clone, {"a.yaml": None, "new/d.yaml": b"d: 1\n"}) == Landed(pushed=True)
    assert git(clone, "status", "--porcelain") == before == " M b.yaml\nMM dir/c.yaml\n?? notes.txt".lstrip("")
    assert not (clone / "a.yaml").exists()
    assert (clone / "new" / "d.yaml").read_bytes() == b"d: 1\n"
    assert git(clone, "rev-parse", "main", "origin/main").split() == [origin.tip()] * 2
    assert git(clone, "reflog", "-1", "--format=%gs") == "molthub: action"


def test_a_clone_that_is_behind_is_brought_along(origin: Origin, clone: Path) -> None:
    origin.commit({"b.yaml": b"b: 2\n"})
    landed(clone)
    assert origin.subjects() == ["Begin", "Somebody else's", "Change"]
    assert (clone / "b.yaml").read_bytes() == b"b: 2\n"
    assert git(clone, "status", "--porcelain") == ""


def test_a_clone_that_is_behind_where_its_owner_edits(origin: Origin, clone: Path) -> None:
    origin.commit({"b.yaml": b"b: 2\n"})
    (clone / "b.yaml").write_bytes(b"b: mine\n")
    ref, message, fix = refusal(clone)
    assert (ref, message) == (
        "MH-ACT-011",
        "the clone cannot be brought along: Entry 'b.yaml' not uptodate. Cannot merge.",
    )
    assert "--repo URL" in fix
    assert origin.subjects()[-1] == "Somebody else's"


@pytest.mark.parametrize("staged", [False, True])
def test_a_touched_file_that_is_edited(clone: Path, staged: bool) -> None:
    (clone / "a.yaml").write_bytes(b"a: mine\n")
    if staged:
        git(clone, "add", "a.yaml")
    assert refusal(clone) == (
        "MH-ACT-011",
        "a.yaml has uncommitted changes, which the commit would mix with its own",
        "Commit or undo them first, or say --branch NAME to leave the working tree alone",
    )


def test_a_new_file_where_an_untracked_one_lies(clone: Path) -> None:
    (clone / "n.yaml").write_bytes(b"mine")
    assert refusal(clone, {"n.yaml": b"x"})[0] == "MH-ACT-011"
    assert (clone / "n.yaml").read_bytes() == b"mine"


def test_earlier_commits_go_along(origin: Origin, clone: Path) -> None:
    (clone / "b.yaml").write_bytes(b"b: 2\n")
    git(clone, "commit", "--quiet", "-am", "Mine")
    assert target(clone).base().unpushed == 1
    landed(clone)
    assert origin.subjects() == ["Begin", "Mine", "Change"]


def test_branches_that_have_diverged(origin: Origin, clone: Path) -> None:
    git(clone, "commit", "--quiet", "--allow-empty", "-m", "Mine")
    origin.commit({"b.yaml": b"b: 2\n"})
    assert refusal(clone) == (
        "MH-ACT-014",
        "'main' here and what it is pushed to have diverged",
        "Run 'git pull --rebase' first, or say --repo URL to leave this clone alone",
    )


def test_no_branch_no_upstream_no_commit(clone: Path, tmp_path: Path) -> None:
    git(clone, "switch", "--quiet", "-c", "mine")
    assert refusal(clone)[:2] == ("MH-ACT-013", "the branch 'mine' has no upstream, so nobody knows where to push it")
    git(clone, "switch", "--quiet", "--detach")
    assert refusal(clone)[:2] == (
        "MH-ACT-015",
        "no branch is checked out (the HEAD is detached), so the commit has nowhere to go",
    )
    assert landed(clone, branch="proposal").pushed
    with pytest.raises(MolthubError) as error:
        landed(clone, branch="-x")
    assert error.value.ref == "MH-GIT-005"


def test_a_repository_without_a_remote(clone: Path) -> None:
    git(clone, "remote", "remove", "origin")
    assert landed(clone) == Landed(pushed=False, notes=("Not pushed: this repository has no remote.",))
    assert git(clone, "log", "-1", "--format=%s") == "Change"
    assert git(clone, "status", "--porcelain") == ""


def test_no_push(origin: Origin, clone: Path) -> None:
    done = landed(clone, push=False)
    assert done.notes == ("Not pushed (--no-push): others, and the controller, do not see it yet.",)
    assert (origin.subjects(), git(clone, "log", "-1", "--format=%s")) == (["Begin"], "Change")
    landed(clone, {"b.yaml": b"b: 3\n"}, push=False, branch="side")
    assert git(clone, "log", "--format=%s", "side").splitlines() == ["Change", "Change", "Begin"]
    assert git(clone, "status", "--porcelain") == ""


def test_another_branch_leaves_this_one_alone(origin: Origin, clone: Path) -> None:
    (clone / "a.yaml").write_bytes(b"a: mine\n")
    done = landed(clone, branch="proposal")
    assert done.notes == ("It counts when it is merged: open a pull request from 'proposal'.",)
    landed(clone, {"b.yaml": b"b: 9\n"}, branch="proposal")
    assert origin.subjects("proposal") == ["Begin", "Change", "Change"]
    assert origin.subjects() == ["Begin"]
    assert (clone / "a.yaml").read_bytes() == b"a: mine\n"
    assert git(clone, "branch", "--list").split() == ["*", "main"]
    assert git(clone, "rev-parse", "origin/proposal") == origin.tip("proposal")
    assert refusal(clone, branch="main")[:2] == (
        "MH-ACT-016",
        "'main' is checked out here, and --branch is for another one",
    )


def test_a_branch_that_is_here_too_is_brought_along(origin: Origin, clone: Path) -> None:
    git(clone, "branch", "side")
    landed(clone, branch="side")
    assert git(clone, "rev-parse", "side") == origin.tip("side")


def test_a_protected_branch(origin: Origin, clone: Path) -> None:
    hook(
        origin.path, "pre-receive", "(echo 'main is protected \033[31m'; echo '! [rejected] (fetch first)'; exit 1) >&2"
    )
    ref, message, fix = refusal(clone)
    assert ref == "MH-ACT-012"
    assert message.endswith("refused the push to 'main': main is protected \N{REPLACEMENT CHARACTER}[31m")
    assert fix == "The branch may be protected: say --branch NAME, and open a pull request from it"
    assert git(clone, "rev-parse", "origin/main") == origin.tip()


def test_a_lost_race_changes_nothing(origin: Origin, clone: Path) -> None:
    place = target(clone)
    commit = place.build(Draft(place.base().commit, "Change\n", CHANGE))
    origin.commit({"b.yaml": b"b: 2\n"})
    with pytest.raises(BranchMovedError) as error:
        place.land(commit)
    assert error.value.diagnostic.message == f"the branch 'main' of {origin.path} moved while this was committed"
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", "HEAD") != commit


def test_a_server_that_is_gone(origin: Origin, clone: Path) -> None:
    origin.path.rename(origin.path.with_name("gone"))
    assert refusal(clone)[0] == "MH-GIT-002"


def test_a_linked_working_tree(origin: Origin, clone: Path) -> None:
    """Its HEAD and index are its own, its branches and the lock are shared."""
    other = clone.parent / "linked"
    git(clone, "worktree", "add", "--quiet", "--track", "-b", "side", str(other), "origin/main")
    git(other, "config", "push.default", "upstream")
    landed(other)
    assert origin.subjects() == ["Begin", "Change"]
    assert git(other, "status", "--porcelain") == ""
    assert (clone / ".git" / "molthub-actions.lock").exists()
    landed(clone)
    assert git(clone, "status", "--porcelain") == ""


def test_a_bare_repository_and_no_clone(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ana\n\temail = ana@example.com\n")
    landed(origin.path)
    landed(origin.path, {"b.yaml": b"b: 3\n"}, branch="side")
    assert (origin.subjects(), origin.subjects("side")) == (["Begin", "Change"], ["Begin", "Change", "Change"])
    with pytest.raises(MolthubError) as error:
        landed(origin.path, push=False)
    assert error.value.ref == "MH-ACT-018"
    place = target(origin.path)
    commit = place.build(Draft(place.base().commit, "Change\n", CHANGE))
    origin.commit({"b.yaml": b"b: 2\n"})
    with pytest.raises(BranchMovedError):
        place.land(commit)
