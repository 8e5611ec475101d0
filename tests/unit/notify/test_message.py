"""What a notification says, and what nobody can make it say or do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.events.notices import Notice, NoticeKind
from molthub.health.types import Health, Status, StatusRecord
from molthub.notify.conditions import notice_of
from molthub.notify.message import compose, compose_test, escaped, plain
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BOT = Identity("acme-bots", "acme", "prod", "support-bot")
HOSTILE = "<!channel> <https://evil.example.com|click> @here & *bold* `x`\nsecond\u202eline https://evil.example.com"


def a_notice(kind: NoticeKind = NoticeKind.FAILED, message: str = "the last deployment failed", **more: Any) -> Notice:
    return Notice(NOW, BOT, "acme/prod/support-bot", kind, message, **more)


def body(*notices: Notice) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compose(notices, at=NOW))
    return found


def test_a_message_is_for_slack_and_for_programs() -> None:
    found = body(a_notice(ref="MH-PLAN-004", commit="c" * 40), a_notice(NoticeKind.RECOVERED, "well again"))
    assert found["text"].splitlines() == [
        "Molthub acme-bots: 1 failed, 1 recovered",
        "failed acme/prod/support-bot: the last deployment failed (MH-PLAN-004)",
        "recovered acme/prod/support-bot: well again",
    ]
    assert found["blocks"][:3] == [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*Molthub acme-bots: 1 failed, 1 recovered*", "verbatim": True},
        },
        {"type": "section", "text": {"type": "mrkdwn", "text": "*failed* acme/prod/support-bot", "verbatim": True}},
        {
            "type": "context",
            "elements": [
                {
                    "type": "plain_text",
                    "text": "the last deployment failed · MH-PLAN-004 · commit cccccccccccc",
                    "emoji": False,
                }
            ],
        },
    ]
    assert (found["unfurl_links"], found["unfurl_media"]) == (False, False)
    assert found["molthub"] == {
        "format": "molthub.dev/notification/v1",
        "sentAt": "2026-11-23T10:00:00+00:00",
        "notices": [
            {
                "at": "2026-11-23T10:00:00+00:00",
                "fleet": "acme-bots",
                "workspace": "acme",
                "environment": "prod",
                "id": "support-bot",
                "name": "acme/prod/support-bot",
                "kind": kind,
                "message": message,
                "ref": ref,
                "commit": commit,
            }
            for kind, message, ref, commit in [
                ("failed", "the last deployment failed", "MH-PLAN-004", "c" * 40),
                ("recovered", "well again", "", None),
            ]
        ],
    }


def texts(found: Any) -> list[str]:
    """Every text that a person is shown."""
    if isinstance(found, dict):
        return [text for key, value in found.items() if key != "molthub" for text in texts(value)]
    if isinstance(found, list):
        return [text for value in found for text in texts(value)]
    return [found] if isinstance(found, str) else []


def test_nobody_is_pinged_and_nothing_is_linked_by_what_is_told() -> None:
    notice = Notice(NOW, BOT, HOSTILE, NoticeKind.BLOCKED, HOSTILE, ref="MH-X-001")
    shown = texts(body(notice))
    mrkdwn = [text for text in shown if "&lt;!channel&gt;" in text]
    assert len(mrkdwn) == 2, "the name in its section, and the fallback"
    for text in mrkdwn:
        assert "<" not in text
        assert ">" not in text
    for text in shown:
        assert "@here" not in text
        assert "://" not in text
        assert "\u202e" not in text
    assert sum("\n" in text for text in shown) == 1, "lines are ours: the fallback has one a notice"
    assert escaped("a*b_c") == "a*\u200bb_\u200bc"
    assert plain("x" * 500) == "x" * 299 + "…"


def test_many_at_once_are_one_message_within_slacks_limits() -> None:
    found = body(*[a_notice(message=f"{number} " + "&" * 400) for number in range(100)])
    assert len(found["blocks"]) <= 50
    assert found["blocks"][-1]["text"]["text"] == "and 80 more"
    assert all(len(block["text"]["text"]) <= 3000 for block in found["blocks"] if block["type"] == "section")
    assert len(found["text"]) <= 40_000
    assert len(found["molthub"]["notices"]) == 100
    assert found["text"].startswith("Molthub acme-bots: 100 failed\n")


def test_a_test_message_tells_nothing_of_any_instance() -> None:
    found = json.loads(compose_test(at=NOW, sender="ana on <host>"))
    assert found["text"] == "A test of Molthub's notifications, sent by ana on &lt;host&gt;."
    assert (found["molthub"]["notices"], found["molthub"]["test"]) == ([], True)


def a_record(sync: Verdict, health: Health, **more: Any) -> StatusRecord:
    return StatusRecord(BOT, "acme/prod/support-bot", Status.RUNNING, sync, health, **more)


@pytest.mark.parametrize(
    ("record", "stuck", "kind", "message"),
    [
        (a_record(Verdict.SYNCED, Health.HEALTHY), False, "recovered", "well again, and as its manifest says"),
        (a_record(Verdict.SUSPENDED, Health.STOPPED), False, "recovered", "well again, and as its manifest says"),
        (a_record(Verdict.BLOCKED, Health.HEALTHY, last_error="MH-IMG-001 no tag"), False, "blocked", "no tag"),
        (a_record(Verdict.INVALID, Health.HEALTHY, reason="broken"), False, "blocked", "broken"),
        (a_record(Verdict.BLOCKED, Health.DEGRADED, reason="crashed"), False, "failed", "crashed"),
        (a_record(Verdict.OUT_OF_SYNC, Health.HEALTHY, last_error="MH-AWS-004 denied"), True, "failed", "denied"),
    ],
)
def test_what_a_status_is_worth_telling(record: StatusRecord, stuck: bool, kind: str, message: str) -> None:
    found = notice_of(record, at=NOW, stuck=stuck)
    assert found is not None
    assert (found.kind, found.message) == (kind, message)


@pytest.mark.parametrize(
    "record",
    [
        a_record(Verdict.UNKNOWN, Health.UNKNOWN),
        a_record(Verdict.SYNCED, Health.PROGRESSING),
        a_record(Verdict.OUT_OF_SYNC, Health.HEALTHY, last_error="MH-AWS-005 throttled"),
        a_record(Verdict.OUT_OF_SYNC, Health.MISSING),
        a_record(Verdict.SYNCED, Health.UNKNOWN),
    ],
)
def test_what_is_unknown_or_under_way_changes_no_condition(record: StatusRecord) -> None:
    assert notice_of(record, at=NOW) is None


def test_a_condition_is_news_once() -> None:
    failed, blocked = a_notice(), a_notice(NoticeKind.BLOCKED, ref="MH-IMG-001")
    recovered, drifted = a_notice(NoticeKind.RECOVERED), a_notice(NoticeKind.DRIFTED)
    assert failed.is_news_after(None)
    assert not recovered.is_news_after(None), "nothing was wrong"
    assert not a_notice(message="in other words", ref="MH-PLAN-004").is_news_after(failed)
    assert recovered.is_news_after(failed)
    assert not recovered.is_news_after(recovered)
    assert not blocked.is_news_after(blocked)
    assert a_notice(NoticeKind.BLOCKED, ref="MH-ACCESS-001").is_news_after(blocked)
    assert drifted.is_news_after(recovered)
    assert not drifted.is_news_after(failed)
