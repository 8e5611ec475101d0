"""A document made to say something else: it says so, and no line that is not about it changes."""

from __future__ import annotations

import copy
import difflib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from molthub.errors import StallingError
from molthub.manifest.rewriting import plain, rewrite
from molthub.manifest.writing import same
from molthub.manifest.yaml_events import parse
from tests.fakes.yaml_styles import Path, Written, documents, keys, values, written

ENDINGS = st.sampled_from(("\n", "\n", "\r\n"))


def no_order(_path: Path) -> tuple[str, ...]:
    return ()


def places(value: Any, path: Path = ()) -> list[Path]:
    """Every mapping, list and scalar below a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


def at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


@st.composite
def edits(draw: Any, document: dict[str, Any]) -> tuple[dict[str, Any], Path]:
    """Another document with one thing set, added or taken away, and the path of that thing."""
    wanted = copy.deepcopy(document)
    path = draw(st.sampled_from(places(document)))
    here = at(wanted, path)
    if isinstance(here, dict) and (not path or draw(st.booleans())):
        key = draw(keys)
        here[key] = draw(values)
        return wanted, (*path, key)
    if isinstance(here, list) and draw(st.booleans()):
        index = draw(st.integers(0, len(here)))
        here.insert(index, draw(values))
        return wanted, (*path, index)
    if draw(st.booleans()) and len(wanted) > 1:
        del at(wanted, path[:-1])[path[-1]]
    else:
        at(wanted, path[:-1])[path[-1]] = draw(values)
    return wanted, path


def concerns(owner: Path, whole: bool, path: Path, emptied: bool) -> bool:
    """Whether a line may change when the thing at a path does."""
    if any(isinstance(part, int) for part in path):  # items are told apart by what they say, not by their number
        path = path[: next(index for index, part in enumerate(path) if isinstance(part, int))]
        return owner[: len(path)] == path or (whole and path[: len(owner)] == owner)
    inside = owner[: len(path)] == path
    around = path[: len(owner)] == owner
    return inside or (around and (whole or emptied)) or (emptied and owner[: len(path) - 1] == path[:-1])


def kept(text: Written, path: Path, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The lines that may not change, in their order."""
    parent = path[:-1]
    emptied = not at(after, parent) or (_exists(before, parent) and not at(before, parent))
    return [line for line, owner, whole in text.lines if owner is None or not concerns(owner, whole, path, emptied)]


def _exists(value: Any, path: Path) -> bool:
    try:
        at(value, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_edit_of_any_document(data: Any) -> None:
    document = data.draw(documents)
    text = data.draw(written(document))
    assert same(parse(text.text.encode()), document), text.text
    wanted, path = data.draw(edits(document))
    ending = data.draw(ENDINGS)
    bom = data.draw(st.sampled_from((b"", b"", b"\xef\xbb\xbf")))
    source = bom + text.text.replace("\n", ending).encode()
    result = rewrite(source, wanted, order=no_order)
    assert same(parse(result), wanted), result.decode()
    assert result.startswith(bom)
    if b"\n" in source:
        assert result.count(b"\r\n") == (result.count(b"\n") if ending == "\r\n" else 0)
    left = result.removeprefix(bom).decode().replace("\r\n", "\n").splitlines()
    lost = [
        line[2:]
        for line in difflib.ndiff(kept(text, path, document, wanted), left)
        if line.startswith("- ") and line[2:].strip()
    ]
    assert lost == [], f"{lost}\n{text.text}\n->\n{result.decode()}"
    assert rewrite(result, wanted, order=no_order) == result


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_document_becomes_any_other(data: Any) -> None:
    text = data.draw(written(data.draw(documents)))
    wanted = data.draw(documents)
    assert same(parse(rewrite(text.text.encode(), wanted, order=no_order)), wanted)


BOT = """\
# Ours.
apiVersion: molthub/v1   # always
kind: MoltbotInstance
metadata:
    name: bot
    workspace: acme
    environment: prod
    labels: {team: x}   # tags
spec:
    # The image is built weekly.
    runtime:
        image: 'a/b:1.2.3'   # pinned
        # Half a CPU.
        cpu: 512
    channels:
        telegram: {botToken: {secret: T}}
    secrets:
    -   name: T
        # in the vault
        key: "a/b#t"
    -   {name: U, key: c}  # spare
    # the end
"""


@pytest.mark.parametrize(
    ("change", "diff"),
    [
        (
            lambda d: d["spec"]["runtime"].update(image="a/b:1.2.4"),
            "-        image: 'a/b:1.2.3'   # pinned\n+        image: 'a/b:1.2.4'   # pinned\n",
        ),
        (lambda d: d["spec"]["runtime"].update(memory=1024), "+        memory: 1024\n"),
        (lambda d: d["spec"]["runtime"].pop("cpu"), "-        # Half a CPU.\n-        cpu: 512\n"),
        (lambda d: d["metadata"].update(id="bot"), "+    id: bot\n"),
        (
            lambda d: d["metadata"]["labels"].update(tier="1"),
            '-    labels: {team: x}   # tags\n+    labels: {team: x, tier: "1"}   # tags\n',
        ),
        (lambda d: d["metadata"]["labels"].clear(), "-    labels: {team: x}   # tags\n+    labels: {}   # tags\n"),
        (
            lambda d: d["spec"].update(model={"primary": "a/b", "fallbacks": ["c/d"]}),
            "+    model:\n+        primary: a/b\n+        fallbacks:\n+        - c/d\n",
        ),
        (lambda d: d["spec"]["secrets"].append({"name": "V", "key": "d"}), "+    -   {name: V, key: d}\n"),
        (lambda d: d["spec"]["secrets"].insert(0, {"name": "V", "key": "d"}), "+    -   name: V\n+        key: d\n"),
        (lambda d: d["spec"]["secrets"].pop(0), '-    -   name: T\n-        # in the vault\n-        key: "a/b#t"\n'),
        (lambda d: d["spec"]["secrets"][0].update(key="z"), '-        key: "a/b#t"\n+        key: "z"\n'),
        (
            lambda d: d["spec"].pop("secrets"),
            (
                '-    secrets:\n-    -   name: T\n-        # in the vault\n-        key: "a/b#t"\n'
                "-    -   {name: U, key: c}  # spare\n"
            ),
        ),
        (
            lambda d: d["spec"].update(
                lifecycle={"paused": {"by": "ana@example.com", "reason": "yes", "until": "2027-01-07T08:00:00Z"}}
            ),
            (
                "+    lifecycle:\n+        paused:\n+            by: ana@example.com\n"
                '+            reason: "yes"\n+            until: 2027-01-07T08:00:00Z\n'
            ),
        ),
    ],
)
def test_a_manifest_in_the_order_of_its_model(change: Any, diff: str) -> None:
    wanted = plain(BOT.encode())
    change(wanted)
    lines = difflib.unified_diff(BOT.splitlines(True), rewrite(BOT.encode(), wanted).decode().splitlines(True), n=0)
    assert "".join(line for line in lines if not line.startswith(("---", "+++", "@@"))) == diff


def test_what_cannot_be_cut() -> None:
    with pytest.raises(StallingError) as error:
        rewrite(b"? a\n# between\n:\n", {"a": 1}, order=no_order)
    assert error.value.ref == "MH-ACT-003"


def test_quotes_stay_as_they_were() -> None:
    document = b"a: x#y\nb: 'x#y'\nc: \"x\"\nd: plain\n"
    assert rewrite(document, dict.fromkeys("abcd", "p#q"), order=no_order) == (
        b'a: p#q\nb: \'p#q\'\nc: "p#q"\nd: "p#q"\n'
    )


@pytest.mark.parametrize("text", ["\x1b[31m red", "left\u202eright", "\udce9t\u00e9", "x" * 2**20])
def test_what_no_manifest_can_hold_is_no_fault_of_the_file(text: str) -> None:
    """An argument that is not UTF-8 comes in as half characters."""
    wanted = plain(BOT.encode())
    wanted["spec"]["lifecycle"] = {"paused": {"by": "ana@example.com", "reason": text}}
    with pytest.raises(StallingError) as error:
        rewrite(BOT.encode(), wanted)
    assert (error.value.ref, error.value.diagnostic.message.partition(":")[0]) == (
        "MH-ACT-005",
        "no manifest can hold the value",
    )
