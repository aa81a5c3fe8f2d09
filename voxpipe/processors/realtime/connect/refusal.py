"""What a refused request says, in words that hold no key.

The service says in the body why it refuses: the country, the quota, the project. Its
message is shown when there was nothing in the request that it could quote but the key
and the address; these are taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlsplit

from voxpipe.processors.realtime.errors import SessionRefused

from .host import Address

LONGEST_WAIT = 3_600.0  # seconds; what asks for more has not understood the question
MAX_WORDS = 300  # characters of the service's message

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # anything else could quote the request
# Whatever looks like a key, whole or with its middle starred out.
_KEY = re.compile(
    r"\b(sk|ek|pk|sess)[-_][^\s\"'<>]+|\beyJ[\w.-]+|[^\s\"'<>]*\*{3}[^\s\"'<>]*"
)
_SHOWN = {"model", "call_id", "intent"}  # of the query: the program's own words
_CURES: Mapping[str | int, str] = {
    "DeploymentNotFound": "model= is the name of a deployment of this resource",
    "insufficient_quota": "the account has no credit left: see its billing page",
    "model_not_found": "check model=, and whether the key's project may use it",
    "unsupported_country_region_territory": "ask from a country that is served",
    400: "the host has no realtime model of this name (Azure's are deployments)",
    401: "check the API key",
    403: "the key's project may not do this, or not from here",
    429: "ask less often, or wait",
    503: "the service is overloaded: wait",
}


def refused(
    address: Address, status: int, headers: Mapping[str, str], body: bytes
) -> SessionRefused:
    """The error that the answer to an upgrade amounts to.

    Args:
        address: that was asked.
        status: of the answer, anything but 101.
        headers: of it, their names in small letters.
        body: of it.
    """
    told = _json(body)
    code, words = code_of(told), _words_of(told)
    if not words and headers.get("content-type", "").startswith("text/plain"):
        words = body.decode("utf-8", "replace")
    words = _shortened(_without_keys(_in_a_line(words), address))
    code = _without_keys(code, address)
    wait = wait_of(headers)
    parts = [
        f"{address.host} refused the connection with HTTP {status}",
        f"{code} ({words})" if code and words else code or words,
        _cure(address, status, headers, code),
    ]
    text = ": ".join(filter(None, parts))
    if wait is not None:
        text += f"; it may be asked again in {wait:g} s"
    return SessionRefused(text, code, status=status, retry_after=wait)


def code_of(body: object) -> str:
    """The service's word for what is wrong in a refusal's JSON; may be empty."""
    error: object = _field(body, "error")
    for name in ("code", "type"):
        value = _field(error, name)
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return ""


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds until it may be asked again, as it is said in one of three ways."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return min(milliseconds / 1_000, LONGEST_WAIT)
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is None and text:
        try:
            then = parsedate_to_datetime(text)
        except ValueError:
            return None
        if then.tzinfo is None:
            then = then.replace(tzinfo=UTC)
        seconds = max(0.0, (then - datetime.now(UTC)).total_seconds())
    return None if seconds is None else min(seconds, LONGEST_WAIT)


def _cure(address: Address, status: int, headers: Mapping[str, str], code: str) -> str:
    if 300 <= status < 400:
        there = urlsplit(headers.get("location", "")).hostname
        elsewhere = f"{there}'s" if there and there.isascii() else "the other one's"
        return f"it sends elsewhere, where no key follows: give {elsewhere} base URL"
    if status == 404 and code not in _CURES:
        scheme, _, path, _, _ = urlsplit(address.url)
        base, _, _ = path.partition("/realtime")
        if not base.endswith("/v1"):
            there = f"{scheme.replace('ws', 'http', 1)}://{address.host}/v1"
            return f"the base URL has no /v1 at its end: {there}"
        return "there is no realtime API at this base URL, or no such model"
    return _CURES.get(code) or _CURES.get(status, "")


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _words_of(body: object) -> str:
    """The message, where OpenAI, Azure and gateways have it."""
    error = _field(body, "error")
    for holder, name in ((error, "message"), (body, "message"), (body, "detail")):
        words = _field(holder, name)
        if isinstance(words, str):
            return words
    return error if isinstance(error, str) else ""


def _without_keys(words: str, address: Address) -> str:
    query = parse_qsl(urlsplit(address.url).query)
    secrets = [value for name, value in query if name not in _SHOWN]
    secrets += [address.key.get_secret_value(), *address.says.values()]
    # As they are, and as they stand in a URL that is quoted.
    forms = {form for each in secrets for form in (each, quote(each), quote(each, ""))}
    for form in sorted(filter(None, forms), key=len, reverse=True):
        words = re.sub(re.escape(form), "…", words, flags=re.IGNORECASE)
    return _KEY.sub("…", words)


def _in_a_line(words: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _shortened(words: str) -> str:
    cut = len(words) > MAX_WORDS
    return f"{words[:MAX_WORDS]}…" if cut else words.removesuffix(".")


def _field(value: object, name: str) -> object:
    return cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else None
