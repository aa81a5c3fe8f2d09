"""The same app over each carrier's wire, held against Twilio's: what a wire costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .contenders import Contender
from .outcome import Outcome
from .pairs import spread
from .table import HEAD, row
from .trial import Bench

TWILIO = "twilio"
MOST = 1.1  # times the CPU of a call over Twilio's wire


def compare_carriers(
    bench: Bench,
    contender: Contender,
    carriers: Sequence[str],
    calls: int,
    seconds: float,
    rounds: int,
) -> dict[str, list[Outcome]]:
    """Let carriers take turns with Twilio, every other round in the opposite order.

    A trial that was disturbed is made again, once for each carrier.
    """
    wires = [TWILIO, *(each for each in carriers if each != TWILIO)]
    found: dict[str, list[Outcome]] = {each: [] for each in wires}
    disturbed = set[str]()
    print(f"{'':<8}{HEAD}")
    for number in range(rounds):
        for wire in wires if number % 2 == 0 else reversed(wires):
            here = replace(bench, wire=wire)
            outcome = here.run(contender, calls, seconds)
            print(f"{wire:<8}{row(outcome)}", flush=True)
            if outcome.invalid and wire not in disturbed:
                disturbed.add(wire)
                outcome = here.run(contender, calls, seconds)
                print(f"{wire:<8}{row(outcome)}  [again]", flush=True)
            found[wire].append(outcome)
    for wire in wires[1:]:
        print(judged(wire, found[wire], found[TWILIO]))
    return found


def judged(wire: str, ours: Sequence[Outcome], twilio: Sequence[Outcome]) -> str:
    """What a call over a wire costs beside one over Twilio's, and what was promised."""
    ratio = spread([each.cpu for each in ours], [each.cpu for each in twilio])
    verdict = "kept" if ratio.median <= MOST else "MISSED"
    if any(each.invalid for each in (*ours, *twilio)):
        verdict = f"INVALID ({verdict})"
    faults = sum(sum(each.faults.values()) for each in ours)
    told = f"{wire:<8} CPU of a call / Twilio's: {ratio}, promised ≤ {MOST}: {verdict}"
    return f"{told}; {faults} faults" if faults else told
