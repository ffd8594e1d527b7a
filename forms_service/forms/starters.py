"""Forms to start from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAME = {"name": "name", "type": "text", "label": "Your name", "required": True, "max_length": 200}
EMAIL = {"name": "email", "type": "email", "label": "Your e-mail address", "required": True}
PHONE = {"name": "phone", "type": "tel", "label": "Your phone number", "help": "In case we have a question."}
PRIVACY = {
    "name": "consent",
    "type": "consent",
    "label": "I agree that my answers are stored and used for this purpose only.",
    "required": True,
}


@dataclass(frozen=True)
class Starter:
    """A form to start from: `body` as the API takes it to create a form."""

    title: str
    description: str
    fields: tuple[dict[str, Any], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        return {
            "name": self.title,
            "fields": [dict(definition) for definition in self.fields],
            "settings": dict(self.settings),
        }


BLANK = "blank"

STARTERS: Mapping[str, Starter] = {
    "contact": Starter(
        "Contact",
        "Name, e-mail address and a message.",
        (
            NAME,
            EMAIL,
            {"name": "message", "type": "textarea", "label": "Your message", "required": True, "max_length": 10_000},
        ),
        {"subject": "Message from {name}"},
    ),
    "event": Starter(
        "Sign-up for an event",
        "Who comes, with how many people, and what they eat.",
        (
            NAME,
            EMAIL,
            {
                "name": "guests",
                "type": "integer",
                "label": "How many people are you?",
                "required": True,
                "min": 1,
                "max": 20,
            },
            {
                "name": "meal",
                "type": "radio",
                "label": "What would you like to eat?",
                "choices": ["Meat", "Fish", "Vegetarian", "Vegan"],
            },
            {"name": "remarks", "type": "textarea", "label": "Anything we should know?", "help": "Such as allergies."},
        ),
        {
            "subject": "Sign-up: {name}, {guests}",
            "reply": {
                "subject": "You are signed up ({reference})",
                "text": "Hello {name},\n\nthank you for signing up. We look forward to seeing you.",
            },
        },
    ),
    "job": Starter(
        "Job application",
        "Contact details, a CV as a file and a few words.",
        (
            NAME,
            EMAIL,
            PHONE,
            {
                "name": "cv",
                "type": "file",
                "label": "Your CV",
                "required": True,
                "accept": ".pdf, .docx, .odt",
                "max_size": 5 * 2**20,
            },
            {"name": "start", "type": "date", "label": "When could you start?"},
            {"name": "motivation", "type": "textarea", "label": "Why would you like to work with us?"},
            PRIVACY,
        ),
        {"subject": "Application of {name}", "retention_days": 180},
    ),
    "feedback": Starter(
        "Feedback",
        "A rating, what was good and what was not.",
        (
            {
                "name": "rating",
                "type": "radio",
                "label": "How satisfied are you?",
                "required": True,
                "choices": ["Very satisfied", "Satisfied", "Neutral", "Dissatisfied", "Very dissatisfied"],
            },
            {"name": "good", "type": "textarea", "label": "What did you like?"},
            {"name": "better", "type": "textarea", "label": "What could we do better?"},
            {"name": "email", "type": "email", "label": "Your e-mail address", "help": "Only if you want an answer."},
        ),
        {"subject": "Feedback: {rating}"},
    ),
    "newsletter": Starter(
        "Newsletter",
        "An e-mail address, confirmed by a link in a mail.",
        (
            {"name": "name", "type": "text", "label": "Your name", "max_length": 200},
            EMAIL,
            {
                "name": "consent",
                "type": "consent",
                "label": "I would like to get the newsletter. I can unsubscribe at any time.",
                "required": True,
            },
        ),
        {
            "subject": "Newsletter: {email}",
            "double_opt_in": {
                "subject": "Please confirm your subscription",
                "text": "Hello,\n\nplease confirm that you would like to get our newsletter:\n\n{link}\n\n"
                "If you did not ask for it, ignore this mail.",
            },
        },
    ),
    "order": Starter(
        "Order",
        "What, how many, and where to.",
        (
            NAME,
            EMAIL,
            PHONE,
            {"name": "product", "type": "text", "label": "What would you like to order?", "required": True},
            {
                "name": "quantity",
                "type": "integer",
                "label": "How many?",
                "required": True,
                "min": 1,
                "max": 1000,
            },
            {"name": "address", "type": "textarea", "label": "Delivery address", "required": True},
            {
                "name": "delivery",
                "type": "radio",
                "label": "Delivery",
                "required": True,
                "choices": ["By post", "I collect it"],
            },
            {"name": "remarks", "type": "textarea", "label": "Remarks"},
        ),
        {
            "subject": "Order {reference} of {name}",
            "reply": {
                "subject": "Your order {reference}",
                "text": "Hello {name},\n\nthank you for your order of {quantity} of: {product}. We will be in touch.",
                "copy": False,
            },
        },
    ),
    BLANK: Starter("New form", "No fields yet: add your own, or take whatever your page sends."),
}
