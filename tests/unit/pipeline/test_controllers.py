"""Which controller an Environment is to have: what is asked for on top of what is there, and what cannot work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.manifest.documents import LoadedEnvironment
from molthub.pipeline.controllers import ControllerWish, check_controller
from molthub.pipeline.places import base_spec_of
from molthub.provider.bootstrap import ControllerSpec
from molthub.resources.identity import names_of_environment
from tests.builders import INGRESS, REMOVED, loaded_environment

IMAGE, REPO = "ghcr.io/example/molthub:0.1.0", "https://git.example.com/acme/fleet.git"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:molthub/git-AbCdEf"
ROOT = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
THERE = ControllerSpec(IMAGE, REPO, ref="main", git_secret=SECRET)
OWN_NETWORK = {"cluster": REMOVED, "vpcId": REMOVED, "subnetIds": REMOVED}
ROLE = "arn:aws:iam::123456789012:role"
NOT_PINNED = "is not pinned, so it may be another program tomorrow"


def loaded(**spec: Any) -> LoadedEnvironment:
    return loaded_environment(spec=spec)


@pytest.mark.parametrize(
    ("wish", "there", "wanted"),
    [
        (ControllerWish(), None, None),
        (ControllerWish(), THERE, THERE),
        (ControllerWish(True), THERE, THERE),
        (ControllerWish(False), THERE, None),
        (ControllerWish(False), None, None),
        (ControllerWish(True, IMAGE, REPO), None, ControllerSpec(IMAGE, REPO)),
        (ControllerWish(image="molthub:0.2.0"), THERE, replace(THERE, image="molthub:0.2.0")),
        (ControllerWish(ref="", git_secret=""), THERE, ControllerSpec(IMAGE, REPO)),
        (ControllerWish(root_keys=f"{ROOT} ana"), THERE, replace(THERE, root_keys=ROOT)),
        (ControllerWish(root_keys=""), replace(THERE, root_keys=ROOT), THERE),
    ],
)
def test_what_is_not_said_stays(
    wish: ControllerWish, there: ControllerSpec | None, wanted: ControllerSpec | None
) -> None:
    assert wish.on(there) == wanted


@pytest.mark.parametrize(
    ("wish", "there", "said"),
    [
        (ControllerWish(True), None, "a new controller needs an image and the URL of the fleet repository"),
        (ControllerWish(True, IMAGE), None, "a new controller needs an image and the URL of the fleet repository"),
        (ControllerWish(ref="main"), None, "settings are given of a controller that is not there"),
        (ControllerWish(False, IMAGE), THERE, "settings are given of a controller that is to go"),
    ],
)
def test_half_a_wish_is_none(wish: ControllerWish, there: ControllerSpec | None, said: str) -> None:
    with pytest.raises(StallingError, match=f"MH-BASE-012 {said}"):
        wish.on(there)


def check(spec: ControllerSpec, environment: LoadedEnvironment) -> None:
    aws = environment.model.spec.aws
    names = names_of_environment("acme-bots", environment.key, account=aws.accountId, region=aws.region)
    check_controller(spec, environment, names)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "molthub"}, NOT_PINNED),
        ({"image": "molthub:latest"}, NOT_PINNED),
        ({"image": "molthub:1.2"}, NOT_PINNED),
        ({"image": "-v:1.2.3"}, NOT_PINNED),
        ({"repo": "/srv/fleet.git"}, "is a path on this machine, which a task in AWS does not have"),
        ({"repo": "http://git.example.com/fleet.git"}, "the transport 'http://' is refused"),
        ({"repo": "https://ana@git.example.com/fleet.git"}, "holds a user or a token"),
        ({"repo": "https://git.example.com/fleet.git?x"}, "has a part after"),
        ({"ref": "-x"}, "MH-GIT-005"),
        ({"git_secret": "molthub/git"}, "is not the whole ARN of a secret"),
        ({"git_secret": SECRET.removesuffix("-AbCdEf")}, "is not the whole ARN of a secret"),
        ({"git_secret": SECRET.replace("eu-west-1", "eu-west-2")}, "is in account 123456789012, eu-west-2, and"),
        ({"git_secret": SECRET.replace("123456789012", "210987654321")}, "is in account 210987654321, eu-west-1, and"),
    ],
)
def test_settings_that_cannot_work(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StallingError) as refused:
        check(replace(THERE, **changes), loaded())
    assert said in str(refused.value)


def test_a_token_in_the_url_is_refused_and_not_repeated() -> None:
    token = "gh" + "p_" + "0123456789" * 3
    with pytest.raises(StallingError, match="MH-BASE-012") as refused:
        check(replace(THERE, repo=f"https://x:{token}@git.example.com/fleet.git"), loaded())
    assert token not in str(refused.value)


@pytest.mark.parametrize("repo", [REPO, "git@git.example.com:acme/fleet.git", "ssh://git@git.example.com/fleet.git"])
def test_what_can_work(repo: str) -> None:
    check(replace(THERE, repo=repo, image="molthub@sha256:" + "0" * 64), loaded())


def test_without_nat_there_is_no_way_out() -> None:
    with pytest.raises(StallingError, match="MH-BASE-013 a controller cannot work in acme/prod"):
        check(THERE, loaded(aws=OWN_NETWORK, network={"nat": "none"}))
    check(THERE, loaded(aws=OWN_NETWORK))


def test_it_becomes_its_own_reconciler_only() -> None:
    own = names_of_environment("acme-bots", loaded().key, account="123456789012", region="eu-west-1").reconciler_role
    check(THERE, loaded(aws={"roleArn": f"{ROLE}/molthub/acme-bots/{own}"}))
    with pytest.raises(StallingError, match="may assume its reconciler's role only"):
        check(THERE, loaded(aws={"roleArn": f"{ROLE}/somebody"}))


def test_the_reconciler_may_put_names_into_the_zone_of_the_manifest() -> None:
    ingress = INGRESS | {"hostedZoneId": "Z0123456789ABCDEFGHIJ"}
    spec = base_spec_of(loaded(aws=OWN_NETWORK, ingress=ingress), "acme-bots")
    assert spec.ingress is not None
    assert (spec.ingress.hosted_zone, spec.ingress.domain) == ("Z0123456789ABCDEFGHIJ", "bots.example.com")
