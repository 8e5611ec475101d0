"""Each sample's rendering, whole, as a file a reviewer reads in the diff of a change.

MOLTHUB_UPDATE_GOLDEN=1 python -m pytest tests/unit/desired/test_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.desired import SAMPLES, readable, rendered

GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_a_sample_renders_as_its_golden_file_says(sample: str) -> None:
    found = readable(rendered(sample).resources)
    file = GOLDEN / f"{sample}.json"
    if os.environ.get("MOLTHUB_UPDATE_GOLDEN"):
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8"), "look at the change; MOLTHUB_UPDATE_GOLDEN=1 accepts it"


def test_the_golden_folder_holds_nothing_stale() -> None:
    others = {"base-stack.json"}  # tests/unit/aws/bootstrap
    assert {file.name for file in GOLDEN.iterdir()} - others == {f"{sample}.json" for sample in SAMPLES}
