"""The acceptance run needs an account; that its page and its variables belong together does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.account import PAGE_VALUES, Account, account
from tests.fakes.page import blocks_of

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"


def test_every_value_of_the_page_is_translated() -> None:
    text = "".join(block.text for block in blocks_of(PAGE))
    mine = Account({name: f"<{name}>" for name in PAGE_VALUES}, "acceptance-1")
    translated = mine.translated(text)
    for name in PAGE_VALUES:
        assert f"<{name}>" in translated, name
    assert "123456789012" not in translated
    assert "--fleet acceptance-1 " in translated


def test_without_an_account_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PAGE_VALUES:
        monkeypatch.delenv(f"MOLTHUB_ACCEPTANCE_{name}", raising=False)
    with pytest.raises(LookupError, match=r"MOLTHUB_ACCEPTANCE_ACCOUNT, .*MOLTHUB_ACCEPTANCE_BROKEN_IMAGE"):
        account()
