"""What can be wrong with a session before there is one."""

from __future__ import annotations

from voxpipe.pipeline import TransportError, VoxpipeError


class ConfigurationError(VoxpipeError):
    """The program, or its environment, asks for a session that cannot be had."""


class SessionRefused(TransportError):
    """The service would not open the session, or not as it was asked for.

    Attributes:
        code: the service's word for it, such as ``invalid_api_key``.
        param: the setting that it did not like, if it named one.
    """

    def __init__(self, code: str, param: str | None, cure: str) -> None:
        where = f" ({param})" if param else ""
        super().__init__(f"the service refused the session: {code}{where}{cure}")
        self.code = code
        self.param = param
