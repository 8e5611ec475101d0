"""Edits of a manifest: exactly the lines that had to change, whatever style it is written in."""

import difflib

import pytest

from molthub.manifest.editing import with_secret
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.reading import read_file

HEAD = """\
# Ours.
apiVersion: molthub/v1   # always
kind: MoltbotInstance
metadata: {name: bot, workspace: acme, environment: prod}
"""
KEY = "acme/prod/bot#slackBot"


def model(text: str) -> MoltbotInstance:
    read = read_file("instances/bot.yaml", text.encode())
    assert read is not None
    assert isinstance(read.model, MoltbotInstance), read.diagnostics
    return read.model


def edited(body: str, *, name: str = "SLACK_BOT_TOKEN", key: str = KEY) -> str:
    """The changed lines, as a diff shows them; the result must be a valid manifest with that very entry."""
    before = HEAD + body
    after = with_secret(before.encode(), name=name, key=key).decode()
    assert name in {entry.name for entry in model(after).spec.secrets if entry.key == key}
    again = with_secret(after.encode(), name=name, key=key).decode()
    assert again == after, "a second time changes nothing"
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return "".join(line for line in lines if line[0] in "+-")


@pytest.mark.parametrize(
    ("body", "diff"),
    [
        (
            "spec:\n  runtime: {image: 'a/b:1'}   # pinned\n  # the end\n",
            '+   secrets:\n+     - name: SLACK_BOT_TOKEN\n+       key: "acme/prod/bot#slackBot"\n',
        ),
        (
            "spec:\n  runtime: {image: 'a/b:1'}\n  secrets:\n    - {name: A, key: x#y} # one\n  # two\n  state: {}\n",
            '+     - {name: SLACK_BOT_TOKEN, key: "acme/prod/bot#slackBot"}\n',
        ),
        (
            "spec:\n  secrets:\n  -   name: A\n      key: 'x#y'\n\n  runtime:\n    image: a/b:1\n",
            '+   -   name: SLACK_BOT_TOKEN\n+       key: "acme/prod/bot#slackBot"\n',
        ),
        (
            "spec:\n  secrets:\n    - {name: SLACK_BOT_TOKEN, key: x#y}   # the old one\n  runtime: {image: a/b:1}\n",
            (
                "-     - {name: SLACK_BOT_TOKEN, key: x#y}   # the old one\n"
                "+     - {name: SLACK_BOT_TOKEN, key: acme/prod/bot#slackBot}   # the old one\n"
            ),
        ),
        (
            "spec:\n  secrets:\n    - name: SLACK_BOT_TOKEN\n      key: >-\n        x#y\n  runtime: {image: a/b:1}\n",
            '+       key: "acme/prod/bot#slackBot"\n-       key: >-\n-         x#y\n',
        ),
        (
            "spec: {runtime: {image: 'a/b:1'}}\n",
            (
                "- spec: {runtime: {image: 'a/b:1'}}\n"
                "+ spec: {runtime: {image: 'a/b:1'}, "
                'secrets: [{name: SLACK_BOT_TOKEN, key: "acme/prod/bot#slackBot"}]}\n'
            ),
        ),
        (
            "spec:\n  runtime: {image: a/b:1}\n  secrets: []\n",
            '-   secrets: []\n+   secrets: [{name: SLACK_BOT_TOKEN, key: "acme/prod/bot#slackBot"}]\n',
        ),
        (
            "spec:\n  runtime: {image: a/b:1}\n  secrets: [\n    {name: A, key: x},   # one, two\n  ]\n",
            (
                "-     {name: A, key: x},   # one, two\n"
                '+     {name: A, key: x}, {name: SLACK_BOT_TOKEN, key: "acme/prod/bot#slackBot"}   # one, two\n'
            ),
        ),
        ("spec:\n  runtime: {image: a/b:1}", None),
        ("spec:\n  runtime: {image: a/b:1}\n  secrets:\n", None),
        ("spec:\n  secrets: ~\n  runtime: {image: a/b:1}\n", None),
    ],
)
def test_only_what_has_to_change(body: str, diff: str | None) -> None:
    found = edited(body)
    assert "acme/prod/bot#slackBot" in found
    if diff is not None:
        assert found == diff


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    before = b"\xef\xbb\xbf" + (HEAD + "spec:\n  runtime: {image: a/b:1}\n").replace("\n", "\r\n").encode()
    after = with_secret(before, name="A", key=KEY)
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(b"\r\n") == before.count(b"\n") + 3
