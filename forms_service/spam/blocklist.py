"""Block lists of words, addresses and client networks."""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from forms_service.form_schema.settings import Blocklist
from forms_service.submissions.email_addresses import find_addresses
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.validation.fields import email_key
from forms_service.validation.text import fold_case

MAX_CACHED = 256

MAX_SEARCHED = 50_000
"""Characters searched for words."""

_WORD = re.compile(r"\w+")
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts without spaces between words."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def matches(blocked: Blocklist, parsed: ParsedSubmission, texts: list[str]) -> bool:
    return (
        bool(blocked.networks and _from_network(parsed.client, blocked.networks))
        or bool(blocked.addresses and _has_address(parsed, texts, blocked.addresses))
        or bool(blocked.words and _has_word(texts, blocked.words))
    )


def _from_network(client: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False  # a Unix socket has no client address
    return any(address in network for network in _networks(networks))


def _has_address(parsed: ParsedSubmission, texts: list[str], addresses: tuple[str, ...]) -> bool:
    blocked = _addresses(addresses)
    for text in chain(texts, parsed.control.values()):
        for address in find_addresses(text):
            key = _key(address)
            # `@example.com` blocks a whole domain
            if key in blocked or f"@{key.rpartition('@')[2]}" in blocked:
                return True
    return False


def _has_word(texts: list[str], words: tuple[str, ...]) -> bool:
    whole, phrases, anywhere = _words(words)
    # at once, since a nested list may have thousands of texts; no entry has a line break, so none matches across two
    folded_texts = list(_fold_searched(texts))
    sent_words = [_WORD.findall(text) for text in folded_texts]
    folded_text, word_set = "\n".join(folded_texts), frozenset(chain.from_iterable(sent_words))
    letters = frozenset(folded_text)
    if not whole.isdisjoint(word_set) or any(letters.issuperset(part) and part in folded_text for part in anywhere):
        return True
    likely = [phrase for phrase in phrases if word_set.issuperset(phrase.split())]
    spaced = "\n".join(f" {' '.join(each)} " for each in sent_words) if likely else ""
    return any(phrase in spaced for phrase in likely)


def _fold_searched(texts: list[str]) -> Iterator[str]:
    left = MAX_SEARCHED
    for text in texts:
        if left <= 0:
            return
        yield fold_case(text[:left])[:MAX_SEARCHED]
        left -= len(text)


@lru_cache(MAX_CACHED)
def _networks(listed: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in listed)


@lru_cache(MAX_CACHED)
def _addresses(listed: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_key(f"x{entry}").removeprefix("x") if entry.startswith("@") else _key(entry) for entry in listed)


@lru_cache(MAX_CACHED)
def _words(listed: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    whole, phrases, anywhere = set(), [], []
    for entry in listed:
        read = " ".join(fold_case(entry).split())
        parts = _WORD.findall(read)
        if " ".join(parts) != read or _WITHOUT_SPACES.search(read):
            # has other characters than letters and digits, or words without spaces
            anywhere.append(read)
        elif len(parts) == 1:
            whole.add(read)
        else:
            phrases.append(f" {read} ")
    return frozenset(whole), tuple(phrases), tuple(entry for entry in anywhere if entry)


def _key(text: str) -> str:
    try:
        return email_key(text)
    except ValueError:
        return ""
