"""Who may call: carriers by what they sign, else this machine; and no web pages."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from voxpipe.pipeline import ConfigurationError
from voxpipe.transports.asgi import Scope
from voxpipe.transports.telephony.asgi import header, split_path

from .carrier import Carrier
from .nearby import why_elsewhere

_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Guard:
    """Knows who asks, if it is given what that takes.

    With a public URL everybody is checked, and a carrier without credentials gets
    nothing; without it nobody is, and only this machine may call.

    Args:
        public_url: under which the server is reached from outside.
        carriers: who may call.
        insecure: let anybody call, by whatever way they come.
        origins: web pages that may open a stream.

    Attributes:
        checks: signatures and tickets are asked for.

    Raises:
        ConfigurationError: these do not go together.
    """

    def __init__(
        self,
        public_url: str | None,
        carriers: Collection[Carrier],
        *,
        insecure: bool,
        origins: Collection[str],
    ) -> None:
        known = [each for each in carriers if each.is_known]
        if known and public_url is None and not insecure:
            raise ConfigurationError(
                f"{known[0].name} has credentials, and there is no public_url: "
                "carriers sign the URL that they were given, so say which, e.g. "
                "public_url='https://calls.example.com'"
            )
        if public_url is not None and not known and not insecure:
            cures = ", or ".join(each.credentials for each in carriers)
            raise ConfigurationError(
                "public_url was given without credentials: anybody could place calls "
                f"at your cost; pass {cures}, or insecure=True if nobody else can "
                "reach this server"
            )
        self.checks = public_url is not None and not insecure
        self._insecure = insecure
        self._base = None if public_url is None else _checked(public_url)
        self._origins = frozenset(origins)

    def why_closed(self, carrier: Carrier) -> str | None:
        """Why nobody may call by this carrier; ``None`` if it is known, or all may."""
        if not self.checks or carrier.is_known:
            return None
        return (
            f"expected no call by {carrier.name}, which cannot be told from others "
            f"here: pass {carrier.credentials} (voxpipe serve: set "
            f"{' and '.join(carrier.variables)})"
        )

    def url(self, scope: Scope) -> str:
        """The URL that the carrier has asked for, with its query.

        Raises:
            ValueError: nobody knows: it is not configured, and has no proper ``Host``.
        """
        root, path = split_path(scope)
        query: bytes = scope.get("query_string", b"")
        if scope["type"] == "websocket":
            url = self.stream_url(scope, path)
        else:
            url = self._base_of(scope) + quote(root + path)
        return url + ("?" + query.decode("latin-1") if query else "")

    def stream_url(self, scope: Scope, path: str) -> str:
        """Where a stream is to be opened: ``path`` beside what was asked for.

        Raises:
            ValueError: as for `url`.
        """
        root, _ = split_path(scope)
        return "ws" + self._base_of(scope).removeprefix("http") + quote(root + path)

    def why_stranger(self, scope: Scope) -> str | None:
        """Why nobody may ask this, where nobody is checked; ``None`` if they may."""
        if self.checks or self._insecure:
            return None
        return why_elsewhere(scope)

    def is_page(self, scope: Scope) -> bool:
        """Whether a web page has sent this that has not been allowed to."""
        sent = [value for name, value in scope["headers"] if name == b"origin"]
        return any(value.decode("latin-1") not in self._origins for value in sent)

    def _base_of(self, scope: Scope) -> str:
        if self._base is not None:
            return self._base
        host = header(scope, b"host") or ""
        if not _is_host(host):
            raise ValueError(
                "expected a Host header of a name, or a number, and a port"
            )
        secure = scope.get("scheme") in ("https", "wss")
        return f"{'https' if secure else 'http'}://{host}"


def _is_host(host: str) -> bool:
    port = host.rpartition(":")[2]
    return _HOST.fullmatch(host) is not None and not (
        port.isdecimal() and int(port) > 65_535
    )


def _checked(url: str) -> str:
    parts = urlsplit(url)
    wrong = None
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in _LOOPBACK
    ):
        wrong = "it must begin with https://, carriers stream to nothing else"
    elif not parts.hostname or parts.username is not None or parts.query:
        wrong = "it must be a host, and a path if you like"
    elif "#" in url or not _is_host(parts.netloc):
        wrong = "it must be a plain host name, perhaps with a port"
    if wrong is not None:
        shown = f"{parts.scheme}://{parts.hostname}"  # it may hold a password
        raise ConfigurationError(f"public_url {shown} cannot be used: {wrong}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
