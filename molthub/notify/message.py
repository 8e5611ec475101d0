"""The body of a notification: what Slack's incoming webhooks show, with the same as data beside it. Pure.

Names and reasons come from Git and AWS, and whoever writes those must not be able to ping a channel or to plant a link.
In `text` and in mrkdwn, `&`, `<` and `>` are escaped, without which Slack knows neither mentions nor links
(docs.slack.dev/messaging/formatting-message-text), automatic linking is off (`verbatim`), and what other chat programs
would link or ping by itself is broken with a zero-width space. Reasons are `plain_text`, which has no markup at all.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from molthub.events.notices import Notice, NoticeKind

FORMAT = "molthub.dev/notification/v1"

SHOWN = 20
"""Instances shown in one message; Slack takes 50 blocks, and an instance takes two. The data has them all."""

LONGEST_REASON = 300
BREAK = "\u200b"

_ORDER = (NoticeKind.FAILED, NoticeKind.BLOCKED, NoticeKind.DRIFTED, NoticeKind.RECOVERED)


def compose(notices: Sequence[Notice], *, at: datetime) -> bytes:
    """The request's body for these notices (at least one), the oldest first."""
    headline = _headline(notices)
    shown = notices[:SHOWN]
    left = len(notices) - len(shown)
    more = [f"and {left} more"] if left else []
    lines = [_line(notice) for notice in shown]
    return _body(
        text="\n".join([headline, *lines, *more]),
        blocks=[
            _section(f"*{headline}*"),
            *(block for notice in shown for block in _blocks(notice)),
            *(_section(line) for line in more),
        ],
        data={"sentAt": at.isoformat(), "notices": [_datum(notice) for notice in notices]},
    )


def compose_test(*, at: datetime, sender: str) -> bytes:
    """The body of a message that only says that messages arrive. sender: who sends it."""
    text = f"A test of Molthub's notifications, sent by {escaped(sender)}."
    return _body(text=text, blocks=[_section(text)], data={"sentAt": at.isoformat(), "notices": [], "test": True})


def escaped(text: str) -> str:
    """The text on one line, as Slack shows it and obeys nothing in it."""
    line = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"{char}{BREAK}" if char in "*_~`" else char for char in line)


def plain(text: str) -> str:
    """The text on one line, without control and formatting characters, and with nothing to be linked or pinged."""
    line = " ".join("".join(char if _is_shown(char) else " " for char in text).split())
    line = line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"
    return line.replace("@", f"@{BREAK}").replace("://", f":{BREAK}//").replace("www.", f"www{BREAK}.")


def _is_shown(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _body(*, text: str, blocks: list[dict[str, Any]], data: dict[str, Any]) -> bytes:
    whole = {
        "text": text,
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
        "molthub": {"format": FORMAT, **data},
    }
    return json.dumps(whole, ensure_ascii=True, separators=(",", ":")).encode()


def _headline(notices: Sequence[Notice]) -> str:
    """`Molthub acme-bots: 2 failed, 1 recovered`."""
    counts = Counter(notice.kind for notice in notices)
    fleets = ", ".join(sorted({escaped(notice.identity.fleet) for notice in notices}))
    return f"Molthub {fleets}: " + ", ".join(f"{counts[kind]} {kind}" for kind in _ORDER if counts[kind])


def _line(notice: Notice) -> str:
    ref = f" ({notice.ref})" if notice.ref else ""
    return f"{notice.kind} {escaped(notice.name)}: {escaped(notice.message)}{ref}"


def _blocks(notice: Notice) -> list[dict[str, Any]]:
    details = [notice.ref] if notice.ref else []
    details += [f"commit {notice.commit[:12]}"] if notice.commit else []
    said = plain(" · ".join([notice.message, *details]))
    words = {"type": "plain_text", "text": said or "-", "emoji": False}
    return [
        _section(f"*{notice.kind}* {escaped(notice.name)}"),
        {"type": "context", "elements": [words]},
    ]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _datum(notice: Notice) -> dict[str, Any]:
    return {
        "at": notice.at.isoformat(),
        "fleet": notice.identity.fleet,
        "workspace": notice.identity.workspace,
        "environment": notice.identity.environment,
        "id": notice.identity.id,
        "name": notice.name,
        "kind": notice.kind.value,
        "message": notice.message,
        "ref": notice.ref,
        "commit": notice.commit,
    }
