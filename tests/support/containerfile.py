"""Reads `deploy/Containerfile`."""

import json
import re

from tests.support.servers import ROOT

PATH = ROOT / "deploy/Containerfile"


def instructions() -> list[tuple[str, str]]:
    """The instructions, each with its continued lines in one."""
    text = re.sub(r"^#.*\n", "", PATH.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]


def last(instruction: str) -> str:
    """What the image has of it."""
    return [rest for word, rest in instructions() if word == instruction][-1]


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", last("ENV")))


def command() -> list[str]:
    return list(json.loads(last("CMD")))


def healthcheck() -> list[str]:
    return list(json.loads(last("HEALTHCHECK").partition(" CMD ")[2]))
