"""A submission's reference, to read out, derived from its id."""

import uuid

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0, 1, I, L, O, U: people confuse them, or they spell words."""

LENGTH = 10
GROUP = 5
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
BITS = 48
"""From the id's end. Two of a million submissions share it with a probability of 0.2 %."""

DESCRIPTION = {
    "pattern": f"^[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}$",
    "examples": ["7K3QX-9FMT2"],
    "description": "Short reference for people, unique within the form; mails and the thank-you page show it.",
}
"""JSON schema."""


def reference_of(submission_id: uuid.UUID) -> str:
    """Format as `7K3QX-9FMT2`."""
    number = submission_id.int % 2**BITS
    text = ""
    for _ in range(LENGTH // 2):
        number, pair = divmod(number, len(PAIRS))
        text = PAIRS[pair] + text
    return f"{text[:GROUP]}-{text[GROUP:]}"


def parse_reference(text: str) -> str | None:
    """Return the hexadecimal end of its ids; any case, with or without dash."""
    typed = text.strip()[: LENGTH + 2].replace("-", "").upper()
    if len(typed) != LENGTH or not set(typed) <= set(ALPHABET):
        return None
    number = 0
    for character in typed:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return f"{number:0{BITS // 4}x}" if number < 2**BITS else None
