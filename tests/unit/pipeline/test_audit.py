"""The audit: nothing is told as somebody's who did not do it, and nothing slips through a merge."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from molthub.access.signature import UNSIGNED
from molthub.history.index import MemoryIndex
from molthub.pipeline.past.audit import AuditLine, Wanted, from_git
from molthub.pipeline.past.indexing import bring_up
from molthub.pipeline.past.reading import Past
from molthub.pipeline.past.signers import SignedBy
from molthub.source.repository import open_repository
from tests.builders import environment_dict, instance_dict, to_yaml, tree
from tests.fakes.past import Made, fast_import

BOT = "instances/acme/prod/support-bot.yaml"
BEN, HUB = "Ben <ben@example.com>", "Code Host <noreply@example.com>"
PAUSED = {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}}


def bot(**spec: Any) -> dict[str, bytes | None]:
    return {BOT: to_yaml(instance_dict(spec=spec))}


def unsigned(shas: Collection[str]) -> Mapping[str, SignedBy]:
    return {sha: SignedBy(UNSIGNED) for sha in shas}


def audit(path: Path, commits: Sequence[Made], wanted: Wanted | None = None) -> list[AuditLine]:
    fast_import(path / "fleet.git", commits)
    source, index = open_repository(str(path / "fleet.git"), ref=None, cache_dir=path), MemoryIndex()
    head = source.fetch()
    bring_up(source, index, head)
    return list(from_git(Past(index, head), wanted or Wanted(), unsigned))


def told(lines: Sequence[AuditLine]) -> list[tuple[str, str, str]]:
    return [(line.actor, line.action, line.summary) for line in lines]


START = Made("Start", tree(instance_dict()), mark="start")
PAUSE = Made("Pause", bot(**PAUSED), mark="paused")
LABEL = Made("Docs", {"README.md": b"x"}, author=BEN, mark="side", parents=("start",))


def test_a_merge_that_undoes_what_the_other_side_did_is_told_as_its_own_change(tmp_path: Path) -> None:
    """The merged file is as in one of the parents, so git's combined diff shows nothing of it."""
    evil = Made("Merge docs", bot(), author=HUB, mark="merge", parents=("paused", "side"))
    lines = told(audit(tmp_path, [START, PAUSE, LABEL, evil]))
    assert lines[0] == ("Code Host", "resume", "resumed")


def test_a_merge_that_slips_a_change_in_is_told_as_its_own_change(tmp_path: Path) -> None:
    evil = Made("Merge docs", bot(**PAUSED, runtime={"cpu": 2048}), author=HUB, parents=("paused", "side"))
    lines = told(audit(tmp_path, [START, PAUSE, LABEL, evil]))
    assert lines[0] == ("Code Host", "update", "cpu 1024 → 2048")


def test_a_merge_that_deletes_is_told_as_a_deletion(tmp_path: Path) -> None:
    evil = Made("Merge docs", {BOT: None}, author=HUB, parents=("paused", "side"))
    assert told(audit(tmp_path, [START, PAUSE, LABEL, evil]))[0] == ("Code Host", "delete", "deleted")


def test_an_honest_merge_is_one_line_and_the_merged_commit_its_authors(tmp_path: Path) -> None:
    side = Made("Pause it", bot(**PAUSED), author=BEN, mark="side", parents=("start",))
    docs = Made("Docs", {"README.md": b"x"}, mark="docs", parents=("start",))
    merge = Made("Merge pull request 7", bot(**PAUSED), author=HUB, parents=("docs", "side"))
    lines = audit(tmp_path, [START, docs, side, merge])
    assert told(lines)[:2] == [
        ("Code Host", "merge", "Merge pull request 7"),
        ("Ben", "pause", "paused by ana@example.com: holiday"),
    ]
    assert lines[0].resource == "acme/prod/support-bot"


def test_main_merged_into_a_branch_is_not_told_as_the_mergers_doing(tmp_path: Path) -> None:
    side = Made("Docs", {"README.md": b"x"}, author=BEN, mark="side", parents=("start",))
    update = Made("Merge main into docs", bot(**PAUSED), author=BEN, mark="update", parents=("side", "paused"))
    merge = Made("Merge docs", {"README.md": b"x"}, author=HUB, parents=("paused", "update"))
    lines = told(audit(tmp_path, [START, PAUSE, side, update, merge]))
    assert [line for line in lines if line[1] == "pause"] == [("Ana", "pause", "paused by ana@example.com: holiday")]
    assert ("Ben", "merge", "Merge main into docs") in lines


def test_environments_and_files_that_are_none_of_ours(tmp_path: Path) -> None:
    slower = {"environments/acme-prod.yaml": to_yaml(environment_dict(spec={"rollout": {"maxConcurrent": 1}}))}
    lines = audit(tmp_path, [START, Made("Slower", slower), Made("CI", {".github/workflows/x.yaml": b"on: push\n"})])
    assert (lines[0].kind, lines[0].resource, lines[0].summary) == (
        "Environment",
        "acme/prod",
        "rollouts at once 5 → 1",
    )
    assert {line.kind for line in lines} == {"Environment", "Fleet", "MoltbotInstance"}


def test_a_limit_takes_the_newest_and_looks_at_no_more_signatures(tmp_path: Path) -> None:
    looked: list[str] = []

    def look(shas: Collection[str]) -> Mapping[str, SignedBy]:
        looked.extend(shas)
        return unsigned(shas)

    fast_import(tmp_path / "fleet.git", [START, PAUSE, Made("Resume", bot())])
    source, index = open_repository(str(tmp_path / "fleet.git"), ref=None, cache_dir=tmp_path), MemoryIndex()
    head = source.fetch()
    bring_up(source, index, head)
    (line,) = from_git(Past(index, head), Wanted(limit=1), look)
    assert line.action == "resume"
    assert looked == [head]
