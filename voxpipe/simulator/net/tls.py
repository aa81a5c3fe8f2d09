"""TLS for a simulator: a certificate authority of its own, made when it starts.

Some clients speak ``wss://`` only (OpenAI's SDK for JavaScript). The authority's key
stays in this process: whoever trusts the authority trusts nothing after its end.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from anyio import BrokenResourceError, EndOfStream, fail_after
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from voxpipe.pipeline.errors import TransportError

_HERE = ("localhost", "127.0.0.1", "::1")
_log = logging.getLogger(__name__)


class LocalAuthority:
    """Vouches for a simulator: ``Simulator(tls=LocalAuthority())``.

    Args:
        names: under which the simulator is reached beside this machine's own, such as
            that of its container.

    Raises:
        TransportError: ``voxpipe[tls]`` is not installed, or a name can be nobody's.
    """

    def __init__(self, *names: str) -> None:
        try:
            from trustme import CA
        except ImportError:
            raise TransportError(
                "TLS needs a certificate: pip install 'voxpipe[tls]'"
            ) from None
        authority = CA(organization_name="voxpipe simulator")
        self._pem: str = authority.cert_pem.bytes().decode("ascii")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            issued = authority.issue_cert(*_HERE, *names)
        except ValueError as error:
            raise TransportError(
                f"no certificate can be made for {', '.join(names)}: {error}"
            ) from error
        # Its own key: that of the authority is never written.
        with issued.private_key_and_cert_chain_pem.tempfile() as path:
            self._context.load_cert_chain(path)

    @property
    def pem(self) -> str:
        """The certificate that clients have to trust."""
        return self._pem

    def write(self, path: str | Path) -> None:
        """Put the certificate into a file, for ``SSL_CERT_FILE`` and the like.

        Raises:
            TransportError: the file cannot be written.
        """
        try:
            Path(path).write_text(self._pem, encoding="ascii")
        except OSError as error:
            raise TransportError(
                f"cannot write the certificate to {path}: {error.strerror or error}"
            ) from error

    async def secure(self, stream: ByteStream, timeout: float) -> TLSStream:
        """A client's connection after the handshake; `timeout` in seconds.

        Raises:
            EndOfStream: there was none; that is logged.
        """
        try:
            with fail_after(timeout):
                return await TLSStream.wrap(
                    stream,
                    server_side=True,
                    ssl_context=self._context,
                    standard_compatible=False,
                )
        except (BrokenResourceError, EndOfStream, TimeoutError, ssl.SSLError) as error:
            _log.warning(
                "a client did not finish the TLS handshake (%s): does it trust the "
                "simulator's certificate, and come by https:// or wss://?",
                _reason(error),
            )
            raise EndOfStream from None


def _reason(error: Exception) -> str:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    known = cause.reason if isinstance(cause, ssl.SSLError) else None
    return known or type(error).__name__


async def half_close(stream: ByteStream) -> None:
    """Tell the other side that no more will come, and go on reading."""
    # anyio's TLS stream cannot; what is below it can, and clients take that for an end.
    below = stream.transport_stream if isinstance(stream, TLSStream) else stream
    assert isinstance(below, ByteStream)
    await below.send_eof()
