"""The corpus: every file of valid/ loads without an error, every file of invalid/ gives exactly the text beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from molthub.errors import Severity
from molthub.manifest.loader import load_files, load_loose
from tests.builders import instance_dict, tree

CORPUS = Path(__file__).parents[2] / "manifests"
VALID = sorted((CORPUS / "valid").glob("*.yaml"))
INVALID = sorted((CORPUS / "invalid").glob("*.yaml"))


def test_the_corpus_is_there() -> None:
    assert len(VALID) >= 9
    assert len(INVALID) >= 70


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_file_has_no_error(path: Path) -> None:
    documents = load_loose({path.name: path.read_bytes()})
    assert [item for item in documents.diagnostics if item.severity is Severity.ERROR] == []
    assert documents.invalid == ()
    assert not documents.cross_checked


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_says_exactly_what_is_wrong(path: Path) -> None:
    documents = load_loose({path.name: path.read_bytes()})
    rendered = "".join(f"{item}\n" for item in documents.diagnostics)
    assert rendered == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert [item.path for item in documents.invalid] == [path.name]
    assert all(item.fix for item in documents.diagnostics)
    assert all(item.location and item.location.line and item.location.column for item in documents.diagnostics)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_never_stops_its_neighbours(path: Path) -> None:
    files = {**tree(instance_dict()), "broken.yaml": path.read_bytes()}
    documents = load_files(files)
    assert [str(identity) for identity in documents.instances] == ["acme/prod/support-bot"]
    assert [item.path for item in documents.invalid] == ["broken.yaml"]
    assert documents.is_valid_for_deletion == (documents.invalid[0].kind in ("MoltbotTemplate", "AccessPolicy"))
