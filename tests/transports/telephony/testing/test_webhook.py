from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from voxpipe.pipeline import TransportError
from voxpipe.transports.telephony.testing import CallRefused, Sids
from voxpipe.transports.telephony.testing.webhook import (
    MAX_TWIML,
    form,
    post,
    signature,
    stream_of,
)

SIDS = Sids("ACa", "CAb", "MZc")


def test_a_request_is_signed_as_in_twilios_own_example() -> None:
    # twilio.com/docs/usage/security: this url, these fields and the token 12345.
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, fields) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_a_webhook_is_told_who_calls_whom() -> None:
    fields = form(SIDS, "+1", "+2")
    assert (fields["From"], fields["To"]) == ("+1", "+2")
    assert (fields["CallSid"], fields["CallStatus"]) == ("CAb", "ringing")


def test_twiml_says_where_to_connect_to_and_what_to_pass_on() -> None:
    stream = stream_of(
        200,
        b"""<?xml version="1.0" encoding="UTF-8"?>
        <Response><Connect><Stream url="wss://a.example/twilio">
            <Parameter name="who" value="Ada &amp; Bob"/><Parameter name="n" value=""/>
        </Stream></Connect></Response>""",
    )
    assert stream.url == "wss://a.example/twilio"
    assert stream.parameters == {"who": "Ada & Bob", "n": ""}
    assert "Ada" not in repr(stream)


def twiml(url: str) -> bytes:
    return f'<Response><Connect><Stream url="{url}"/></Connect></Response>'.encode()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (503, b"", "the webhook answered HTTP 503$"),
        (503, b"<Response/>", "the webhook answered HTTP 503$"),
        (404, b"\xff\x00", "the webhook answered HTTP 404$"),
        (
            403,
            b"give --public-url\n",
            "the webhook answered HTTP 403: give --public-url$",
        ),
        (200, b"<Response>", "is no TwiML"),
        (200, b"", "is no TwiML"),
        (200, b"<Response><Reject/></Response>", "got Reject in <Response>"),
        (200, b"<Response/>", "got nothing in <Response>"),
        (200, twiml("ws://a.example/x"), "needs a wss:// url, not ws://"),
        (200, twiml(""), "needs a wss:// url"),
        (200, twiml("wss://a.example/x?token=1"), "takes no query"),
        (200, bytes(MAX_TWIML + 1), "longer than 65536 bytes"),
    ],
)
def test_any_other_answer_refuses_the_call(status: int, body: bytes, why: str) -> None:
    with pytest.raises(CallRefused, match=why) as caught:
        stream_of(status, body)
    assert caught.value.status == status


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_without_tls_a_stream_can_only_be_on_this_machine(host: str) -> None:
    assert stream_of(200, twiml(f"ws://{host}/x")).url == f"ws://{host}/x"


@contextmanager
def webhook(status: int, body: bytes) -> Generator[tuple[str, list[str]]]:
    """A server that answers every POST the same, and keeps what it was told."""
    told: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.extend([self.path, self.headers["X-Twilio-Signature"]])
            told.append(self.rfile.read(length).decode())
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not into the tests' output."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()
        thread.join()


def test_a_form_is_posted_with_its_signature() -> None:
    with webhook(418, b"tea") as (url, told):
        headers = {"X-Twilio-Signature": "abc="}
        status, body = post(url + "/answer?a=1", {"From": "+1 5&"}, headers)
    path, signed, fields = told
    assert (status, body) == (418, b"tea")
    assert (path, signed) == ("/answer?a=1", "abc=")
    assert parse_qs(fields) == {"From": ["+1 5&"]}


def test_a_webhook_that_is_not_there_is_a_transport_error() -> None:
    with webhook(200, b"") as (url, _):
        pass
    with pytest.raises(TransportError, match="no answer from 127"):
        post(url + "/answer", {}, {})
