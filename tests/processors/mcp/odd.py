"""A server that lists what it should not; a dozen lines of JSON over its pipes.

The MCP library would not let one write such a thing.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from typing import Any

import numpy as np

from voxpipe.pipeline import Image

TEXT = {"type": "string"}
USUAL: dict[str, Any] = {"type": "object", "properties": {}}
INF = float("inf")  # what Python writes is no JSON, and its readers take it
LONG = "long" + "_" * 70


def obj(**properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def deep(levels: int) -> dict[str, Any]:
    schema = TEXT
    for _ in range(levels):
        schema = obj(a=schema)
    return schema


TOOLS: list[Any] = [
    {"name": "null_schema", "inputSchema": None},
    {"name": "no_schema"},
    {"name": "no_type", "inputSchema": {"properties": {"a": TEXT}}},
    {"name": "null_property", "inputSchema": obj(a=None)},
    {"name": "choice", "inputSchema": {"oneOf": [obj(a=TEXT), obj(b=TEXT)]}},
    {"name": "remote", "inputSchema": obj(a={"$ref": "https://example.com/a.json"})},
    {"name": "text", "inputSchema": TEXT},
    {"name": 7, "inputSchema": USUAL},
    {"name": f"{LONG}_1", "inputSchema": USUAL},
    {"name": f"{LONG}_2", "inputSchema": USUAL},
    {"name": "a.b", "inputSchema": USUAL},
    {"name": "a/b", "inputSchema": USUAL},
    {"name": "a_b", "inputSchema": USUAL},
    {"name": "answer_approval", "inputSchema": USUAL},
    {"name": "picture", "inputSchema": USUAL, "outputSchema": {"type": "array"}},
    {"name": "wordy", "description": "word " * 100_000, "inputSchema": USUAL},
    {"name": "wide", "inputSchema": obj(**{f"a{n}": TEXT for n in range(4_000)})},
    {"name": "deep", "inputSchema": deep(40)},
    {"name": "endless", "inputSchema": obj(a={"type": "number", "maximum": INF})},
    {"name": "lists", "inputSchema": obj(a={"default": nested(150)})},
]
if "deeper" in sys.argv:
    TOOLS.append({"name": "deeper", "inputSchema": deep(300)})
INFO: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "odd", "version": "1"},
}


def called(name: str, arguments: object) -> dict[str, Any]:
    if name != "picture":
        text = f"{name} {json.dumps(arguments)}"
        return {"content": [{"type": "text", "text": text}]}
    room = Image.of_array(np.zeros((2, 2), dtype=np.uint8)).data
    return {
        "content": [
            {"type": "text", "text": "a dark room"},
            {
                "type": "image",
                "data": b64encode(room).decode(),
                "mimeType": "image/png",
            },
            {"type": "image", "data": "AAAA", "mimeType": "image/webp"},
        ]
    }


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    match method:
        case "initialize":
            return INFO
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call":
            return called(params["name"], params.get("arguments"))
        case _:
            return None


for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    result = answer(asked["method"], asked.get("params") or {})
    said: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
    if result is None:
        said["error"] = {"code": -32601, "message": "no such method"}
    else:
        said["result"] = result
    print(json.dumps(said), flush=True)  # noqa: T201 - this is how it speaks
