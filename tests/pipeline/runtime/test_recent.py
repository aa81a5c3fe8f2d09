"""What came lately."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline.runtime.recent import Recent


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_the_last_names_are_known_and_no_others(names: list[int], limit: int) -> None:
    recent, new = Recent(limit), list[str]()
    for number in names:
        name = str(number)
        known = name in new[-limit:]
        assert (name in recent) == known
        assert recent.add(name) != known
        if not known:
            new.append(name)
