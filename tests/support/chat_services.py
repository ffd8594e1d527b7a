"""Stubs of chat services: each refuses what its service refuses or what would act, and returns what people read."""

import html
import json
import re
from collections.abc import Callable, Mapping
from email.header import decode_header, make_header
from typing import Any

from forms_service.webhooks.formats.payloads import JSON, Payload

WORD_JOINER = "\u2060"


class RefusedError(Exception):
    """The service would answer 400, or a visitor's text would act."""


def refuse_if(condition: object, reason: str) -> None:
    """Raise what a test reports."""
    if condition:
        raise RefusedError(reason)


def units(text: str) -> int:
    """UTF-16 code units, the larger of the two ways to count."""
    return len(text.encode("utf-16-le")) // 2


def check_length(name: str, text: str, most: int) -> None:
    """Refuse texts that are blank or too long."""
    refuse_if(not text.strip(), f"{name} is blank")
    refuse_if(units(text) > most, f"{name} has {units(text)} of {most} characters")


def read_json(payload: Payload) -> dict[str, Any]:
    """The message, if it is one."""
    refuse_if(payload.content_type != JSON, "no JSON")
    refuse_if(payload.headers, "headers of another service")
    message: dict[str, Any] = json.loads(payload.body.decode())
    return message


def slack(payload: Payload) -> str:
    """Slack: https://docs.slack.dev/reference/block-kit/blocks."""
    message = read_json(payload)
    refuse_if(len(payload.body) > 13_000, "msg_blocks_too_long")
    refuse_if(not 1 <= len(message["blocks"]) <= 50, "more than 50 blocks")
    refuse_if(message["mrkdwn"] or message["parse"] != "none", "the fallback is formatted")
    return "\n".join([_slack_text(message["text"]), *map(_slack_block, message["blocks"])])


def _slack_block(block: dict[str, Any]) -> str:
    text = block["text"]
    check_length("text", text["text"], 150 if block["type"] == "header" else 3000)
    if text["type"] == "mrkdwn":
        link = re.fullmatch(r"<(https?://[^<>|\s]+)\|[\w ]+>", text["text"])
        refuse_if(not link, "formatted text that is no link of ours")
        return html.unescape(link[1]) if link else ""
    refuse_if(text["type"] != "plain_text" or text["emoji"] is not False, "emoji names would act")
    return _slack_text(text["text"])


def _slack_text(text: str) -> str:
    refuse_if(re.search(r"[<>]|&(?!(?:amp|lt|gt);)", text), "a mention or a link would act")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def discord(payload: Payload) -> str:
    """Discord: https://discord.com/developers/docs/resources/message#embed-object-embed-limits."""
    message = read_json(payload)
    refuse_if(message["allowed_mentions"] != {"parse": []}, "mentions would act")
    refuse_if("content" in message or len(message["embeds"]) != 1, "not one embed")
    (embed,) = message["embeds"]
    refuse_if(not re.match(r"https?://[\w.-]+\.\w+[/:]", embed.get("url", "https://a.co/")), "url is malformed")
    refuse_if(len(embed["fields"]) > 25, "more than 25 fields")
    check_length("title", embed["title"], 256)
    for field in embed["fields"]:
        check_length("name", field["name"], 256)
        check_length("value", field["value"], 1024)
    texts = [embed["title"], *(text for field in embed["fields"] for text in (field["name"], field["value"]))]
    refuse_if(sum(map(units, texts)) > 6000, "more than 6,000 characters")
    return "\n".join([embed.get("url", ""), *map(_discord_text, texts)])


def _discord_text(text: str) -> str:
    active = re.sub(r"\\[^0-9A-Za-z\s]", "", text)
    refuse_if(re.search(r"[\\*_~`|<>@#:\[\]()]|^\s*(?:-|\d+\.)", active, re.M), f"Markdown would act: {active[:80]!r}")
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)


def telegram(payload: Payload) -> str:
    """Telegram: https://core.telegram.org/bots/api#sendmessage."""
    message = read_json(payload)
    check_length("text", message["text"], 4096)
    refuse_if({"parse_mode", "entities"} & set(message), "markup would act")
    refuse_if(not message["chat_id"], "chat not found")
    refuse_if(not message["link_preview_options"]["is_disabled"], "a stranger's page would be fetched")
    text = str(message["text"])
    refuse_if(re.search(r"(?<![A-Za-z0-9_])@[A-Za-z0-9_]", text), "a mention would act")
    refuse_if(re.search(r"(?<![A-Za-z0-9_/<>])/[A-Za-z0-9_]", text), "a command would act")
    return text.replace(WORD_JOINER, "")


def teams(payload: Payload) -> str:
    """Teams: an Adaptive Card of Workflows, of which only RichTextBlock has no Markdown."""
    message = read_json(payload)
    text = payload.body.decode()
    refuse_if(max(len(payload.body), len(text.encode("utf-16-le"))) > 28_000, "more than 28 kB")
    (attachment,) = message["attachments"]
    refuse_if(message["type"] != "message", "no message")
    refuse_if(attachment["contentType"] != "application/vnd.microsoft.card.adaptive", "no Adaptive Card")
    card = attachment["content"]
    refuse_if((card["type"], card["version"]) != ("AdaptiveCard", "1.4"), "a card that Teams does not know")
    refuse_if(any(set(action) != {"type", "title", "url"} for action in card.get("actions", ())), "an odd action")
    links = [action["url"] for action in card.get("actions", ())]
    return "\n".join([*(_teams_text(block) for block in card["body"]), *links])


def _teams_text(block: dict[str, Any]) -> str:
    refuse_if(block["type"] != "RichTextBlock", "Markdown would act")
    (run,) = block["inlines"]
    check_length("text", run["text"], 28_000)
    refuse_if(run["type"] != "TextRun" or "selectAction" in run, "a link would act")
    refuse_if(re.search(r"\{\{(?:DATE|TIME)\(", run["text"]), "a function would act")
    return str(run["text"]).replace(WORD_JOINER, "")


def ntfy(payload: Payload) -> str:
    """The server of ntfy: https://docs.ntfy.sh/publish/."""
    refuse_if(payload.content_type != "text/plain; charset=utf-8", "Markdown would act")
    refuse_if(payload.headers.get("Markdown") != "no", "Markdown would act")
    refuse_if(set(payload.headers) - {"Title", "Click", "Markdown"}, "a header that orders something")
    for value in payload.headers.values():
        refuse_if(not re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", value), "a header that is not ASCII on one line")
        refuse_if("=?" in value and max(map(len, value.split(" "))) > 75, "an encoded word that is too long")
    refuse_if(not payload.body.strip() or len(payload.body) > 4096, "the message would be an attachment")
    return f"{make_header(decode_header(payload.headers['Title']))}\n{payload.body.decode()}"


SERVICES: Mapping[str, Callable[[Payload], str]] = {
    "slack": slack,
    "discord": discord,
    "telegram": telegram,
    "teams": teams,
    "ntfy": ntfy,
}
"""By the name of the format."""
