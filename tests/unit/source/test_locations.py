"""Which locations and refs are taken, and that no credential is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.source.locations import check_ref, mask, parse_location
from molthub.source.repository import open_repository
from tests.fakes.git_repositories import a_repository

FIX = "Give an https or ssh URL, or the path of a repository"


@pytest.mark.parametrize(
    ("location", "transport"),
    [
        ("ext::sh -c 'touch /tmp/x'", "ext::"),
        ("fd::17", "fd::"),
        ("::x", "::"),
        ("git://example.com/x", "git://"),
        ("http://example.com/x", "http://"),
        ("HTTP://example.com/x", "http://"),
        ("ftp://example.com/x", "ftp://"),
        ("file:///srv/fleet.git", "file://"),
        ("https::https://example.com/x", "https::"),
    ],
)
def test_every_other_transport_is_refused_by_name(location: str, transport: str) -> None:
    with pytest.raises(StallingError) as caught:
        parse_location(location)
    diagnostic = caught.value.diagnostic
    assert (diagnostic.ref, diagnostic.message, diagnostic.fix) == (
        "MH-GIT-001",
        f"the transport '{transport}' is refused",
        FIX,
    )


@pytest.mark.parametrize(
    "location",
    [
        "",
        "--upload-pack=touch x",
        "https://example.com/x\nhttps://y",
        "ssh://-oProxyCommand=x/y",
        "ssh://-oProxyCommand=x@host/y",
        "-oProxyCommand=x:y",
        "git@-oProxyCommand=x:y",
        "git@host:-x",
        "https:///x",
        "https://example.com",
        "https://example.com/x?token=abc",
        "https://example.com/x#y",
        "https://example.com:port/x",
        "https://[::1/x",
    ],
)
def test_a_location_that_could_be_read_as_an_option_is_refused(location: str) -> None:
    with pytest.raises(StallingError) as caught:
        parse_location(location)
    assert caught.value.ref == "MH-GIT-001"


@pytest.mark.parametrize(
    ("location", "label", "protocols"),
    [
        ("https://example.com/a/b.git", "https://example.com/a/b.git", ("https",)),
        ("https://ana:geheim@example.com:8443/a", "https://example.com:8443/a", ("https",)),
        ("https://token-geheim@example.com/a", "https://example.com/a", ("https",)),
        ("ssh://git:geheim@example.com/a", "ssh://git@example.com/a", ("ssh",)),
        ("git@example.com:a/b.git", "git@example.com:a/b.git", ("ssh",)),
    ],
)
def test_a_label_names_the_place_without_its_credentials(location: str, label: str, protocols: tuple[str, ...]) -> None:
    place = parse_location(location)
    assert (place.target, place.label, place.protocols) == (location, label, protocols)
    assert mask(f"fatal: {location} geheim", place.secrets).count(" geheim") == (0 if "geheim" in place.secrets else 1)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("x" * 5000, "File name too long"),
        ("git@host:" + "x" * 5000, "File name too long"),
        ("~nobody-of-that-name/fleet", "nobody here has that home"),
    ],
)
def test_a_path_that_cannot_be_looked_at_is_refused(location: str, why: str) -> None:
    with pytest.raises(StallingError) as caught:
        parse_location(location)
    assert (caught.value.ref, caught.value.diagnostic.message) == (
        "MH-GIT-001",
        f"the location is no path that can be looked at: {why}",
    )


def test_a_file_url_is_taken_only_when_allowed() -> None:
    assert parse_location("file:///srv/a%20b.git", allow_local=True).target == "/srv/a b.git"


def test_a_path_wins_over_the_ssh_shorthand_where_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_location("host:fleet").protocols == ("ssh",)
    (tmp_path / "host:fleet").mkdir()
    assert parse_location("host:fleet").path == tmp_path / "host:fleet"


def test_the_mirrors_name_gives_no_credential_away() -> None:
    key = parse_location("https://ana:geheim@example.com/a").key
    assert key.isalnum()
    assert key != parse_location("https://example.com/a").key


@pytest.mark.parametrize("ref", ["main", "feature/x-1", "v1.2.3", "refs/heads/main", "a" * 40, "käse"])
def test_a_ref_is_taken(ref: str) -> None:
    assert check_ref(ref) == ref


@pytest.mark.parametrize(
    "ref",
    [
        *("", "-x", "--output=f", "a..b", "a b", "a\nb", "a\x1bb", "a~1", "a^{tree}", "a:b", "a*", "a?", "[a", "a\\b"),
        *("@", "@{u}", "/a", "a/", "a//b", "a.", ".a", "a/.b", "a.lock", "a.lock/b", "a" * 256),
    ],
)
def test_what_git_would_not_take_as_a_ref_is_refused(ref: str) -> None:
    with pytest.raises(StallingError) as caught:
        check_ref(ref)
    assert caught.value.ref == "MH-GIT-005"
    assert caught.value.diagnostic.message == f"{ref[:80]!a} is not a ref"


def test_a_bad_ref_is_refused_when_the_repository_is_opened(tmp_path: Path) -> None:
    path = a_repository(tmp_path / "fleet")
    with pytest.raises(StallingError, match="MH-GIT-005 '--output=x' is not a ref"):
        open_repository(str(path), ref="--output=x", cache_dir=tmp_path)


def test_an_unreachable_server_is_told_without_the_password(tmp_path: Path) -> None:
    source = open_repository("https://ana:geheim@127.0.0.1:1/fleet.git", ref=None, cache_dir=tmp_path / "cache")
    for call in (source.poll, source.fetch, lambda: source.snapshot("a" * 40)):
        with pytest.raises(TransientError) as caught:
            call()
        assert caught.value.ref == "MH-GIT-003"
        assert "geheim" not in str(caught.value)
        assert "ana" not in str(caught.value)
        assert str(caught.value).startswith("error: MH-GIT-003 https://127.0.0.1:1/fleet.git cannot be reached: ")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and b"geheim" in path.read_bytes()]


@pytest.mark.parametrize("name", ["nothing", "plain", "file.yaml"])
def test_a_path_without_a_repository_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "file.yaml").write_text("")
    for mirror in (False, True):
        with pytest.raises(MolthubError) as caught:
            open_repository(str(tmp_path / name), ref=None, cache_dir=tmp_path / "c", mirror=mirror)
        assert caught.value.ref == "MH-GIT-002"


def test_a_short_user_name_is_hidden_in_urls_only() -> None:
    place = parse_location("https://git@example.com/a")
    assert mask("git: fatal: https://git@example.com/a", place.secrets) == "git: fatal: https://***@example.com/a"
