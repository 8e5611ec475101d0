"""Signing and verifying."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from molthub.gate.signature import Claim, Mode, claim, mac, sign, verify

OLD, NEW = b"the-old-key", b"the-new-key"


def test_what_is_signed() -> None:
    body = b"\xff\x00 bytes"
    expected = hmac.new(NEW, b"v1:1790000000:POST:/hooks/agent:" + body, hashlib.sha256).hexdigest()
    assert sign(NEW, timestamp=1790000000, path=b"/hooks/agent", body=body) == {
        "X-Molthub-Timestamp": "1790000000",
        "X-Molthub-Signature": f"v1={expected}",
    }


def test_slacks_own_example() -> None:
    """From https://docs.slack.dev/authentication/verifying-requests-from-slack, whose secret is no secret."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
        b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = sign(
        b"8f742231b10e" + b"8888abcd99yyyzzz85a5", timestamp=1531420618, path=b"", body=body, mode=Mode.SLACK
    )
    assert headers == {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }


@pytest.mark.parametrize("mode", Mode)
def test_a_signature_is_good_with_any_key_and_names_the_message_the_same(mode: Mode) -> None:
    def verified(key: bytes, *, path: bytes = b"/a", body: bytes = b"b", timestamp: int = 5) -> bytes | None:
        found = Claim(5, mac(mode, key, timestamp=5, path=b"/a", body=b"b"))
        return verify(mode, (NEW, OLD), Claim(timestamp, found.mac), path=path, body=body)

    assert verified(NEW) == verified(OLD) == mac(mode, NEW, timestamp=5, path=b"/a", body=b"b")
    assert verified(b"another") is None
    assert verified(NEW, body=b"c") is None
    assert verified(NEW, timestamp=6) is None
    assert (verified(NEW, path=b"/c") is None) == (mode is Mode.SIGNED)


def test_no_digit_slides_between_timestamp_and_body() -> None:
    one = mac(Mode.SLACK, NEW, timestamp=1, path=b"", body=b"2")
    assert one != mac(Mode.SLACK, NEW, timestamp=12, path=b"", body=b"")


HEX = b"0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("timestamp", "signature", "good"),
    [
        (b"1790000000", b"v1=" + HEX, True),
        (b"1790000000", b"v0=" + HEX, False),
        (b"1790000000", HEX, False),
        (b"1790000000", b"v1=" + HEX.upper(), False),
        (b"1790000000", b"v1=" + HEX[:-1], False),
        (b"1790000000", b"v1=" + HEX + b"0", False),
        (b"1790000000", b"v1=" + HEX + b",v1=" + HEX, False),
        (b"1790000000\n", b"v1=" + HEX, False),
        (b"1790000000", b"v1=" + HEX + b"\n", False),
        (b"+1790000000", b"v1=" + HEX, False),
        (b"-1", b"v1=" + HEX, False),
        (b"0", b"v1=" + HEX, False),
        (b"1_790_000_000", b"v1=" + HEX, False),
        ("１７９".encode(), b"v1=" + HEX, False),
        (b"9" * 16, b"v1=" + HEX, False),
        (b"", b"v1=" + HEX, False),
    ],
)
def test_a_claim_has_one_spelling(timestamp: bytes, signature: bytes, good: bool) -> None:
    found = claim(Mode.SIGNED, {b"x-molthub-timestamp": timestamp, b"x-molthub-signature": signature})
    assert found == (Claim(1790000000, bytes.fromhex(HEX.decode())) if good else None)
