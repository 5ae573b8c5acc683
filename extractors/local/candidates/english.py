"""The words of English, to tell names from words where capitals do not.

`english_words.txt` holds some 41,000 words (SCOWL's small lists, American and British, their words in lower case), and
`frequent_words.txt` the 11,000 that are met most (its sizes 10 and 20); `word_lists.LICENSE` is SCOWL's. Names are not
among them: `bill` and `will` are words, `korea` and `freddy` are none. A rare word may be a name in a chat:
`labyrinth`, the film.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["is_english_text", "is_english_word", "is_frequent_word"]

FOLDER = Path(__file__).parent

CHAT = frozenset(
    """
    ahh app apps awesome aww awww basketball bc blog boi bro bruh btw chill congrats cos cuz da dm dms doin dude
    dudes dunno em emoji fav fave feat ff fml footage fr freaking ft fuck fucked fucker fuckin fucking gf gonna
    gotta grr haha hahaha haters hehe hella hmm hmmm idc idek idiot idk ii ikr im imma imo internet irl jk kinda
    lil lmao lmfao lol lolol luv mah makeup meme memes min mins mod mods msg nah nite noob nope nvm ok okay omfg
    omg ooh oops ow peeps pic pics pls plz pm pov ppl prank prob probs promo ps pt rly rn selfie selfies shit
    shitty smh sorta soz stfu sub subs tbh thats tho thru thx til tmr tmrw trailer trending tutorial tv tweet
    tweets ty upload uploads ur vid video videos vids vlog vlogs vs wanna wasnt wat website whats whoa woah wont
    wow wtf xd xo xoxo ya yall yay yea yep yess yo youtuber youtubers yr yrs yuck yup
    """.split()  # noqa: SIM905 - a list of words
)
"""What people write in chats, and no dictionary holds."""

STRETCHED = re.compile(r"(\w)\1{2,}")
"""A letter three times or more: `sooo`, `yesss`."""

LAUGHTER = re.compile(r"(?:[ha]{2,}|[he]{2,}|[lo]{3,}|[xd]{2,}|[ja]{4,}|[hm]{2,}|[aw]{2,}|[k]{2,}|[ahw]+)")
ENDINGS = ("s", "es", "ed", "ing", "in", "ish", "er", "ers", "y", "ly", "ness", "less", "able")
PREFIXES = ("un", "non", "anti", "super")

USUAL_SHARE = 0.5
"""Of the words of a text in lower case so many are English, if it is."""


def is_english_word(word: str) -> bool:
    """Whether a word, in any letters, is one of English, perhaps inflected, stretched, or of chats alone."""
    return _is_listed(word, _words("english_words.txt"))


def is_frequent_word(word: str) -> bool:
    """Whether a word is one of those that are met most, likewise."""
    return _is_listed(word, _words("frequent_words.txt"))


def _is_listed(word: str, words: frozenset[str]) -> bool:
    word = word.lower().replace("\u2019", "'").partition("'")[0]
    if word in words or word in CHAT or LAUGHTER.fullmatch(word):
        return True
    if STRETCHED.search(word):
        return any(_is_listed(STRETCHED.sub(shorter, word), words) for shorter in (r"\1\1", r"\1"))
    return any(stem in words for stem in _stems(word))


def is_english_text(words: list[str]) -> bool:
    """Whether most of a text's words are English, single letters aside; a text without any is not."""
    words = [word for word in words if len(word) > 1]
    return bool(words) and sum(map(is_english_word, words)) >= USUAL_SHARE * len(words)


def _stems(word: str) -> list[str]:
    """Return what a word may be an inflection of; stems have three letters or more."""
    ends = [word.removesuffix(ending) for ending in ENDINGS if word.endswith(ending)]
    bare = [stem for stem in ends if len(stem) > 2]  # noqa: PLR2004 - letters
    silent = [f"{stem}e" for stem in bare]
    single = [stem[:-1] for stem in bare if stem[-1:] == stem[-2:-1] and len(stem) > 3]  # noqa: PLR2004 - letters
    begun = [
        word.removeprefix(prefix) for prefix in PREFIXES if word.startswith(prefix) and len(word) > len(prefix) + 3
    ]
    return [*bare, *silent, *single, *begun]


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset((FOLDER / name).read_text("ascii").split())
