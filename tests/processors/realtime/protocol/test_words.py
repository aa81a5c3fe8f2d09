"""Words and characters of many scripts, and where they may be cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpipe.pipeline import PlayedItem
from voxpipe.processors.realtime.protocol.truncation import played_words
from voxpipe.processors.realtime.protocol.words import (
    first_words,
    grapheme_ends,
    word_ends,
)

SHARE = st.floats(0, 1)
# Each is one character as a person sees it, and none joins another one of these.
CHARACTERS = (
    *"aZ9ßж한中のゔ。「?",
    "e\u0301",  # é of two code points
    "a\u0323\u0302",  # with a dot and a circumflex
    "👍🏽",
    "👩\u200d🚀",
    "👨\u200d👩\u200d👧\u200d👦",
    "❤\ufe0f",
    "1\ufe0f\u20e3",  # a key cap
    "🇩🇪",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
    "\u1100\u1161\u11a8",  # 각 of its parts
    "กำ",
    "ที่",
    "ខ្មែ",
    "က္က",
    "क्षि",
    "நி",
    "ﾊﾟ",
    "葛\U000e0100",  # with a variation selector
    " ",
    "\r\n",
)


def pieces(text: str, ends: list[int]) -> list[str]:
    return [text[begin:end] for begin, end in pairwise([0, *ends])]


@given(st.lists(st.sampled_from(CHARACTERS)))
def test_characters_are_told_apart_as_a_person_sees_them(characters: list[str]) -> None:
    text = "".join(characters)
    assert pieces(text, list(grapheme_ends(text))) == characters


@given(st.text(), SHARE, SHARE)
def test_a_cut_text_is_a_beginning_that_grows_with_the_share(
    text: str, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    assert text.startswith(first_words(text, more))
    assert first_words(text, more).startswith(first_words(text, less))
    assert first_words(text, 0) == ""
    assert not text[len(first_words(text, 1)) :].replace("\u200b", "").strip()


@given(st.lists(st.sampled_from(CHARACTERS)), SHARE)
def test_no_character_is_split(characters: list[str], share: float) -> None:
    text = "".join(characters)
    assert len(first_words(text, share)) in (0, *grapheme_ends(text))


LETTERS = st.text("abcéжيשक한", min_size=1, max_size=6)


@given(st.lists(LETTERS, min_size=1, max_size=10), SHARE)
def test_words_that_spaces_part_are_not_split(words: list[str], share: float) -> None:
    kept = first_words(" ".join(words), share).split()
    assert kept == words[: int(len(words) * share)]


@given(st.text("我们在这里のでสวัสดี", min_size=1, max_size=30), SHARE)
def test_where_there_are_no_spaces_the_share_is_one_of_characters(
    text: str, share: float
) -> None:
    count = len(list(grapheme_ends(text)))
    kept = len(list(grapheme_ends(first_words(text, share))))
    assert kept == int(count * share)


@given(st.text(st.characters(codec="ascii")))
def test_plain_english_is_cut_as_every_other_language(text: str) -> None:
    assert list(word_ends(text)) == list(word_ends(f"{text} é"))[:-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How are you?", ["How", " are", " you?"]),
        ("l'été (le mien) - oui!", ["l'été", " (le", " mien)", " -", " oui!"]),
        ("word(s)", ["word(s)"]),
        ("你好。", ["你", "好。"]),
        ("他说「你好」吗?", ["他", "说", "「你", "好」", "吗?"]),
        ("我在OpenAI工作。", ["我", "在", "OpenAI", "工", "作。"]),
        ("共 20 个", ["共", " 20", " 个"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("ไปไหน", ["ไ", "ป", "ไ", "ห", "น"]),
        ("กำลัง\u200bมา", ["กำ", "ลั", "ง", "\u200bม", "า"]),
        ("안녕하세요 여러분", ["안녕하세요", " 여러분"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", " بروم"]),
        ("Super 👍🏽!", ["Super", " 👍🏽!"]),
        ("", []),
        (" \n", []),
    ],
)
def test_words_of_many_languages(text: str, words: list[str]) -> None:
    assert pieces(text, list(word_ends(text))) == words


@pytest.mark.parametrize(
    ("said", "played"),
    [
        ("我们周日晚上六点到十一点营业。", "我们周日晚上六点"),
        ("日曜日は六時から営業しています。", "日曜日は六時から営"),
        ("เราเปิดวันอาทิตย์", "เราเปิดวั"),
        ("We are open from six to eleven.", "We are open from"),
    ],
)
def test_what_was_heard_of_a_reply_is_told_in_every_language(
    said: str, played: str
) -> None:
    item = PlayedItem("item_1", 0, 10.0, 6.1, "measured")
    assert played_words(said, item) == played
