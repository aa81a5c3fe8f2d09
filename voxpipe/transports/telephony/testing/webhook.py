"""How a call begins: Twilio asks the webhook what to do, and is told by TwiML."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from voxpipe.pipeline import TransportError

from .messages import Sids

TIMEOUT = 15.0  # seconds; what Twilio waits for a webhook
MAX_REASON = 500  # bytes of a refusal
MAX_TWIML = 64 * 1024  # bytes; Twilio takes no longer TwiML (error 11750)


class CallRefused(TransportError):
    """The server did not take the call.

    Attributes:
        status: of the HTTP response; 200 where the answer was a proper one, and no.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Stream:
    """What the TwiML asks for.

    Attributes:
        url: where Twilio is to connect to.
        parameters: what it is to pass on.
    """

    url: str
    parameters: Mapping[str, str] = field(repr=False)


def form(
    sids: Sids, caller: str, called: str, *, status: str = "ringing"
) -> dict[str, str]:
    """What Twilio tells a webhook of an incoming call, and at its end."""
    return {
        "AccountSid": sids.account,
        "ApiVersion": "2010-04-01",
        "CallSid": sids.call,
        "CallStatus": status,
        "Called": called,
        "Caller": caller,
        "Direction": "inbound",
        "From": caller,
        "To": called,
    }


def signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """Twilio's: HMAC-SHA1 of the url and the sorted fields, run together; as base64.

    Source: twilio.com/docs/usage/security#validating-requests.
    """
    text = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def post(
    url: str, fields: Mapping[str, str] | str, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Send a form, or any text, and wait for the answer: status and body. Blocks.

    Raises:
        TransportError: nobody answers there.
    """
    parts = urlsplit(url)
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = kind[parts.scheme](parts.netloc, timeout=TIMEOUT)
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    try:
        connection.request(
            "POST",
            target,
            fields if isinstance(fields, str) else urlencode(fields),
            {"Content-Type": "application/x-www-form-urlencoded", **headers},
        )
        response = connection.getresponse()
        return response.status, response.read(MAX_TWIML + 1)
    except (OSError, http.client.HTTPException) as error:
        raise TransportError(
            f"no answer from {parts.netloc}: {type(error).__name__}"
        ) from error
    finally:
        connection.close()


def stream_of(status: int, body: bytes) -> Stream:
    """What a webhook has answered.

    Raises:
        CallRefused: with anything that does not connect the call to a stream.
    """
    if status != 200:
        raise CallRefused(
            f"the webhook answered HTTP {status}{_why(body)}", status=status
        )
    if len(body) > MAX_TWIML:
        raise CallRefused(f"the TwiML is longer than {MAX_TWIML} bytes", status=status)
    try:
        # What the server under test says; expat refuses entities that multiply.
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise CallRefused(
            f"the webhook's answer is no TwiML: {error}", status=status
        ) from None
    stream = root.find("./Connect/Stream")
    if root.tag != "Response" or stream is None:
        verbs = ", ".join(each.tag for each in root) or "nothing"
        raise CallRefused(
            f"expected <Response><Connect><Stream>, got {verbs} in <{root.tag}>",
            status=status,
        )
    passed = {
        each.get("name", ""): each.get("value", "")
        for each in stream.findall("Parameter")
    }
    return Stream(_checked(stream.get("url", "")), passed)


def _why(body: bytes) -> str:
    """What a webhook says of its refusal, where it says it in words."""
    words = body[:MAX_REASON].decode("utf-8", "replace").strip()
    return f": {words}" if words.isprintable() and words[:1] not in ("", "<") else ""


def _checked(url: str) -> str:
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and local):
        raise CallRefused(
            f"a <Stream> needs a wss:// url, not {parts.scheme}:// (error 31922)",
            status=200,
        )
    if parts.query:
        raise CallRefused(
            "the url of a <Stream> takes no query: use <Parameter> (error 31920)",
            status=200,
        )
    return url
