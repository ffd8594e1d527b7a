"""The preview: what visitors will see, which nobody can send."""

from flask import Flask

from tests.console.build.conftest import FIELDS, Editor
from tests.support.console import Visitor
from tests.support.html_documents import Document
from tests.support.html_forms import controls_of
from tests.support.stored import make_form

MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(1)><b hx-get="/x">'


def preview_in(page: str) -> str:
    return page.partition('id="preview"')[2].partition("</aside>")[0]


def test_shows_the_draft_without_scripts(editor: Editor) -> None:
    assert "Your name" in preview_in(editor.text)
    editor.press("preview", {"f.0.label": "Wie heißen Sie?", "f.2.choices": "Klein | s"})
    preview = preview_in(editor.text)
    assert "Wie heißen Sie?" in preview
    assert '<option value="s">Klein</option>' in preview
    assert "Your name" not in preview


def test_is_a_page_of_its_own_for_scripts(editor: Editor) -> None:
    inputs = {**editor.inputs, "f.0.label": "Wie heißen Sie?"}
    answer = editor.visitor.post(f"{editor.url}/preview", inputs, **{"HX-Request": "true"})
    assert answer.status_code == 200
    assert "Wie heißen Sie?" in answer.text
    assert "<html" not in answer.text
    assert "require-trusted-types-for 'script'" in answer.headers["Content-Security-Policy"]


def test_cannot_be_sent(editor: Editor) -> None:
    preview = preview_in(editor.text)
    assert 'name="email"' in preview
    assert "<form" not in preview
    assert "<button" not in preview
    assert "email" not in controls_of(editor.text, "builder")


def test_leaves_out_what_is_not_valid_yet(editor: Editor) -> None:
    editor.press("preview", {"f.0.pattern": "(", "f.0.help": "Both", "f.1.max_length": "x", "f.2.choices": "A\r\nA"})
    preview = preview_in(editor.text)
    assert 'pattern="' not in preview
    assert 'maxlength="' not in preview
    assert "Both" in preview
    assert preview.count('class="field"') == 3


def test_shows_the_default_fields_of_a_form_without_any(app_on_each_db: Flask, signed_in: Visitor, form: str) -> None:
    preview = preview_in(Editor(signed_in, form).text)
    assert "Without fields of its own, the hosted page has these." in preview
    assert "Your message" in preview


def test_markup_is_text_everywhere(app_on_each_db: Flask, signed_in: Visitor) -> None:
    texts = {"label": MARKUP, "help": MARKUP, "name": MARKUP}
    form = make_form(app_on_each_db, "owner@example.com", [{**FIELDS[2], **texts, "choices": [MARKUP]}])
    editor = Editor(signed_in, form)
    editor.press("down.0", {"name": MARKUP})
    page = Document(editor.text.partition("<main")[2])
    assert not page.tags & {"script", "img", "b"}
    assert "hx-get" not in dict(page.attributes)
    assert editor.inputs["f.0.label"] == MARKUP


def test_a_card_alone_is_served_for_scripts(editor: Editor) -> None:
    answer = editor.visitor.post(f"{editor.url}/card", {**editor.inputs, "new_type": "radio"})
    assert 'name="f.n1.choices"' in answer.text
    assert answer.text.count("<li") == 1
    answer = editor.visitor.post(f"{editor.url}/card", {**editor.inputs, "retype": "1", "f.1.type": "file"})
    assert 'name="f.1.accept"' in answer.text
    assert 'value="Your e-mail address"' in answer.text
