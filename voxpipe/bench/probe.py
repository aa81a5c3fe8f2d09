"""One real call to a deployment that runs: is it there, and how soon does it answer?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from anyio import EndOfStream, current_time

from voxpipe.pipeline import ConfigurationError, TransportError
from voxpipe.transports.telephony.testing import (
    Caller,
    CallRefused,
    FakeCarrier,
    FakeExotel,
    FakeGenesys,
    FakePlivo,
    FakeTwilio,
    FakeVonage,
)

from .conversation import audio_of, recording

GREETING = 3.0  # seconds for a greeting; not every app has one
QUESTION = "1-hours"  # of a guest: when it is open
PAUSE = 0.6  # seconds of silence after which the agent has finished

Outcome = Literal["answered", "unanswered", "refused", "lost"]
OUTCOMES: tuple[Outcome, ...] = ("answered", "unanswered", "refused", "lost")

CARRIERS = ("twilio", "plivo", "vonage", "exotel", "genesys")
"""Whose calls can be placed: those that sign with what the server knows as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What became of the call, as it was at the caller's ear.

    Attributes:
        outcome: ``answered``; ``unanswered``, in time; ``refused``, or nobody was
            there; ``lost``: it broke, or was ended from there.
        why: in words, if it is not ``answered``.
        connected: seconds from the webhook's request until the stream was open.
        greeting: from then to the first loud sample; ``None`` if there was none.
        answer: from the last loud frame of the question to the first loud sample.
        underruns: how often there was silence within a reply.
        violations: messages that the carrier would not take.
    """

    outcome: Outcome
    why: str = ""
    connected: float | None = None
    greeting: float | None = None
    answer: float | None = None
    underruns: int = 0
    violations: int = 0


def carrier(
    name: str, url: str, public_url: str | None, environment: Mapping[str, str]
) -> FakeCarrier[Any]:
    """The one who calls.

    Args:
        name: one of `CARRIERS`.
        url: of the server.
        public_url: what it believes to be called, if that is not ``url``.
        environment: has the variables that the server has.

    Raises:
        ConfigurationError: no URL, or nobody of this name.
    """
    given = {key: text.strip() for key, text in environment.items() if text.strip()}
    try:
        match name:
            case "twilio":
                token = given.get("TWILIO_AUTH_TOKEN")
                return FakeTwilio(url, auth_token=token, public_url=public_url)
            case "plivo":
                token = given.get("PLIVO_AUTH_TOKEN")
                return FakePlivo(url, auth_token=token, public_url=public_url)
            case "vonage":
                secret = given.get("VONAGE_SIGNATURE_SECRET")
                return FakeVonage(url, signature_secret=secret, public_url=public_url)
            case "exotel":
                return FakeExotel(
                    url,
                    user=given.get("EXOTEL_USER"),
                    password=given.get("EXOTEL_PASSWORD", ""),
                    public_url=public_url,
                )
            case "genesys":
                return FakeGenesys(
                    url,
                    api_key=given.get("GENESYS_API_KEY", ""),
                    client_secret=given.get("GENESYS_CLIENT_SECRET"),
                    public_url=public_url,
                )
            case _:
                known = ", ".join(CARRIERS)
                raise ConfigurationError(f"expected one of {known}, got {name!r}")
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


async def probe(
    caller: FakeCarrier[Any],
    question: Path | Traversable | None = None,
    *,
    timeout: float = 15.0,
) -> Probed:
    """Call, be greeted, ask, listen, and hang up.

    Args:
        caller: see `carrier`.
        question: what is asked, a WAV file; by default one of the demo's caller.
        timeout: seconds for the answer, from its question on to its end.

    Raises:
        WavError: the question is no WAV file, or has audio that voxpipe does not take.
    """
    asked = recording(QUESTION) if question is None else question
    began = current_time()
    try:
        async with caller.call() as person:
            connected = current_time() - began
            outcome, why = await _converse(person, asked, timeout)
            told = person.measured
            return Probed(
                outcome=outcome,
                why=why,
                connected=connected,
                greeting=told.greeting_after,
                answer=told.reply_after[-1] if told.reply_after else None,
                underruns=told.underruns,
                violations=told.violation_count,
            )
    except CallRefused as error:
        return Probed(outcome="refused", why=str(error))
    except (TransportError, OSError) as error:
        return Probed(outcome="refused", why=f"nobody answers: {type(error).__name__}")


async def _converse(
    person: Caller, question: Path | Traversable, timeout: float
) -> tuple[Outcome, str]:
    audio = audio_of(question, person.format.rate)
    try:
        try:
            await person.listen(pause=PAUSE, timeout=GREETING)
        except TimeoutError:
            if person.measured.greeting_after is not None:  # a long one
                await person.listen(pause=PAUSE, timeout=timeout)
        await person.say(audio)
        before = len(person.measured.reply_after)
        await person.listen(pause=PAUSE, timeout=timeout)
    except TimeoutError:
        return "unanswered", f"no answer within {timeout:g} s"
    except EndOfStream:
        who = "the agent has hung up" if person.ended == "agent" else "the line broke"
        return "lost", f"{who} before it had answered"
    if len(person.measured.reply_after) == before:
        return (
            "unanswered",
            "what was heard was no answer: it began before the question",
        )
    return "answered", ""
