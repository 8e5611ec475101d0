"""How access is shown in a line, for `status` and `molthub access`. Imports nothing of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molthub.pipeline.access import Access

MODES: Mapping[str, str] = {
    "open": "everybody who can push may change everything",
    "signatures": "whoever signed a commit made it",
    "claimed-author": "whoever a commit NAMES as its author made it, which anybody can write: a weak mode",
    "unrooted": "whoever signed a commit made it; the first policy is taken on trust, as no root keys are set",
    "invalid": "nobody stands for the policy, so nobody may change anything",
    "unknown": "it cannot be told who was allowed to change what, so nothing is changed",
}


def header(access: Access) -> str:
    """One line: `access: signatures (whoever signed a commit made it)`."""
    return f"access: {access.mode} ({MODES[access.mode]})"


def policy_data(access: Access) -> dict[str, Any]:
    """The mode, and the commits of the versions in force."""
    versions = access.evaluation.versions if access.evaluation is not None else ()
    return {"mode": access.mode, "policy": [version.commit for version in versions if version.policy is not None]}
