"""One borrower at a time, until the session is closed."""

from __future__ import annotations

import pytest

from voxpipe.pipeline import WiringError
from voxpipe.processors.realtime.connect.loan import CLOSED, Loan


def test_it_is_lent_to_one_at_a_time() -> None:
    with Loan() as loan:
        for _ in range(2):
            with loan.lent("realtime", list[str]().append):
                assert "lent to another" in loan.objection
                with (
                    pytest.raises(WiringError, match=r"^realtime_2: its session"),
                    loan.lent("realtime_2", list[str]().append),
                ):
                    pass
            assert not loan.objection
    assert "closed" in loan.objection


def test_who_never_had_it_is_told_when_it_is_closed() -> None:
    never, had = list[str](), list[str]()
    with Loan() as loan:
        loan.at_close(never.append)
        loan.at_close(had.append)
        with loan.lent("realtime", had.append):
            pass
    assert (never, had) == ([CLOSED], [])


def test_one_that_was_used_up_stays_so() -> None:
    with Loan() as loan:
        with loan.lent("translate", list[str]().append):
            loan.use_up()
        assert "open one for each run" in loan.objection
