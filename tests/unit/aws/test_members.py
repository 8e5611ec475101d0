"""Every member botocore knows of a service and a task definition is placed, in exactly one way."""

import botocore.session
import pytest

from molthub.aws.members import SHAPES, Extra, Ignored, Modelled, clearing, unmanaged

MODEL = botocore.session.get_session().get_service_model("ecs")


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_member_of_the_shape_is_placed(shape: str) -> None:
    told = set(MODEL.shape_for(shape).members)
    assert told == set(SHAPES[shape]), "place what AWS added, and drop what it no longer has"


def test_every_structure_that_is_modelled_is_a_shape_of_the_table() -> None:
    """A modelled structure must be walked itself, or what AWS adds inside it would hide."""
    missing = set()
    for shape, members in SHAPES.items():
        for name, placement in members.items():
            inner = MODEL.shape_for(shape).members[name]
            inner = inner.member if inner.type_name == "list" else inner
            if isinstance(placement, Modelled) and inner.type_name == "structure":
                missing |= {inner.name} - set(SHAPES)
    assert missing == {"Tag"}


def test_every_ignored_member_has_a_reason() -> None:
    reasons = [item.reason for members in SHAPES.values() for item in members.values() if isinstance(item, Ignored)]
    assert reasons
    assert all(len(reason) > 10 for reason in reasons)


def test_what_is_cleared_is_a_parameter_of_update_service() -> None:
    parameters = set(MODEL.shape_for("UpdateServiceRequest").members)
    cleared = {
        name
        for shape in ("Service", "Deployment")
        for name, item in SHAPES[shape].items()
        if isinstance(item, Extra) and item.clear is not None
    }
    assert cleared <= parameters
    assert "serviceRegistries" in cleared


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, []),
        (None, []),
        ({"placementStrategy": [], "deploymentController": {"type": "ECS"}}, []),
        ({"roleArn": "arn:aws:iam::1:role/x", "status": "ACTIVE"}, []),
        ({"resourceManagementType": "ECS"}, [("resourceManagementType", '"ECS"')]),
        (
            {"serviceRegistries": [{"registryArn": "arn:b", "port": 0}], "placementStrategy": [{"type": "spread"}]},
            [
                ("placementStrategy", '[{"type":"spread"}]'),
                ("serviceRegistries", '[{"port":0,"registryArn":"arn:b"}]'),
            ],
        ),
        ({"somethingAwsAddedYesterday": {"on": True}}, []),
    ],
)
def test_unmanaged_of_a_service(data: dict[str, object] | None, expected: list[tuple[str, str]]) -> None:
    assert list(unmanaged("Service", data)) == expected


def test_an_explicit_zero_is_a_setting() -> None:
    assert list(unmanaged("LinuxParameters", {"swappiness": 0, "devices": []}, "linuxParameters.")) == [
        ("linuxParameters.swappiness", "0")
    ]


def test_clearing_takes_away_what_update_service_can_take_away() -> None:
    pairs = (("serviceRegistries", "[…]"), ("serviceConnectConfiguration", "{…}"), ("resourceManagementType", "x"))
    assert clearing(pairs) == {"serviceRegistries": [], "serviceConnectConfiguration": {"enabled": False}}
