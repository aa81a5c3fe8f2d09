"""MCP servers as a session declares them: what is sent, refused, and shown."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.realtime.realtime_tools_config_union import Mcp
from pydantic import SecretStr

from voxpipe.processors.realtime import ConfigurationError, Settings
from voxpipe.processors.realtime.config.changes import Moment, wire_of
from voxpipe.processors.realtime.hosted_mcp import HostedMcp, McpApprovalRule, McpFilter

SHOP = HostedMcp(
    label="shop",
    url="https://shop.example/mcp?key=of-the-shop",
    authorization=SecretStr("token-of-ada"),
    headers={"X-Tenant": SecretStr("tenant-of-ada"), "X-Plain": "plain-of-ada"},
    allowed_tools=["find", "refund"],
    require_approval=McpApprovalRule(
        always=McpFilter(names=["refund"]), never=McpFilter(read_only=True)
    ),
    description="Our orders.",
)


def test_every_field_reaches_the_service_in_its_own_words() -> None:
    (tool,) = Settings(mcp=[SHOP]).to_wire()["tools"]
    assert tool == {
        "type": "mcp",
        "server_label": "shop",
        "server_url": "https://shop.example/mcp?key=of-the-shop",
        "authorization": "token-of-ada",
        "headers": {"X-Tenant": "tenant-of-ada", "X-Plain": "plain-of-ada"},
        "allowed_tools": ["find", "refund"],
        "require_approval": {
            "always": {"tool_names": ["refund"]},
            "never": {"read_only": True},
        },
        "server_description": "Our orders.",
    }
    assert not Mcp.model_validate(tool, strict=True).model_extra


@pytest.mark.parametrize(
    ("server", "sent"),
    [
        (
            HostedMcp(label="mail", connector="gmail", authorization="t"),
            {"connector_id": "connector_gmail", "authorization": "t"},
        ),
        (HostedMcp(label="t", tunnel="tunnel_1"), {"tunnel_id": "tunnel_1"}),
        (
            HostedMcp(label="t", tunnel="x", allowed_tools=McpFilter(read_only=False)),
            {"allowed_tools": {"read_only": False}},
        ),
        (HostedMcp(label="t", url="http://127.0.0.1:1/mcp"), {}),
    ],
)
def test_connectors_tunnels_and_filters(server: HostedMcp, sent: Any) -> None:
    wire = server.to_wire()
    assert sent.items() <= wire.items()
    assert wire["require_approval"] == "always"  # said, not left to the service
    assert not Mcp.model_validate(wire, strict=True).model_extra


def test_they_stand_beside_tools_of_ones_own_in_an_opening_and_in_an_update() -> None:
    own = {"type": "function", "name": "own"}
    opened = Settings(tools=[own], mcp=[SHOP])
    assert opened.to_wire()["tools"] == [own, SHOP.to_wire()]
    changed = wire_of(opened, {"mcp": []}, Moment())
    assert changed == {"type": "realtime", "tools": [own]}
    changed = wire_of(opened, {"tools": []}, Moment())
    assert changed["tools"] == [SHOP.to_wire()]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "one of url=, connector= and tunnel="),
        ({"url": "https://x", "tunnel": "y"}, "one of url=, connector= and tunnel="),
        ({"url": "http://shop.example/mcp"}, "only on loopback"),
        ({"url": "http://127.0.0.1.example/mcp"}, "only on loopback"),
        ({"url": "ftp://shop.example"}, "https://"),
        ({"url": "shop.example"}, "takes a url such as"),
        ({"url": "https://[::1"}, "takes a url such as"),
        ({"url": "https://ada:secret@shop.example"}, "use authorization="),
        ({"connector": "gmail"}, "the user's token"),
        ({"connector": "fax", "authorization": "secret"}, "connector"),
        ({"url": "https://x", "allowed_tools": "find"}, "a list of allowed_tools"),
        ({"url": "https://x", "require_approval": "maybe"}, "require_approval"),
        (
            {
                "url": "https://x",
                "authorization": "secret",
                "headers": {"authorization": "secret"},
            },
            "keep one",
        ),
        ({"label": "my shop", "url": "https://x"}, "the label of an MCP server"),
    ],
)
def test_what_the_service_would_refuse_is_refused_here(
    fields: dict[str, Any], why: str
) -> None:
    given: dict[str, Any] = {"label": "shop", **fields}
    with pytest.raises(ConfigurationError, match=why) as refused:
        HostedMcp(**given)
    assert "secret" not in str(refused.value)


def test_two_servers_have_two_labels() -> None:
    with pytest.raises(ConfigurationError, match="shop is there twice"):
        Settings(mcp=[SHOP, SHOP])


def test_a_filter_and_a_rule_name_something() -> None:
    with pytest.raises(ConfigurationError, match="names=, read_only= or both"):
        McpFilter()
    with pytest.raises(ConfigurationError, match="not one name"):
        McpFilter(names="find")
    with pytest.raises(ConfigurationError, match="always=, never= or both"):
        McpApprovalRule()


def test_no_secret_is_in_what_is_shown() -> None:
    shown = repr(SHOP) + str(SHOP) + repr(Settings(mcp=[SHOP]))
    for secret in ("token-of-ada", "tenant-of-ada", "plain-of-ada", "of-the-shop"):
        assert secret not in shown
