"""The endpoints for Twilio alone, in short."""

from __future__ import annotations

from collections.abc import Collection

from voxpipe.transports.telephony.carrier.endpoints import CarrierEndpoints
from voxpipe.transports.telephony.switchboard import Switchboard

from .twilio import Twilio


class TwilioEndpoints(CarrierEndpoints):
    """Answers Twilio: ``/twilio/answer``, ``/twilio``, ``/healthz`` and ``/readyz``.

    ``CarrierEndpoints(switchboard, [Twilio(auth_token)], …)``, and like that.

    Args:
        switchboard: takes the calls.
        public_url: as of `CarrierEndpoints`.
        auth_token: of the Twilio account; it signs.
        insecure: as of `CarrierEndpoints`.
        origins: likewise.

    Raises:
        ConfigurationError: a URL without a token, or the other way round, or one that
            Twilio could not use.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        public_url: str | None = None,
        auth_token: str | None = None,
        insecure: bool = False,
        origins: Collection[str] = (),
    ) -> None:
        super().__init__(
            switchboard,
            [Twilio(auth_token)],
            public_url=public_url,
            insecure=insecure,
            origins=origins,
        )
