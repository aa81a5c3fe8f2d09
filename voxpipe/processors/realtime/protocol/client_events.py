"""What the program may ask of a model, as the service reads it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from unicodedata import category

from voxpipe.pipeline import Image, Text

ASIDE = {"conversation": "none", "output_modalities": ["text"], "tools": []}
"""The options of a reply beside the conversation, for the program's eyes only."""


def saying(text: str) -> dict[str, Any]:
    """The options of a reply that says ``text`` as it stands.

    Raises:
        ValueError: there are no words in it.
    """
    words = _one_line(text)
    if all(category(each) in _SILENT for each in words):
        raise ValueError("expected words to say, got a text without any")
    return {"instructions": f'{_SAY}"{words}"', "tool_choice": "none"}


def going_on(said: str, instructions: str) -> str:
    """Instructions for the rest of a reply whose session was lost.

    Args:
        said: its words so far.
        instructions: of its own, if it had some.
    """
    words = _one_line(said)
    if instructions.startswith(_SAY):  # what is left is known to the letter
        whole = instructions.removeprefix(_SAY)[1:-1]
        if whole.startswith(words) and (rest := whole[len(words) :].strip()):
            return str(saying(rest)["instructions"])
    last = words[-MAX_QUOTED:]
    return f"{instructions}\n\n{_GO_ON}{last!s}".strip()


def item_of(frame: Text | Image, words: str = "") -> dict[str, Any]:
    """What the caller wrote, or showed with words to it, as an item."""
    content: list[dict[str, str]] = []
    if isinstance(frame, Text):
        words = frame.text
    else:
        data = b64encode(frame.data).decode("ascii")
        url = f"data:{frame.media_type};base64,{data}"
        picture = {"type": "input_image", "image_url": url, "detail": frame.detail}
        content.append(picture)
    if words or not content:
        content.append({"type": "input_text", "text": words})
    return {"type": "message", "role": "user", "content": content}


def system_item(text: str) -> dict[str, Any]:
    """What the program lets the model know, as an item."""
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "system", "content": content}


def _one_line(text: str) -> str:
    """``text`` so that it cannot end the quotation it is put into.

    Whatever a person may write stays: joiners hold the letters of Persian and Hindi
    together, and the persons of an emoji. Line breaks become spaces; control characters
    go, which nobody can say, and halves of surrogate pairs, which no JSON can carry.
    """
    line = "".join(c for c in " ".join(text.split()) if category(c) not in _UNSAID)
    line = line.strip()
    pieces = line.split('"')
    inner = (f"“{each}”" if n % 2 else each for n, each in enumerate(pieces))
    return "".join(inner) if len(pieces) % 2 else line.replace('"', "”")


MAX_QUOTED = 400  # characters of what was said; all of it stands in the conversation
_SAY = "Say exactly this, word for word, and nothing else: "
_GO_ON = (
    "The line failed in the middle of this reply. Go on with the very next word, in "
    "the same sentence, as if nothing had happened: do not begin anew, and do not "
    "mention it. The caller has heard these last words of yours: "
)

_UNSAID = ("Cc", "Cs")
_SILENT = ("Zs", "Cf")  # spaces and joiners are no words by themselves
