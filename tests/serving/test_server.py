"""What the server answers, whom it refuses, and how it ends."""

import concurrent.futures
import http.client
import json
import os
import signal
import socket
import threading

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.inference import grad_cam
from slimnets.serving.answers import Answers
from slimnets.serving.server import Server, ends_by_signal


def ask(server: Server, method: str, path: str, body=None, **headers):
    """Returns status, body and headers of an answer."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers
    connection.close()
    return found


def ask_json(*arguments, **headers):
    """Returns status and value of an answer in JSON."""
    status, body, answered = ask(*arguments, **headers)
    assert answered["Content-Type"] == "application/json; charset=utf-8"
    return status, json.loads(body)


def test_classes_are_those_of_the_classifier(server, classifier, photos):
    for path in photos:
        [row] = classifier.predict(path)
        status, found = ask_json(server, "POST", "/classify", path.read_bytes())
        assert status == 200
        names = [one["name"] for one in found["classes"]]
        assert names == [name for name, _ in classifier.name_top(row, 2)]
        shares = [one["probability"] for one in found["classes"]]
        np.testing.assert_allclose(shares, np.sort(row)[::-1][:2], rtol=1e-5)


@pytest.mark.parametrize("name", [None, "green"])
def test_a_class_is_explained(server, classifier, photos, name):
    path = "/explain" + (f"?class={name}" if name else "")
    status, body, headers = ask(server, "POST", path, photos[0].read_bytes())
    assert (status, headers["Content-Type"]) == (200, "image/png")
    expected = grad_cam.overlay(*classifier.explain(photos[0], name))
    np.testing.assert_array_equal(tf.io.decode_png(body), expected)


def test_it_says_what_it_serves(server):
    assert ask_json(server, "GET", "/model") == (
        200,
        {
            "network": "tiny_bn",
            "checkpoint": "model.ckpt-2",
            "classes": ["red", "green", "blue"],
            "max_bytes": server.max_bytes,
        },
    )


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js"])
def test_the_page_needs_no_other_place(server, path):
    status, body, headers = ask(server, "GET", path)
    assert status == 200 and b"//" not in body.replace(b"\n//", b"").replace(
        b" //", b""
    )
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "HEAD", path)[:2] == (200, b"")


@pytest.mark.parametrize(
    ("request_", "headers", "status", "message"),
    [
        (("POST", "/classify", b"no image"), {}, 400, "not an image"),
        (("POST", "/classify", b"\x89PNG\r\n\x1a\n"), {}, 400, "does not decode"),
        (("POST", "/explain?class=pink", None), {}, 400, "unknown class 'pink'"),
        (("POST", "/classify"), {}, 411, "Content-Length"),
        (("POST", "/classify", b"x"), {"Content-Length": "-1"}, 411, "Content-Length"),
        (("POST", "/classify", bytes(5000)), {}, 413, "--max_upload_mb"),
        (("GET", "/classify"), {}, 405, "POST a photo"),
        (("GET", "/../server.py"), {}, 404, "POST /classify"),
        (("POST", "/model", b"x"), {}, 404, "POST /classify"),
        (("PUT", "/classify", b"x"), {}, 501, "Unsupported method"),
        (("GET", "/"), {"Host": "elsewhere.example"}, 421, "'elsewhere.example'"),
        (("GET", "/"), {"Host": "[nowhere"}, 421, "'[nowhere'"),
        (("POST", "/classify", b"x"), {"Origin": "http://a.example"}, 403, "a.example"),
        (("POST", "/classify", b"x"), {"Origin": "http://[a"}, 403, "http://[a"),
    ],
)
def test_what_is_wrong_gets_one_line(
    server, photos, request_, headers, status, message
):
    if request_[-1] is None:
        request_ = (*request_[:-1], photos[0].read_bytes())
    found, value = ask_json(server, *request_, **headers)
    assert found == status and message in value["error"]
    assert "\n" not in value["error"] and "Traceback" not in value["error"]


def test_other_names_of_this_machine_are_its_own(server):
    port = server.server_address[1]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert ask(server, "GET", "/model", Host=host)[0] == 200


def test_what_fails_inside_is_not_told(server, monkeypatch, capfd):
    def fail(photo):
        raise RuntimeError("a secret\nof two lines")

    monkeypatch.setattr(server.answers, "classify", fail)
    status, value = ask_json(server, "POST", "/classify", b"x")
    assert status == 500 and "secret" not in value["error"]
    assert capfd.readouterr().err == "error: a secret\n"


def test_many_at_once(server, photos):
    contents = [path.read_bytes() for path in photos] * 8
    alone = [ask(server, "POST", "/classify", one)[1] for one in contents[:3]]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda one: ask(server, "POST", "/classify", one)[1], contents)
        )
    assert found == alone * 8


def test_a_sender_who_leaves_or_waits_disturbs_nobody(server, photos, capfd):
    for sent in (b"POST /classify HTTP/1.1\r\nHost: localhost\r\n", b"GET"):
        with socket.create_connection(server.server_address[:2]) as connection:
            connection.sendall(sent + b"Content-Length: 100\r\n\r\nhalf")
            assert ask(server, "GET", "/model")[0] == 200
    assert ask(server, "POST", "/classify", photos[0].read_bytes())[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_an_address_that_is_taken(server, classifier):
    port = server.server_address[1]
    with pytest.raises(errors.InputError, match=f"cannot listen at .*port {port}"):
        Server("127.0.0.1", port, Answers(classifier, 1), 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(classifier, number):
    before = signal.getsignal(number)
    with (
        Server("localhost", 0, Answers(classifier, 1), 1) as server,
        ends_by_signal(server),
    ):
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
        server.serve_forever(0.01)
    assert signal.getsignal(number) is before
