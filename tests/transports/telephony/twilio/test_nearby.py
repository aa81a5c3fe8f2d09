"""Without checks only this machine may call, whatever leads there."""

from __future__ import annotations

import pytest

from ..asgi_driver import request, upgraded
from ..testing.agents import parrot
from .ringing import HOME, POSTED, Apps, Run, at_home


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "abcd.ngrok.app"},
        {"Host": "rebound.example:8080"},  # a name that its owner lets point here
        {"Host": "10.0.0.7:8080"},
        {"Host": ""},
        {"Host": "localhost.evil.example"},
        HOME | {"X-Forwarded-For": "203.0.113.7"},  # ngrok --host-header=rewrite
        HOME | {"X-Forwarded-Proto": "https"},
        HOME | {"Forwarded": "for=203.0.113.7"},
        HOME | {"Via": "1.1 proxy"},
        HOME | {"X-Real-IP": "203.0.113.7"},
        HOME | {"Cf-Connecting-Ip": "203.0.113.7"},
    ],
    ids=str,
)
def test_without_checks_what_a_tunnel_or_a_page_of_another_name_brings_is_refused(
    in_time: Run, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    async def scene() -> None:
        for _ in range(3):
            response = await request(
                app, "POST", "/twilio/answer", {"CallSid": "CA1"}, headers | POSTED
            )
            assert response.status == 403
            assert "TWILIO_AUTH_TOKEN" in response.text
            async with upgraded(app, headers=headers) as upgrade:
                assert not await upgrade.opened()
            assert upgrade.response.status == 403
            assert "TWILIO_AUTH_TOKEN" in upgrade.response.text
        for path in ("/healthz", "/readyz"):
            assert (await request(app, "GET", path, headers=headers)).status == 200

    answer = Apps()
    app = at_home(answer)
    in_time(scene)
    assert answer.calls == []
    assert len(app.switchboard.tickets) == 0
    assert len([each for each in caplog.records if "voxpipe" in each.name]) == 1


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (("127.0.0.1", 4), 200),
        (("::ffff:127.0.0.1", 4), 200),
        (None, 200),  # of a Unix socket
        (("10.0.0.9", 4), 403),  # it listens elsewhere, too, and a Host is easily said
    ],
)
def test_without_checks_the_other_end_is_this_machine(
    in_time: Run, client: object, status: int
) -> None:
    async def scene() -> None:
        response = await request(
            app, "POST", "/twilio/answer", {"CallSid": "CA1"}, named, client=client
        )
        assert response.status == status

    named = {"Host": "[::1]:8080"} | POSTED
    app = at_home(parrot)
    in_time(scene)


def test_no_web_page_takes_places_by_posting_forms(in_time: Run) -> None:
    async def scene() -> None:
        named = HOME | POSTED | {"Origin": "https://evil.example"}
        response = await request(
            app, "POST", "/twilio/answer", {"CallSid": "CA1"}, named
        )
        assert response.status == 403

    app = at_home(parrot)
    in_time(scene)
    assert app.switchboard.state == "ready"
