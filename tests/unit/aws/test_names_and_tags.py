"""Names ↔ ids, and which tags are ours to compare."""

import pytest

from molthub.aws import tags
from molthub.aws.arns import Account, Ids, Names, belongs_to, secret_arns, secret_names
from molthub.errors import StallingError, TransientError
from molthub.resources.identity import Identity

ACCOUNT = Account("aws", "123456789012", "eu-west-1")
PREFIX = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
BOT = Identity("acme-bots", "acme", "prod", "support-bot")


def test_only_an_exact_arn_of_a_secret_that_exists_becomes_a_name() -> None:
    names = Names(ACCOUNT, "/p/", secrets={f"{PREFIX}a/b-AbCdEf": "a/b"})
    text = f'["{PREFIX}a/b-AbCdEf", "{PREFIX}a/b-AbCdEf:key::", "{PREFIX}a/b-XXXXXX", "{PREFIX}a/b-*"]'
    assert names.symbolise(text) == (
        f'["${{secret:a/b}}", "${{secret:a/b}}:key::", "{PREFIX}a/b-XXXXXX", "{PREFIX}a/b-*"]'
    )


def test_symbols_become_arns() -> None:
    ids = Ids(ACCOUNT, "/p/", secrets={"a/b": f"{PREFIX}a/b-AbCdEf"})
    assert ids.resolve("${secret:a/b}:key::") == f"{PREFIX}a/b-AbCdEf:key::"
    with pytest.raises(StallingError, match="The secret c does not exist"):
        ids.resolve("${secret:c}")
    assert secret_names("${secret:a/b} and ${secret:c}") == {"a/b", "c"}
    assert secret_arns(f"{PREFIX}a-AbCdEf:k::") == {f"{PREFIX}a-AbCdEf"}


def test_roles_of_another_path_or_account_stay_arns() -> None:
    names = Names(ACCOUNT, "/molthub/f/")
    own = "arn:aws:iam::123456789012:role/molthub/f/mh-x-task"
    assert names.role(own) == "mh-x-task"
    assert Ids(ACCOUNT, "/molthub/f/").role("mh-x-task") == own
    for other in (own.replace("/f/", "/g/"), own.replace("1234", "4321"), own.replace("/f/", "/f/deeper/"), ""):
        assert names.role(other) == other


def test_groups() -> None:
    ids = Ids(ACCOUNT, "/p/", groups={"mine": "sg-1"})
    assert (ids.group("mine"), ids.group("sg-9")) == ("sg-1", "sg-9")
    with pytest.raises(TransientError, match="AWS does not find the security group other"):
        ids.group("other")
    assert Names(ACCOUNT, "/p/", groups={"sg-1": "mine"}).group("sg-2") == "sg-2"


def test_a_secret_belongs_to_its_account_and_region() -> None:
    assert belongs_to(f"{PREFIX}a-AbCdEf", "123456789012", "eu-west-1")
    assert not belongs_to(f"{PREFIX}a-AbCdEf", "123456789012", "eu-west-2")
    assert not belongs_to(f"{PREFIX}a-AbCdEf", "210987654321", "eu-west-1")


def test_aws_tags_and_the_commit_are_not_compared() -> None:
    have = {"aws:ecs:x": "1", "molthub:commit": "abc", "team": "a", "molthub:fleet": "f"}
    assert tags.compared(have) == (("molthub:fleet", "f"), ("team", "a"))


def test_only_tags_that_differ_are_written() -> None:
    have = {"aws:x": "1", "molthub:commit": "old", "same": "1", "other": "1", "extra": "1"}
    change = tags.difference(have, (("same", "1"), ("other", "2"), ("new", "3")))
    assert change == tags.TagChange({"other": "2", "new": "3"}, ("extra",))
    assert tags.difference(have, (("same", "1"), ("other", "1"), ("extra", "1"))).is_empty


@pytest.mark.parametrize(
    ("have", "reason"),
    [
        ({"molthub:fleet": "acme-bots"}, None),
        ({}, "it has no tag molthub:fleet"),
        ({"molthub:fleet": "theirs"}, "its tag molthub:fleet says theirs"),
    ],
)
def test_whose(have: dict[str, str], reason: str | None) -> None:
    assert tags.whose(have, BOT) == reason
