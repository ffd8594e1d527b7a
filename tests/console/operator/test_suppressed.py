"""Addresses that get no mail: listed, added, removed."""

import re

from flask import Flask

from forms_service.delivery import suppressions
from tests.support.console import Visitor

PAGE = "/console/operator/suppressions"
ANN = "ann@example.com"


def suppressed(app: Flask) -> list[tuple[str | None, str]]:
    with app.app_context():
        return [(row.address, row.reason) for row in suppressions.list_all()]


def test_are_listed_with_reasons_newest_first(app_on_each_db: Flask, operator: Visitor) -> None:
    assert "Every address gets mail." in operator.get(PAGE).text
    with app_on_each_db.app_context():
        suppressions.suppress(ANN, "bounce", "550 <b>unknown</b>")
        suppressions.suppress("ben@example.com", "complaint")
    text = operator.get(PAGE).text
    assert "Its mailbox refused a mail" in text
    assert "550 &lt;b&gt;unknown" in text
    assert text.index("ben@example.com") < text.index(ANN)


def test_one_is_added_and_removed_by_its_address(app_on_each_db: Flask, operator: Visitor) -> None:
    answer = operator.send(PAGE, email="Ann@example.com", action="suppress")
    assert answer.headers["Location"] == f"{PAGE}?done=suppression_added"
    assert suppressed(app_on_each_db) == [("Ann@example.com", "operator")]
    answer = operator.send(PAGE, email=ANN, action="unsuppress")
    assert "This address gets mail again." in operator.get(answer.headers["Location"]).text
    assert suppressed(app_on_each_db) == []
    events = operator.get("/console/events").text
    assert "Added an address to those that get no mail" in events
    assert "Removed an address from those that get no mail" in events
    assert ANN not in events


def test_what_is_not_on_the_list_is_said(operator: Visitor) -> None:
    refused = operator.send(PAGE, email=ANN, action="unsuppress")
    assert (refused.status_code, "This address is not on the list, so it gets mail." in refused.text) == (422, True)
    assert operator.send(PAGE, email="nonsense", action="suppress").status_code == 422
    assert operator.send(PAGE, email=ANN, action="explode").status_code == 422
    assert "Removed an address" not in operator.get("/console/events").text


def test_an_erased_address_is_removed_by_its_row(app_on_each_db: Flask, operator: Visitor) -> None:
    with app_on_each_db.app_context():
        suppressions.suppress(ANN, "bounce")
    operator.send("/console/people/erase", "/console/people", email=ANN)
    text = operator.get(PAGE).text
    assert "(erased)" in text
    (path,) = re.findall(rf'action="({PAGE}/[0-9a-f-]+/remove)"', text)
    assert operator.send(path, PAGE).status_code == 303
    assert suppressed(app_on_each_db) == []
    assert operator.send(path, PAGE).status_code == 404


def test_the_list_is_paged(app_on_each_db: Flask, operator: Visitor) -> None:
    with app_on_each_db.app_context():
        for number in range(27):
            suppressions.suppress(f"p{number}@example.com", "bounce")
    first = operator.get(PAGE).text
    older = first.partition("?cursor=")[2].partition('"')[0]
    assert first.count("</strong>") == 25
    assert "p0@example.com" in operator.get(f"{PAGE}?cursor={older}").text
