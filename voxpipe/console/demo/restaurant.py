"""Trattoria Ada: the agent of the demo, its tools, and its lines for the simulator."""

from __future__ import annotations

import anyio

from voxpipe.processors.tools import ToolRouter, tool
from voxpipe.simulator import CallTool, Line, Script

GREETING = "Trattoria Ada, good evening. How can I help you?"

INSTRUCTIONS = """\
You answer the phone of Trattoria Ada, a small Italian restaurant. Be brief and warm.
Look opening hours up with opening_hours, and book with book_table; never guess either.
If somebody asks what there is to eat, tell the whole menu in one go: minestrone,
bruschetta, lasagne, ravioli with sage, grilled sea bass, tiramisu and panna cotta.
When the caller says goodbye, say goodbye in one short sentence.
"""


@tool
async def opening_hours(day: str) -> dict[str, str]:
    """Tell when the restaurant is open on a day of the week.

    Args:
        day: the English name of the day, such as Sunday.
    """
    if day.strip().lower() == "monday":
        return {"day": day, "hours": "closed all day"}
    return {"day": day, "hours": "open from six to eleven in the evening"}


@tool
async def book_table(day: str, time: str, guests: int) -> dict[str, str]:
    """Book a table and return its confirmation code.

    Args:
        day: the English name of the day.
        time: as HH:MM on a 24-hour clock.
        guests: how many people, 1 to 12.
    """
    await anyio.sleep(0.4)  # the booking system is slow; the conversation is not
    return {"code": f"ADA {guests}{len(day)}", "day": day, "time": time}


def tools() -> ToolRouter:
    """What the agent can do besides talking."""
    return ToolRouter([opening_hours, book_table])


def script(words: tuple[str, ...]) -> Script:
    """The agent's lines for the simulator, which does not understand speech.

    Args:
        words: what the caller says at each of the four turns, for the transcript.
    """
    hours, menu, book, goodbye = words
    return Script(
        replies=(
            Line(
                heard=hours,
                calls=(CallTool(name="opening_hours", arguments={"day": "Sunday"}),),
            ),
            Line(say="On {result.day} we are {result.hours}. Shall I book a table?"),
            Line(
                heard=menu,
                say=(
                    "Tonight we have minestrone, bruschetta with tomatoes, lasagne, "
                    "ravioli with sage and butter, grilled sea bass with lemon, and "
                    "for dessert tiramisu or panna cotta with wild berries."
                ),
            ),
            Line(
                heard=book,
                say="With pleasure, one moment.",
                calls=(
                    CallTool(
                        name="book_table",
                        arguments={"day": "Sunday", "time": "20:00", "guests": 2},
                    ),
                ),
            ),
            Line(
                say="Your table for two is booked, {result.day} at eight. "
                "Your code is {result.code}."
            ),
            Line(heard=goodbye, say="Thank you for calling. See you on Sunday!"),
        )
    )
