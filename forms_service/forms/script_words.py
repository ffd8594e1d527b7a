"""Sentences of the scripts that put forms into sites, in the visitor's language."""

from forms_service.languages.catalogues import translate
from forms_service.languages.formats import ENGLISH
from forms_service.languages.sentences import N_

EMBEDDED = {
    "send": N_("Send"),
    "choose": N_("Please choose"),
    "new_tab": N_("opens in a new tab"),
    "trap": N_("Leave this empty"),
    "several": N_("choose at least one"),
}
"""Of a form that a script builds."""

CLIENT = {
    "sending": N_("Sending…"),
    "offline": N_("Not sent yet: there is no connection. Trying again in {seconds} s."),
    "busy": N_("Not sent yet: the service is busy. Trying again in {seconds} s."),
    "failed": N_("This could not be sent. Your answers are still here: try again."),
    "refused": N_("This could not be sent. Tell the owner of this page."),
    "sent": N_("Thank you. Your submission has been received."),
    "insecure": N_("This form can be sent from pages with https only."),
}
"""As `clients/js/src/words.js` has them in English."""


def embedded_words(language: str) -> dict[str, str]:
    return {name: translate(sentence, language) for name, sentence in EMBEDDED.items()}


def client_words(language: str) -> dict[str, str]:
    """Return what replaces the script's English; nothing in English."""
    if language == ENGLISH:
        return {}
    return {name: translate(sentence, language) for name, sentence in CLIENT.items()}
