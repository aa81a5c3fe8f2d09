"""Which machine serves which session."""

from __future__ import annotations

from datetime import UTC, datetime

from anyio import current_time

from .net.admission import Admission
from .script.script import Script
from .service.machine import Machine
from .service.translation.machine import Translator


def open_machine(
    admission: Admission, script: Script, *, lifetime: float, seed: int | None = None
) -> Machine | Translator:
    """Start the session that a client was admitted to, at the time that it is now.

    Args:
        admission: which one it is.
        script: what is said in it.
        lifetime: seconds after which it is ended.
        seed: makes all ids reproducible.
    """
    # Unix time, as the protocol's `expires_at` wants it.
    now, today = current_time(), datetime.now(UTC).timestamp()
    if admission.kind == "translation":
        return Translator(
            admission.model,
            script,
            now=now,
            today=today,
            seed=seed,
            lifetime=lifetime,
            session=admission.session,
        )
    return Machine(
        admission.kind,
        admission.model,
        script,
        now=now,
        today=today,
        seed=seed,
        lifetime=lifetime,
        session=admission.session,
    )
