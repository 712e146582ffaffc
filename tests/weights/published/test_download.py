"""One file from a server that does what servers do."""

import concurrent.futures
import errno
import gzip
import hashlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from slimnets import errors, user_cache
from slimnets.nets.published import PublishedWeights
from slimnets.weights.published import cache, download, transfer

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()


def weights(mirror, path="/it.bin", **facts):
    return PublishedWeights("lenet", "ours", mirror.url(path), **facts)


def listed(home):
    return sorted(p.name for p in home.rglob("*") if p.is_file())


def test_a_file_is_downloaded_once(mirror):
    mirror.files["/it.bin"] = CONTENT
    facts = [
        dict(sha256=SHA256, size=len(CONTENT)),
        dict(sha256=SHA256[:8]),
        dict(md5=MD5),
        {},
    ]
    for known in facts:
        path = download.get_file(weights(mirror, **known), print)
        assert path.read_bytes() == CONTENT
    assert len(mirror.requests) == 1


def test_the_first_hash_is_said_and_compared_afterwards(mirror, home):
    mirror.files["/it.bin"] = CONTENT
    lines = []
    path = download.get_file(weights(mirror), lines.append)
    assert f"SHA-256 {SHA256}, 300,000 bytes, is noted" in lines[1]
    path.unlink()
    mirror.files["/it.bin"] = CONTENT[:-1] + b"?"
    with pytest.raises(errors.InputError, match=r"the one of its first download") as e:
        download.get_file(weights(mirror), lines.append)
    assert str(cache.locate_hashes(mirror.url("/it.bin"))) in str(e.value)
    assert listed(home) == ["it.bin.json"]  # the hash


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"sha256": "0" * 64}, "its SHA-256 is"),
        ({"sha256": "0" * 8}, "its SHA-256 is"),
        ({"md5": "0" * 32}, "its MD5 is"),
        ({"size": 7}, "its size is 300,000 bytes, not 7"),
    ],
)
def test_a_wrong_hash_leaves_nothing(mirror, home, facts, says):
    mirror.files["/it.bin"] = CONTENT
    with pytest.raises(errors.InputError, match=says):
        download.get_file(weights(mirror, **facts), print)
    assert not listed(home)


def test_a_file_in_the_cache_that_was_changed_is_removed(mirror, home):
    mirror.files["/it.bin"] = CONTENT
    known = weights(mirror, sha256=SHA256)
    download.get_file(known, print).write_bytes(CONTENT[:1000])
    with pytest.raises(errors.InputError, match="was removed"):
        download.get_file(known, print)
    assert download.get_file(known, print).read_bytes() == CONTENT


def test_a_cut_transfer_goes_on(mirror):
    mirror.files["/it.bin"] = CONTENT
    mirror.cuts["/it.bin"] = [100_000, 50_000]
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT
    asked = [begin for _, begin in mirror.requests]
    assert asked == ["", "bytes=98304-", "bytes=147456-"]  # whole blocks


def test_a_later_command_goes_on(mirror, home):
    mirror.files["/it.bin"] = CONTENT
    mirror.cuts["/it.bin"] = [100_000, 0, 0, 0, 0]
    with pytest.raises(transfer.NotAvailable, match="was cut off after 98,304 bytes"):
        download.get_file(weights(mirror, sha256=SHA256), print)
    assert "it.bin" not in listed(home)
    mirror.cuts.clear()
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT
    assert mirror.requests[-1] == ("/it.bin", "bytes=98304-")
    assert listed(home) == ["it.bin", "it.bin.json"]


def test_what_was_there_of_another_file_is_left(mirror):
    mirror.files["/it.bin"] = b"x" * 200_000
    mirror.cuts["/it.bin"] = [100_000, 0, 0, 0]
    with pytest.raises(transfer.NotAvailable):
        download.get_file(weights(mirror, sha256=SHA256), print)
    mirror.cuts.clear()
    mirror.files["/it.bin"], mirror.etag = CONTENT, '"two"'
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT


def test_a_part_that_is_wrong_is_downloaded_again(mirror):
    """A server that knows its file by the same tag and serves another."""
    mirror.files["/it.bin"] = b"x" * 300_000
    mirror.cuts["/it.bin"] = [100_000, 0, 0, 0]
    with pytest.raises(transfer.NotAvailable):
        download.get_file(weights(mirror, sha256=SHA256), print)
    mirror.cuts.clear()
    mirror.files["/it.bin"] = CONTENT
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT


def test_redirected_and_slow(mirror):
    mirror.files["/it.bin"] = CONTENT
    mirror.redirects["/moved"] = "/it.bin"
    mirror.pause = 0.01
    path = download.get_file(weights(mirror, "/moved", sha256=SHA256), print)
    assert path.read_bytes() == CONTENT and path.name == "moved"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("/moved", "Exceeded 30 redirects"),
        ("file:///etc/passwd", "No connection adapters were found for 'file:"),
        ("http://[::1/it", "leads to no URL"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_one_line(mirror, home, place, says):
    mirror.redirects["/moved"] = place
    with pytest.raises(transfer.NotAvailable, match=says) as caught:
        download.get_file(weights(mirror, "/moved"), print)
    assert not isinstance(caught.value, download.Unreachable)  # others are tried
    assert not listed(home)


def test_another_part_than_asked_for_is_not_taken(mirror, home):
    """Nobody published its hash: a file put together wrongly would be kept for good."""
    mirror.files["/it.bin"] = CONTENT
    mirror.cuts["/it.bin"] = [100_000]
    mirror.shift["/it.bin"] = 5000
    path = download.get_file(weights(mirror), print)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in mirror.requests] == ["", "bytes=98304-", ""]


def test_a_server_that_packs_what_it_sends(mirror):
    mirror.files["/it.bin"] = gzip.compress(CONTENT)
    mirror.headers["/it.bin"] = {"Content-Encoding": "gzip"}
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_an_archive_is_kept_as_it_is_whatever_the_server_calls_it(mirror, encoding):
    packed = gzip.compress(CONTENT, mtime=0)
    mirror.files["/it.tgz"] = packed
    mirror.headers["/it.tgz"] = {"Content-Encoding": encoding}
    given = weights(mirror, "/it.tgz", sha256=hashlib.sha256(packed).hexdigest())
    assert download.get_file(given, print).read_bytes() == packed


def test_a_password_is_shown_nowhere(mirror, home, capsys):
    mirror.files["/it.bin"] = CONTENT
    address = mirror.address.replace("http://", "http://me:secret@")
    good, missing = (
        PublishedWeights("lenet", f"{address}{path}", f"{address}{path}")
        for path in ("/it.bin", "/other.bin")
    )
    assert download.get_file(good, print).read_bytes() == CONTENT
    with pytest.raises(transfer.NotAvailable) as caught:
        download.get_file(missing, print)
    host = mirror.address.removeprefix("http://")
    assert f"http://{host}/other.bin is not to be had" in str(caught.value)
    kept = "".join(
        str(path) + path.read_text("latin-1")
        for path in home.rglob("*")
        if path.is_file()
    )
    assert host.replace(":", "%3A") in kept or host in kept
    assert "secret" not in kept + capsys.readouterr().out + str(caught.value)


def test_a_length_that_is_no_number(mirror):
    mirror.files["/it.bin"] = CONTENT
    mirror.headers["/it.bin"] = {"Content-Length": "\xb2", "Connection": "close"}
    path = download.get_file(weights(mirror, sha256=SHA256), print)
    assert path.read_bytes() == CONTENT


def test_an_empty_file_is_not_kept(mirror, home):
    mirror.files["/it.bin"] = b""
    with pytest.raises(transfer.NotAvailable, match=r"it\.bin is an empty file"):
        download.get_file(weights(mirror), print)
    assert not listed(home)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_one_line(mirror, home, status):
    mirror.status["/it.bin"] = status
    with pytest.raises(transfer.NotAvailable, match=rf"is not to be had: {status} "):
        download.get_file(weights(mirror), print)
    assert not listed(home)
    assert len(mirror.requests) == 1


def test_a_server_in_trouble_is_asked_again(mirror):
    mirror.status["/it.bin"] = 503
    with pytest.raises(
        transfer.NotAvailable, match="to be had: the server answers 503"
    ):
        download.get_file(weights(mirror), print)
    assert len(mirror.requests) == 4


def test_without_network_the_line_says_where_to_put_the_file(home):
    facts = PublishedWeights("lenet", "ours", "http://127.0.0.1:9/it.bin")
    with pytest.raises(transfer.NotAvailable) as caught:
        download.get_file(facts, print)
    path = cache.locate_download(facts.url)
    assert "cannot reach 127.0.0.1:9 (" in str(caught.value)
    assert f"put it here as {path}, then" in str(caught.value)
    assert "\n" not in str(caught.value)
    path.write_bytes(CONTENT)
    assert download.get_file(facts, print) == path


def test_no_space_left(mirror, home, monkeypatch):
    mirror.files["/it.bin"] = CONTENT

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(transfer, "_receive", full)
    with pytest.raises(errors.InputError, match="No space left on device; give"):
        download.get_file(weights(mirror), print)
    assert not listed(home)


def test_a_url_stays_below_its_folder():
    for url in ("http://h/../../etc/passwd", "http://h/%2e%2e/%2e%2e/x", "http://h//a"):
        path = cache.locate_download(url)
        assert (user_cache.get_home() / "downloads" / "h") in path.parents
        assert ".." not in path.parts


def test_two_at_once_download_it_once(mirror):
    """As two processes would: each opens the lock's file for itself."""
    mirror.files["/it.bin"] = CONTENT
    mirror.pause = 0.02
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        known = weights(mirror, sha256=SHA256)
        both = [pool.submit(download.get_file, known, print) for _ in range(2)]
        sizes = [future.result().stat().st_size for future in both]
    assert sizes == [len(CONTENT)] * 2
    assert len(mirror.requests) == 1


GET = (
    "import sys; from slimnets.nets.published import PublishedWeights\n"
    "from slimnets.weights.published import download\n"
    "known = PublishedWeights('lenet', 'ours', sys.argv[1], sha256=sys.argv[2])\n"
    "print(download.get_file(known, print).stat().st_size)"
)


@pytest.mark.slow
def test_a_killed_download_goes_on(mirror, home):
    mirror.files["/it.bin"] = CONTENT
    mirror.pause = 0.2
    url = mirror.url("/it.bin")
    process = subprocess.Popen([sys.executable, "-c", GET, url, SHA256])
    part = cache.locate_download(url).with_name("it.bin.part")
    while not part.exists() or part.stat().st_size < 1 << 16:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not cache.locate_download(url).exists()
    known = weights(mirror, sha256=SHA256)
    assert download.get_file(known, print).read_bytes() == CONTENT
    assert mirror.requests[-1][1]  # only the rest was asked for
