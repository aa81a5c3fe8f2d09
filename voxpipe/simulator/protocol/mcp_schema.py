"""The fields of an MCP server that a session, or a response, offers to the model."""

from __future__ import annotations

from typing import Any

from .json_types import is_array
from .schema import (
    Shape,
    an_object,
    array,
    boolean,
    either,
    fields,
    matching,
    nullable,
    one_of,
    text,
)

CONNECTORS = (
    "connector_dropbox",
    "connector_gmail",
    "connector_googlecalendar",
    "connector_googledrive",
    "connector_microsoftteams",
    "connector_outlookcalendar",
    "connector_outlookemail",
    "connector_sharepoint",
)

NAME = matching(r"[A-Za-z0-9_-]{1,64}", "letters, digits, '_' and '-', at most 64")
_NAMES = array(text(128), 1000)
_FILTER = fields({"tool_names": nullable(_NAMES), "read_only": nullable(boolean)})


def _headers(value: Any, path: str) -> Any:
    for name, each in an_object(value, path).items():
        text(8192)(each, f"{path}.{name[:60]}")
    return value


def _allowed(value: Any, path: str) -> Any:
    shape: Shape = _NAMES if is_array(value) else _FILTER
    return shape(value, path)


MCP_TOOL = fields(
    {
        "server_label": NAME,
        "server_url": nullable(text(2048)),
        "connector_id": nullable(one_of(*CONNECTORS)),
        "tunnel_id": nullable(text(128)),
        "authorization": nullable(text(8192)),
        "headers": nullable(_headers),
        "allowed_tools": nullable(_allowed),
        "require_approval": nullable(
            either(
                "a string or an object",
                text=one_of("always", "never"),
                object=fields(
                    {"always": nullable(_FILTER), "never": nullable(_FILTER)}
                ),
            )
        ),
        "server_description": nullable(text()),
        "allowed_callers": nullable(array(one_of("direct", "programmatic"), 2)),
        "defer_loading": nullable(boolean),
    },
    "server_label",
)
MCP_CHOICE = fields({"server_label": NAME, "name": nullable(text(128))}, "server_label")
