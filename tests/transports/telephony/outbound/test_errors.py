"""What a carrier's refusal amounts to, whatever it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.transports.telephony.outbound.errors import (
    LONGEST_WAIT,
    NotAuthorized,
    NumberRefused,
    PlacingError,
    Refusal,
    TooManyRequests,
    refused,
)
from voxpipe.transports.telephony.telnyx import rest as telnyx
from voxpipe.transports.telephony.twilio import rest as twilio

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "errors", "source", "pointer", "message", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
READERS = {
    "twilio": twilio._refusal_in,  # pyright: ignore[reportPrivateUsage]
    "telnyx": telnyx._refusal_in,  # pyright: ignore[reportPrivateUsage]
}


@pytest.mark.parametrize("carrier", READERS)
@given(body=JSON, status=st.integers(300, 599), wait=st.text(max_size=12))
def test_any_refusal_is_one_line_of_ours(
    carrier: str, body: object, status: int, wait: str
) -> None:
    refusal = READERS[carrier](body)
    error = refused("it has refused to do so", status, {"retry-after": wait}, refusal)
    assert error.status == status
    assert len(str(error)) < 300
    assert str(error).isprintable()
    assert error.retry_after is None or 0 <= error.retry_after <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, {"errors": [{"code": "10016"}]}, NumberRefused),
        (
            422,
            {"errors": [{"code": "10015", "source": {"pointer": "/to"}}]},
            NumberRefused,
        ),
        (401, {"errors": [{"code": "10009"}]}, NotAuthorized),
        (429, {"errors": [{"code": "10011"}]}, TooManyRequests),
        (422, {"errors": [{"code": "10004"}]}, PlacingError),
        (500, "no JSON of theirs", PlacingError),
    ],
)
def test_telnyx_refusals_are_told_apart(
    status: int, body: object, kind: type[PlacingError]
) -> None:
    error = refused("refused", status, {}, READERS["telnyx"](body))
    assert type(error) is kind


def test_what_a_carrier_quotes_is_not_repeated() -> None:
    error = refused("refused", 400, {}, Refusal("The number +15550101 is not valid"))
    assert "15550101" not in str(error)
    assert error.code == ""
