"""Which machine serves which session."""

from __future__ import annotations

from datetime import UTC, datetime

from anyio import current_time

from .admission import Admission
from .machine import Machine
from .script import Script


def open_machine(admission: Admission, script: Script, *, lifetime: float) -> Machine:
    """Start the session that a client was admitted to, at the time that it is now.

    Args:
        admission: which one it is.
        script: what is said in it.
        lifetime: seconds after which it is ended.
    """
    return Machine(
        admission.kind,
        admission.model,
        script,
        now=current_time(),
        # Unix time, as the protocol's `expires_at` wants it.
        today=datetime.now(UTC).timestamp(),
        lifetime=lifetime,
    )
