"""The editor without scripts: each button keeps what was typed, and Save makes a version."""

from typing import Any

from flask import Flask

from tests.console.build.conftest import FIELDS, Editor, Saved
from tests.support.console import Visitor
from tests.support.stored import make_form, submit


def fault_of(editor: Editor, input_id: str) -> str:
    return editor.text.partition(f'id="{input_id}-wrong">')[2].partition("</p>")[0]


def test_saving_without_a_change_makes_no_version(editor: Editor, saved: Saved) -> None:
    assert editor.press("save").headers["Location"].endswith(f"{editor.url}?done=saved")
    assert (saved.version, saved.fields) == (1, FIELDS)


def test_a_changed_label_is_a_version_and_keeps_the_name(editor: Editor, saved: Saved) -> None:
    editor.press("save", {"f.0.label": "Full name", "name": "Kontakt"})
    assert (saved.version, saved.fields) == (2, [{**FIELDS[0], "label": "Full name"}, *FIELDS[1:]])
    assert saved.form["name"] == "Kontakt"


def test_buttons_move_and_remove_and_keep_unsaved_edits(editor: Editor, saved: Saved) -> None:
    assert editor.press("down.0", {"f.1.label": "E-mail", "name": "Neu"}).status_code == 200
    assert editor.labels == ["E-mail", "Your name", "Size"]
    assert 'value="down.0" aria-label="Move Your name down" autofocus' in editor.text
    editor.press("up.2")
    editor.press("up.1")  # is first already
    assert editor.labels == ["E-mail", "Size", "Your name"]
    editor.press("remove.2")
    assert saved.version == 1
    editor.press("save")
    assert saved.fields == [{**FIELDS[1], "label": "E-mail"}, FIELDS[0]]
    assert saved.form["name"] == "Neu"


def test_a_new_field_is_open_and_gets_its_name_from_the_label_once(editor: Editor, saved: Saved) -> None:
    editor.press("add", {"new_type": "radio"})
    assert editor.inputs["f.n1.type"] == "radio"
    editor.press("add", {"new_type": "integer", "f.n1.label": "Größe (cm)", "f.n1.choices": "S | small\r\n\r\nL"})
    editor.press("add", {"new_type": "text"})
    editor.press("save", {"f.n2.label": "Your name", "f.n2.min": "-3", "f.n2.max": "1e3", "f.n3.label": "redirect"})
    assert saved.fields[3:] == [
        {
            "type": "radio",
            "label": "Größe (cm)",
            "choices": [{"value": "small", "label": "S"}, "L"],
            "name": "größe_cm",
        },
        {"type": "integer", "label": "Your name", "min": -3, "max": 1000.0, "name": "your_name"},
        {"type": "text", "label": "redirect", "name": "redirect_2"},
    ]
    again = Editor(editor.visitor, editor.form_id)
    again.press("save", {"f.4.label": "Age"})
    assert saved.fields[4]["name"] == "your_name"


def test_another_kind_shows_its_settings_and_drops_those_that_do_not_fit(editor: Editor, saved: Saved) -> None:
    editor.press("type.1", {"f.1.type": "file"})
    assert "f.1.max_length" not in editor.inputs
    editor.press("save", {"f.1.accept": ".pdf", "f.1.max_size": "2,5 MB"})
    assert saved.fields[1] == {
        "name": "email",
        "type": "file",
        "label": "Your e-mail address",
        "accept": ".pdf",
        "max_size": 2_621_440,
    }


def test_faults_stand_beside_their_input_in_an_open_card(editor: Editor, saved: Saved) -> None:
    typed = {"name": " ", "f.0.pattern": "(", "f.0.help": "typed", "f.1.max_length": "many", "f.2.choices": "A\r\nA"}
    assert editor.press("save", typed).status_code == 422
    assert "Invalid pattern" in fault_of(editor, "f-0-pattern")
    assert "Must be a whole number" in fault_of(editor, "f-1-max_length")
    assert fault_of(editor, "f-2-choices") == "Two choices are the same. Each must be different."
    assert fault_of(editor, "form-name") == "Must not be empty."
    assert '<a href="#f-0-pattern"><bdi>Your name, format</bdi></a>' in editor.text
    assert 'class="summary" role="alert" tabindex="-1" autofocus data-focus' in editor.text
    assert editor.text.count("<details open>") == 3
    assert (editor.inputs["f.0.help"], editor.inputs["f.2.choices"]) == ("typed", "A\r\nA")
    assert saved.version == 1


def test_a_fault_of_a_choice_names_its_line(editor: Editor) -> None:
    editor.press("save", {"f.2.choices": f"A\r\n{'B' * 501}"})
    assert fault_of(editor, "f-2-choices") == "Choice 2: Must have at most 500 characters."


def test_a_conflict_with_the_settings_is_in_the_summary(app_on_each_db: Flask, signed_in: Visitor) -> None:
    editor = Editor(signed_in, make_form(app_on_each_db, "owner@example.com", FIELDS, subject="From {email}"))
    editor.press("remove.1")
    assert editor.press("save").status_code == 422
    assert "<li>Subject of the mail to you: Unknown: {email}." in editor.text


class TestTwoEditors:
    """Somebody else saves meanwhile."""

    def test_are_warned_and_may_save_anyway(self, editor: Editor, saved: Saved) -> None:
        other = {"name": "phone", "type": "tel", "label": "Phone"}
        saved.change(fields=[FIELDS[2], {**FIELDS[0], "label": "Who?"}, other])
        assert editor.press("save", {"f.0.label": "Mine"}).status_code == 409
        for sentence in ("“Phone” was added.", "“Who?” was changed: label.", "“Your e-mail address” was removed."):
            assert f'<li dir="auto">{sentence}</li>' in editor.text
        assert '<li dir="auto">The order was changed.</li>' in editor.text
        assert saved.version == 2
        assert editor.labels == ["Mine", "Your e-mail address", "Size"]
        assert ">Save anyway</button>" in editor.text
        editor.press("save")
        assert (saved.version, saved.fields) == (3, [{**FIELDS[0], "label": "Mine"}, *FIELDS[1:]])

    def test_are_warned_again_if_it_changes_again(self, editor: Editor, saved: Saved) -> None:
        for version, label in ((2, "One"), (3, "Two")):
            saved.change(fields=[{**FIELDS[0], "label": label}])
            assert editor.press("save", {"f.0.label": "Mine"}).status_code == 409
            assert saved.version == version

    def test_are_not_disturbed_by_settings_or_the_same_fields(self, editor: Editor, saved: Saved) -> None:
        mine = [{**FIELDS[0], "label": "Mine"}, *FIELDS[1:]]
        saved.change(settings={"closed": True}, fields=mine)
        assert editor.press("save", {"f.0.label": "Mine"}).status_code == 303
        assert saved.version == 2


class TestRenaming:
    """Another name in the data."""

    def test_warns_while_there_are_submissions(self, app_on_each_db: Flask, editor: Editor, saved: Saved) -> None:
        submit(app_on_each_db, editor.form_id, status="archived")
        assert editor.press("save", {"f.0.name": "full_name"}).status_code == 409
        assert '<code dir="auto">name</code> becomes <code dir="auto">full_name</code>' in editor.text
        assert saved.version == 1
        assert editor.press("save_renamed").status_code == 303
        assert saved.fields[0]["name"] == "full_name"

    def test_is_free_without_submissions(self, editor: Editor, saved: Saved) -> None:
        assert editor.press("save", {"f.0.name": "full_name"}).status_code == 303
        assert saved.fields[0]["name"] == "full_name"


def test_an_earlier_version_is_restored_as_a_new_one(editor: Editor, saved: Saved) -> None:
    saved.change(fields=[])
    page = editor.visitor.get(editor.url).text
    assert "No fields yet" in page
    assert page.index("Version 2,") < page.index("Version 1,")
    inputs: dict[str, Any] = {"csrf_token": editor.inputs["csrf_token"], "version": "1"}
    path = f"/console/forms/{editor.form_id}/versions/1/restore"
    assert editor.visitor.post(path, inputs).status_code == 409
    assert editor.visitor.post(path, {**inputs, "version": "2"}).status_code == 303
    assert (saved.version, saved.fields) == (3, FIELDS)
    assert editor.visitor.post(path.replace("1/r", "9/r"), {**inputs, "version": "3"}).status_code == 404


def test_a_form_of_200_fields_is_saved_and_its_page_grows_linearly(
    app_on_each_db: Flask, signed_in: Visitor, saved: Saved
) -> None:
    def page_size(count: int) -> int:
        fields = [{"name": f"f{number}", "type": "text", "label": f"Question {number}"} for number in range(count)]
        editor = Editor(signed_in, make_form(app_on_each_db, "owner@example.com", fields))
        assert editor.press(f"down.{count - 2}", {"f.0.label": "First"}).status_code == 200
        assert editor.press("save").status_code == 303
        return len(editor.text)

    small, large = page_size(100), page_size(200)
    assert large < 2 * small
    assert large < 1_000_000


def test_thousands_of_cards_are_refused_before_a_page_is_made_of_them(editor: Editor) -> None:
    typed = {f"f.n{number}.label": "Again" for number in range(2000)}
    answer = editor.visitor.post(editor.url, {**editor.inputs, **typed, "action": "save"})
    assert (answer.status_code, len(answer.data) < 20_000) == (422, True)
    typed = {f"f.n{number}.label": "Again" for number in range(501)}
    answer = editor.press("save", typed)
    assert (answer.status_code, "at most 500" in answer.text) == (422, True)
