"""TLS for a simulator: a certificate authority of its own, made when it starts.

Some clients speak ``wss://`` only (OpenAI's SDK for JavaScript). The authority's key
stays in this process: whoever trusts the authority trusts nothing after its end.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from voxpipe.pipeline.errors import TransportError

_HERE = ("localhost", "127.0.0.1", "::1")
_log = logging.getLogger(__name__)


class LocalAuthority:
    """Vouches for a simulator: ``Simulator(tls=LocalAuthority())``.

    Args:
        names: under which the simulator is reached beside this machine's own, such as
            that of its container.

    Attributes:
        context: that the simulator speaks TLS with.

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
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            issued = authority.issue_cert(*_HERE, *names)
        except ValueError as error:
            raise TransportError(
                f"no certificate can be made for {', '.join(names)}: {error}"
            ) from error
        # Its own key: that of the authority is never written.
        with issued.private_key_and_cert_chain_pem.tempfile() as path:
            self.context.load_cert_chain(path)

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

    def log_failure(self, error: Exception) -> None:
        """Tell that there was no handshake, and why."""
        known = error.reason if isinstance(error, ssl.SSLError) else None
        _log.warning(
            "a client did not finish the TLS handshake (%s): does it trust the "
            "simulator's certificate, and come by https:// or wss://?",
            known or type(error).__name__,
        )
