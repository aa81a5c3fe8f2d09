"""The page and its files: read once, served with headers that leave it alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from voxpipe.transports.asgi import Send

PAGE = Path(__file__).parent / "page"
INDEX = "index.html"

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",  # declarations, for people and their tools
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
# Nothing from elsewhere, nothing inline, no frame around it.
_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": _POLICY,
    "permissions-policy": "microphone=(self), camera=(self), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


@cache
def page() -> Mapping[str, tuple[str, bytes]]:
    """The files of the page, by name: media type and bytes."""
    return {
        path.name: (KINDS[path.suffix], path.read_bytes())
        for path in sorted(PAGE.iterdir())
        if path.suffix in KINDS
    }


async def serve(send: Send, name: str, *, head: bool) -> None:
    """Answer a request for one of them."""
    kind, data = page()[name]
    lines = {**HEADERS, "content-type": kind, "content-length": str(len(data))}
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(key.encode(), text.encode()) for key, text in lines.items()],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else data})
