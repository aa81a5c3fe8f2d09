"""The table: which promise is which row, and what measures it."""

from __future__ import annotations

from .calls_in_turn import calls_in_turn, long
from .deaf import deaf
from .graphs import cancelled, control_frames, named
from .half_open import half_open
from .hygiene import hygiene
from .interrupts import latency, stale
from .naming import naming
from .proved import both, proved, proved_by
from .reconnecting import an_hour, anywhere, in_any_state, soon, storm
from .row import Row
from .strangers import strangers
from .tool_calls import tool_calls

TELEPHONY = "transports/telephony"
REALTIME = "processors/realtime"
QUICK = "not slow and not soak"

ROWS: tuple[Row, ...] = (
    Row(1, "an interruption at any time leaves nothing stale", "0 frames", stale),
    Row(
        2,
        "from the decision to the device's `clear`",
        "p99 ≤ 20 ms",
        latency,
        timed=True,
    ),
    Row(
        3,
        "interrupted twice and thrice: one truncation an item",
        "every test",
        proved(
            "both_sides/test_ledger.py",
            f"{REALTIME}/protocol/test_truncation.py",
            "simulator/test_statements_interruption.py",
        ),
    ),
    Row(4, "no control frame is lost or doubled by a cut", "0", control_frames),
    Row(
        5,
        "the model is lost in any state: the call goes on",
        "all, 0 samples, 0 tools",
        in_any_state,
    ),
    Row(6, "the model is lost at any message of any conversation", "all", anywhere),
    Row(7, "from loss to another session", "p95 ≤ 1 s", soon, timed=True),
    Row(8, "a service that falls silent is noticed", "≤ 5.0 s", half_open),
    Row(9, "an hour is over, the conversation is not", "0 samples lost", an_hour),
    Row(
        10,
        "what cannot be mended: one try, one typed error",
        "every test",
        proved(f"{REALTIME}/connect/test_refusal.py", f"{REALTIME}/test_faults.py"),
    ),
    Row(11, "a storm of lost sessions; Retry-After", "≤ 10 % at once", storm),
    Row(
        12,
        "a million broken messages, both sides",
        "0 exceptions, 0 left",
        proved("fuzz", marks="soak"),
    ),
    Row(
        13,
        "client and service in any interleaving",
        "every invariant",
        proved("both_sides/test_interleavings.py"),
    ),
    Row(
        14,
        "Autobahn's cases of RFC 6455",
        "no worse than websockets",
        proved_by("rfc6455/test_*.py", "issue: clients"),
    ),
    Row(
        15,
        "no queue without a bound; peaks within it",
        "every test",
        proved("test_bounds.py"),
    ),
    Row(16, "a phone that does not read is hung up on", "≤ 15 s, ≤ 1 MB", deaf),
    Row(
        17,
        "who does wrong is named, and nobody else",
        "all",
        both(named, proved("pipeline/test_misuse.py")),
    ),
    Row(18, "who hangs or blocks is named, with the line", "≤ 2 s", naming),
    Row(
        19,
        "cancelled at any step: it ends, nothing is left",
        "all",
        both(
            cancelled, proved("test_cancel_anywhere.py", marks="not slow and not soak")
        ),
    ),
    Row(
        20,
        "a call ends in peace, from either side, once",
        "every test",
        proved(
            "transports/test_hang_up.py",
            f"{TELEPHONY}/twilio/test_call_ends.py",
            f"{TELEPHONY}/testing/test_caller_ends.py",
            "pipeline/testing/test_ends.py",
        ),
    ),
    Row(21, "calls in turn leave nothing behind", "≤ 1 kB a call", calls_in_turn),
    Row(22, "a long call leaves nothing behind", "≤ 1 MB", long),
    Row(23, "an hour of 20 calls, in real time", "≤ 1 MB an hour", "not measured yet"),
    Row(
        24,
        "50 calls at once: late frames, CPU, memory",
        "p99 ≤ 10 ms, ≤ 1.2 % each",
        "apart, half an hour: make bench-calls",
    ),
    Row(
        25,
        "500 calls connected, 25 of which talk",
        "≤ 256 MB",
        "apart, half an hour: make bench-calls",
    ),
    Row(
        26,
        "a call too many is refused; SIGTERM cuts nobody",
        "every test",
        proved(
            f"{TELEPHONY}/test_drain.py",
            f"{TELEPHONY}/test_refusals.py",
            f"{TELEPHONY}/test_served_calls.py",
            "console/test_serve.py",
        ),
    ),
    Row(
        27,
        "no cut of a stream, no rubbish changes its sound",
        "0 streams",
        both(
            hygiene,
            proved(
                "processors/audio/test_resample.py",
                "processors/audio/test_g711.py",
                "transports/test_wav.py",
            ),
        ),
    ),
    Row(28, "one result for each tool call, come what may", "all", tool_calls),
    Row(
        29,
        "strangers get nothing, and keep nothing from others",
        "all refused, all calls taken",
        both(
            strangers,
            proved(
                "test_canaries.py",
                "console/test_access.py",
                f"{TELEPHONY}/test_tickets.py",
                f"{TELEPHONY}/sip/test_webhook.py",
                f"{TELEPHONY}/test_replays.py",
                f"{TELEPHONY}/carrier/test_guard.py",
                f"{TELEPHONY}/twilio/test_signature.py",
                f"{TELEPHONY}/twilio/test_webhook.py",
                f"{REALTIME}/connect/test_host.py",
                f"{REALTIME}/connect/test_keys.py",
            ),
        ),
    ),
    Row(
        30,
        "the tests are whole: branches, mutations",
        "100 % of the core",
        "apart: make check and make test; mutations are not measured yet",
    ),
)
