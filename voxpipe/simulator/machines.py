"""Which machine serves which session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from anyio import current_time

from .net.admission import Admission
from .net.keys import unix_time
from .script.script import Script
from .service.machine import Machine
from .service.translation.machine import TranslationMachine


def open_machine(
    admission: Admission, script: Script, *, lifetime: float, seed: int | None = None
) -> Machine | TranslationMachine:
    """Start the session that a client was admitted to, at the time that it is now.

    Args:
        admission: which one it is.
        script: what is said in it.
        lifetime: seconds after which it is ended.
        seed: makes all ids reproducible.
    """
    make: Callable[..., Machine | TranslationMachine] = TranslationMachine
    if admission.kind != "translation":
        make = partial(Machine, admission.kind)
    return make(
        admission.model,
        script,
        now=current_time(),
        today=unix_time(),
        seed=seed,
        lifetime=lifetime,
        session=admission.session,
    )
