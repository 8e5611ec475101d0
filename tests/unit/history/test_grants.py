"""Changes of who may do what, in words that a reviewer can judge."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from molthub.history.difference import difference
from molthub.manifest.access import AccessPolicy
from molthub.manifest.sshkeys import fingerprint, normal_key
from tests.builders import loaded_instance
from tests.fakes.signing import ssh_key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder: Path = tmp_path_factory.mktemp("keys")
    return ssh_key(folder, "one").public, ssh_key(folder, "other").public


def policy(key: str) -> dict[str, Any]:
    spec = {"people": [{"name": "ana", "keys": [key]}], "bindings": [{"role": "OWNER", "subjects": ["ana"]}]}
    return {"apiVersion": "molthub/v1", "kind": "AccessPolicy", "metadata": {"name": "access"}, "spec": spec}


def told(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    return difference(AccessPolicy.model_validate(before), AccessPolicy.model_validate(after)).words


def print_of(key: str) -> str:
    return fingerprint(normal_key(key))


def test_a_new_person_with_a_role(keys: tuple[str, str]) -> None:
    before = policy(keys[0])
    after = copy.deepcopy(before)
    after["spec"]["people"].insert(0, {"name": "ben", "keys": [keys[1]], "emails": ["ben@example.com"]})
    after["spec"]["bindings"].insert(0, {"role": "OPERATOR", "subjects": ["ben"], "scope": ["acme/prod", "acme/dev"]})
    assert told(before, after) == (
        "person ben added",
        f"key of ben {print_of(keys[1])} added",
        "address of ben ben@example.com added",
        "ben made OPERATOR of acme/prod",
        "ben made OPERATOR of acme/dev",
    )


def test_another_key_another_role_and_a_group(keys: tuple[str, str]) -> None:
    before = policy(keys[0])
    after = copy.deepcopy(before)
    after["spec"]["people"][0]["keys"] = [keys[1]]
    after["spec"]["groups"] = [{"name": "owners", "members": ["ana"]}]
    after["spec"]["bindings"][0]["subjects"] = ["owners"]
    assert told(before, after) == (
        f"key of ana {print_of(keys[1])} added",
        f"key of ana {print_of(keys[0])} removed",
        "owners made OWNER of the whole fleet",
        "ana no longer OWNER of the whole fleet",
        "group owners added",
        "member of owners ana added",
    )


def test_bindings_in_another_order_grant_the_same(keys: tuple[str, str]) -> None:
    before = policy(keys[0])
    before["spec"]["bindings"].append({"role": "VIEWER", "subjects": ["ana"], "scope": ["acme"]})
    after = copy.deepcopy(before)
    after["spec"]["bindings"].reverse()
    assert told(before, after) == ()


def test_what_a_task_role_may() -> None:
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::acme-docs/*"]}
    allowed = loaded_instance(spec={"taskRole": {"statements": [statement]}}).model
    assert difference(loaded_instance().model, allowed).words == (
        "task role may s3:GetObject on arn:aws:s3:::acme-docs/*",
    )
    assert difference(allowed, loaded_instance().model).words == (
        "task role may no longer s3:GetObject on arn:aws:s3:::acme-docs/*",
    )
