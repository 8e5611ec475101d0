from __future__ import annotations

import pytest

from molthub.controller.main import check_environments
from molthub.controller.settings import ControllerSettings
from molthub.errors import StallingError


def test_variables_configure_it_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLTHUB_POLL_INTERVAL", "7.5")
    monkeypatch.setenv("MOLTHUB_ENVIRONMENTS", "acme/prod, acme/dev")
    settings = ControllerSettings(repo="x", workers=3)
    assert (settings.poll_interval, settings.workers) == (7.5, 3)
    assert settings.environments == ("acme/prod", "acme/dev")
    assert ControllerSettings(repo="x", environments=("a/b",)).environments == ("a/b",)


def test_an_environment_that_is_none_is_named() -> None:
    with pytest.raises(StallingError, match="'prod' names no environment") as caught:
        check_environments(ControllerSettings(repo="x", environments=("prod",)))
    assert caught.value.ref == "MH-CTRL-001"
