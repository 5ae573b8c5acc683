"""Long texts in which facts are planted: what is read of their chunks is known."""

import random

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "while", "日本", "rains", "café"]


def ledger(count, size):
    """Plant so many facts in so many characters of filler."""
    chance, parts = random.Random(count), ["Title: Ledger\n\n"]
    for number in range(count):
        filler = ""
        while len(filler) < size // count - 40:
            filler += chance.choice(WORDS) + chance.choice([" ", " ", ". ", "\n\n"])
        parts.append(f"{filler}[[person{number} has {chance.randrange(1000)} coins]] ")
    return "".join(parts)
