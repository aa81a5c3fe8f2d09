"""Why there is no connection, with what to do, and without a key."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from voxpipe.pipeline import TransportError
from voxpipe.pipeline.errors import leaves_of

from .host import Address
from .proxy import Proxy, ProxyRefused
from .refusal import refused

_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}
_PROXY_CURES = {
    403: "it does not let this host pass",
    407: "it wants a user and a password: http://USER:PASSWORD@HOST:PORT",
}


@contextmanager
def explained(address: Address, proxy: Proxy | None, seconds: float) -> Generator[None]:
    """Say why there is no connection.

    Args:
        address: that is connected to.
        proxy: through which.
        seconds: that it may take.

    Raises:
        TransportError: with the reason and, if there is one, the cure.
    """
    from websockets.exceptions import InvalidHandshake, InvalidStatus

    way = f" through the proxy {proxy}" if proxy else ""
    failed = f"no connection to {address.host}{way}"
    try:
        yield
    except InvalidStatus as error:
        answer = error.response
        # Not by its own look-up, which stops at a header that comes twice.
        headers = {name.lower(): value for name, value in answer.headers.raw_items()}
        raise refused(
            address, answer.status_code, headers, bytes(answer.body)
        ) from None
    except InvalidHandshake as error:
        raise TransportError(
            f"{address.host} does not speak WebSocket there: {type(error).__name__}"
        ) from None
    except ProxyRefused as error:
        cure = _PROXY_CURES.get(error.status, "")
        raise TransportError(
            ": ".join(filter(None, (failed, str(error), cure)))
            + f"; NO_PROXY={address.host} passes it by"
        ) from None
    except TimeoutError as error:
        raise TransportError(
            f"{failed} within {seconds:g} s"
            + ("" if proxy else ": is there a proxy, for HTTPS_PROXY to name?")
        ) from error
    except (OSError, UnicodeError, EOFError) as error:
        raise TransportError(f"{failed}: {reason_of(error, proxy)}") from error


def reason_of(error: BaseException, proxy: Proxy | None) -> str:
    """What an error, or one of those that it was made of, says to a person.

    Args:
        error: that a library raised.
        proxy: that is connected to, in place of the host.
    """
    asked = "the proxy" if proxy else "the base URL"
    told = (_words(each, asked) for each in _behind(error))
    return next(filter(None, told), type(error).__name__)


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it stands for, some of which are groups."""
    while error is not None:
        yield from leaves_of(error)
        error = error.__cause__ or error.__context__


def _words(error: BaseException, asked: str) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return f"DNS knows no such name: check {asked}, and the network"
        case ConnectionRefusedError():
            return f"refused, nothing listens there: check {asked}, and its port"
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message}); a company's "
                "own authority goes into the file that SSL_CERT_FILE names"
            )
        case ssl.SSLEOFError() | ConnectionError() | EOFError():
            return "the other side closed it at once"
        case ssl.SSLError():
            return f"it does not speak TLS there ({error.reason}): check {asked}"
        case OSError() if error.errno in _NO_ROUTE:
            return "there is no route to it: check the network"
        case _:
            return ""
