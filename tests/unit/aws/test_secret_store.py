"""Whose credentials the secret commands work with."""

from dataclasses import replace

import pytest

from molthub.aws import secret_store
from molthub.aws.clients import Sessions
from molthub.errors import MolthubError
from tests.fakes.aws_world import LOCATION


class AskedSessions(Sessions):
    """Notes for which role a session is asked, and gives none."""

    asked: list[tuple[str | None, str | None]] = []  # noqa: RUF012 - emptied by the test

    def session(self, role_arn: str | None, external_id: str | None) -> object:  # type: ignore[override]
        self.asked.append((role_arn, external_id))
        raise LookupError


def test_the_persons_own_credentials_and_never_the_environments_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_store, "Sessions", AskedSessions)
    location = replace(LOCATION, role_arn="arn:aws:iam::123456789012:role/reconciler", external_id="x")
    with pytest.raises((LookupError, MolthubError)):
        secret_store.aws_secret_stores()(location).describe("acme/prod/model")
    assert AskedSessions.asked == [(None, None)]
