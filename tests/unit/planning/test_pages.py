"""Every reference of planning and applying has its page, and every page its reference."""

from __future__ import annotations

import re
from importlib.resources import files
from types import ModuleType

import pytest

import molthub.errors
from molthub.apply import reasons as applying
from molthub.planning import deletion, planfile, reasons


@pytest.mark.parametrize(
    ("area", "modules"), [("plan", (reasons, deletion, planfile)), ("apply", (applying,))], ids=["plan", "apply"]
)
def test_references_and_pages_are_the_same(area: str, modules: tuple[ModuleType, ...]) -> None:
    page = (files(molthub.errors) / "pages" / f"{area}.md").read_text(encoding="utf-8")
    written = re.findall(rf"^## (MH-{area.upper()}-\d{{3}}) \S.*$", page, flags=re.MULTILINE)
    used = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, str) and value.startswith("MH-")
    }
    assert written == sorted(used)
