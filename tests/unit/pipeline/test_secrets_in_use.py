"""Which instances run with a secret: what could not be read counts as running with it."""

from molthub.desired.secrets import SecretKey
from molthub.pipeline.secrets.running import instances_given
from molthub.provider.secrets import SecretRecord
from molthub.resources.observation import Observation, ObservedInstance, ReadFailure
from molthub.resources.types import Kind
from tests.fakes.desired import rendered
from tests.fakes.fleet import PROD, identity

NAME = "acme/prod/support-bot"
RECORD = SecretRecord(NAME, f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{NAME}-AbCdEf", "v1")


def given(instance: ObservedInstance, key: str | None = None) -> list[str]:
    return instances_given(Observation(PROD, {identity(): instance}, {}), SecretKey(NAME, key), RECORD)


def test_what_cannot_be_read_may_have_it() -> None:
    denied = ReadFailure(Kind.TASK_DEFINITION, "MH-AWS-003", "denied")
    assert given(ObservedInstance(identity(), failures=(denied,))) == [str(identity())]
    assert given(ObservedInstance(identity())) == []


def test_the_whole_secret_is_given_with_each_of_its_keys() -> None:
    running = ObservedInstance(identity(), resources=rendered().resources)
    assert given(running) == given(running, "telegram") == [str(identity())]
    assert given(running, "slack") == []
