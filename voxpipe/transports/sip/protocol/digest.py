"""Digest authentication (RFC 8760, 7616): to a trunk that asks, and of who calls us.

``sipmessage`` has these headers too, but splits a quoted ``qop="auth,auth-int"`` at its
comma, and takes time that doubles with each ``a=""`` of a broken one: so they are read
here.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from .errors import SipMessageError

Algorithm = Literal["SHA-256", "MD5"]
ALGORITHMS: tuple[Algorithm, ...] = ("SHA-256", "MD5")  # the better one first
NONCE_LIFE = 300.0  # seconds; then a caller is asked to answer a new one
MAX_NONCES = 10_000  # remembered, of those that were answered rightly
_RANKS = {name: rank for rank, name in enumerate[str](ALGORITHMS)}
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_PARAMETER = re.compile(
    r"\s*([\w.!%*+`'~-]{1,64})\s*=\s*"
    r'(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)'
)
_MAX_PARAMETERS = 32
_QUOTED = {"username", "realm", "nonce", "uri", "response", "cnonce", "opaque"}


def parameters(value: str) -> dict[str, str]:
    """Those of a ``Digest`` header, by their names in lower case.

    Raises:
        SipMessageError: it is none.
    """
    scheme, _, rest = value.strip().partition(" ")
    found: dict[str, str] = {}
    at = 0
    while scheme.lower() == "digest" and at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None or len(found) == _MAX_PARAMETERS:
            break
        name, quoted, plain = match.groups()
        found[name.lower()] = (
            plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        )
        at = match.end()
    if not found or at < len(rest):
        raise SipMessageError("expected a header Digest name=value, …, got another")
    return found


def _digest(algorithm: str, *parts: str) -> str:
    return _HASHES[algorithm](":".join(parts).encode()).hexdigest()


def _header(values: Mapping[str, str]) -> str:
    return "Digest " + ", ".join(
        f'{name}="{_escaped(value)}"' if name in _QUOTED else f"{name}={value}"
        for name, value in values.items()
    )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _response(
    algorithm: str, password: str, method: str, given: Mapping[str, str]
) -> str:
    secret = _digest(algorithm, given["username"], given["realm"], password)
    what = _digest(algorithm, method, given["uri"])
    if "qop" not in given:  # RFC 2069
        return _digest(algorithm, secret, given["nonce"], what)
    middle = (given["nonce"], given["nc"], given["cnonce"], given["qop"])
    return _digest(algorithm, secret, *middle, what)


class Credentials:
    """A name and a password, and what is needed to answer with them.

    Args:
        username: as the trunk knows it.
        password: never sent, and in no log.
    """

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._counts: OrderedDict[str, int] = OrderedDict()  # by nonce

    def answer(self, challenges: Iterable[str], method: str, uri: str) -> str | None:
        """The header that answers the best of some challenges.

        Args:
            challenges: the values of ``WWW-Authenticate``, or of ``Proxy-…``.
            method: of the request that is to be sent again.
            uri: its request URI.

        Returns:
            ``None`` if there is none that can be answered.
        """
        best: dict[str, str] | None = None
        rank = len(ALGORITHMS)
        for value in challenges:
            try:
                asked = parameters(value)
            except SipMessageError:
                continue
            name = asked.get("algorithm", "MD5").upper()
            qops = {each.strip() for each in asked.get("qop", "auth").split(",")}
            if name not in _HASHES or "auth" not in qops or "nonce" not in asked:
                continue
            if (here := _RANKS[name]) < rank:
                best, rank = asked, here
        return None if best is None else self._answer(best, method, uri)

    def _answer(self, asked: Mapping[str, str], method: str, uri: str) -> str:
        algorithm = asked.get("algorithm", "MD5").upper()
        nonce = asked["nonce"]
        given = {
            "username": self.username,
            "realm": asked.get("realm", ""),
            "nonce": nonce,
            "uri": uri,
            "algorithm": algorithm,
        }
        if "qop" in asked:
            count = self._counts.pop(nonce, 0) + 1
            self._counts[nonce] = count
            if len(self._counts) > 8:
                self._counts.popitem(last=False)
            given |= {"qop": "auth", "nc": f"{count:08x}"}
            given["cnonce"] = secrets.token_hex(8)
        given["response"] = _response(algorithm, self._password, method, given)
        if "opaque" in asked:
            given["opaque"] = asked["opaque"]
        return _header(given)


Verdict = Literal["known", "unknown", "stale"]


class Challenger:
    """Asks who calls for a name and a password, and remembers what was answered.

    Nothing is kept of who does not answer: a nonce carries its time, and a proof that
    it was made here.

    Args:
        realm: for which the passwords are.
        users: the passwords by name.
        algorithms: that are offered, the better one first, and no others taken.
    """

    def __init__(
        self,
        realm: str,
        users: Mapping[str, str],
        algorithms: Sequence[Algorithm] = ALGORITHMS,
    ) -> None:
        self.realm = realm
        self._algorithms = algorithms
        self._users = dict(users)
        self._secret = secrets.token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()  # nonce: its highest count
        self._good_from = -math.inf

    def challenges(self, now: float, *, stale: bool = False) -> list[str]:
        """The values of ``WWW-Authenticate``, the better one first."""
        asked = {"realm": self.realm, "nonce": self._nonce(now), "qop": '"auth"'}
        if stale:
            asked["stale"] = "true"
        return [_header(asked | {"algorithm": name}) for name in self._algorithms]

    def check(self, value: str | None, method: str, now: float) -> Verdict:
        """Whether an ``Authorization`` is good, once.

        The URI in it is taken as given: proxies rewrite that of the request.
        """
        if value is None:
            return "unknown"
        try:
            given = parameters(value)
        except SipMessageError:
            return "unknown"
        wanted = {"username", "realm", "nonce", "uri", "response", "nc", "cnonce"}
        algorithm = given.get("algorithm", "MD5").upper()
        if (
            wanted - given.keys()
            or algorithm not in self._algorithms
            or given.get("qop") != "auth"
            or given["realm"] != self.realm
        ):
            return "unknown"
        password = self._users.get(given["username"], secrets.token_hex())
        right = _response(algorithm, password, method, given)
        if not hmac.compare_digest(right.encode(), given["response"].lower().encode()):
            return "unknown"
        return self._first_time(given["nonce"], given["nc"], now)

    def _first_time(self, nonce: str, count: str, now: float) -> Verdict:
        made_at = self._made_at(nonce)
        if made_at is None or not re.fullmatch("[0-9a-fA-F]{8}", count):
            return "unknown"
        used = self._used.get(nonce, 0)
        is_young = now - made_at <= NONCE_LIFE and made_at > self._good_from
        if not is_young or int(count, 16) <= used:
            return "stale"  # which a replay is, too: it cannot answer the new one
        self._used[nonce] = int(count, 16)
        self._used.move_to_end(nonce)
        if len(self._used) > MAX_NONCES:
            gone, _ = self._used.popitem(last=False)
            self._good_from = max(self._good_from, self._made_at(gone) or 0.0)
        return "known"

    def _nonce(self, now: float) -> str:
        at = f"{int(now * 1000):x}.{secrets.token_hex(8)}"
        return f"{at}.{self._proof(at)}"

    def _proof(self, at: str) -> str:
        return hmac.new(self._secret, at.encode(), "sha256").hexdigest()[:32]

    def _made_at(self, nonce: str) -> float | None:
        at, _, proof = nonce.rpartition(".")
        if not hmac.compare_digest(proof.encode(), self._proof(at).encode()):
            return None
        return int(at.partition(".")[0], 16) / 1000
