"""The owner's colour, and where it goes."""

import re

import pytest
from flask.testing import FlaskClient

from forms_service.forms import theme
from tests.forms.conftest import MakeForm
from tests.support.servers import ROOT

AWKWARD = ("#ffff00", "#777777", "#000000", "#ffffff", "#1d4f91", "#00ff00", "#ff0000", "#767676", "#fe7f00", "#0a0a40")
LOGO = "https://cdn.example:8443/brand/logo.svg?v=2"


def properties(text: str) -> list[dict[str, str]]:
    """Those of the light scheme, and of the dark one."""
    return [dict(re.findall("--([a-z-]+): ([^;]+);", block)) for block in text.split("@media")]


@pytest.mark.parametrize("color", AWKWARD)
def test_the_contrast_is_kept_in_both_schemes(color: str) -> None:
    for values, grounds in zip(properties(theme.stylesheet(color)), (theme.LIGHT, theme.DARK), strict=True):
        assert values["button"] == color
        assert theme.contrast(values["on-button"], color) >= 4.5
        assert theme.contrast(values["on-brand"], values["brand"]) >= 4.5
        assert all(theme.contrast(values["brand"], ground) >= 4.5 for ground in grounds)
        assert values["edge"] == "var(--line)" or theme.contrast(color, grounds[0]) >= 3


def test_contrast_is_that_of_wcag() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert theme.contrast("#ffff00", "#ffffff") == pytest.approx(1.07, abs=0.005)


def test_a_colour_with_contrast_enough_is_left_as_it_is() -> None:
    assert properties(theme.stylesheet("#1d4f91"))[0]["brand"] == "#1d4f91"
    assert properties(theme.stylesheet("#8ab4f0"))[1]["brand"] == "#8ab4f0"


def test_the_grounds_are_those_of_the_pages() -> None:
    schemes = properties((ROOT / "forms_service/static/pages.css").read_text())
    for values, grounds in zip(schemes[:2], (theme.LIGHT, theme.DARK), strict=True):
        assert (values["paper"], values["ground"]) == grounds


def test_a_page_loads_its_colour_from_a_stylesheet_of_its_own(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(settings={"theme": {"color": "#FFCC00"}})
    for path in (f"/f/{form_id}", f"/f/{form_id}/thanks"):
        page = shared_client.get(path)
        (link,) = re.findall('href="([^"]*/theme/[^"]*)"', page.text)
        assert link.startswith("/f/theme/ffcc00.css?v=")
        assert "style-src 'self'; img-src 'self' data:; " in page.headers["Content-Security-Policy"]
        assert "style=" not in page.text
    styles = shared_client.get(link)
    assert (styles.status_code, styles.mimetype, styles.text) == (200, "text/css", theme.stylesheet("#ffcc00"))
    assert styles.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert styles.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "/theme/" not in shared_client.get(f"/f/{form_of()}").text


@pytest.mark.parametrize("name", ["red", "FFCC00", "ffcc0", "ffcc000", "ffcc0g", "%3Cb%3E", "ffcc00%0A"])
def test_a_stylesheet_is_of_a_colour(shared_client: FlaskClient, name: str) -> None:
    assert shared_client.get(f"/f/theme/{name}.css").status_code == 404


def test_a_logo_is_allowed_on_the_pages_of_its_form_alone(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(settings={"theme": {"logo_url": LOGO}, "closed": True})
    paths = (f"/f/{form_id}", f"/f/{form_id}/thanks")
    refusal = shared_client.post(paths[0], data={"message": "Hello"}, headers={"Accept": "text/html"})
    for page in (*map(shared_client.get, paths), refusal):
        assert f'<img src="{LOGO}" alt="Summer &lt;party&gt;" referrerpolicy="no-referrer"' in page.text
        assert "img-src 'self' data: https://cdn.example:8443;" in page.headers["Content-Security-Policy"]
        assert "Cross-Origin-Embedder-Policy" not in page.headers
        assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    other = shared_client.get(f"/f/{form_of()}")
    assert "cdn.example" not in other.headers["Content-Security-Policy"]
    assert other.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_a_logo_and_a_challenge_go_together(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(settings={"theme": {"logo_url": LOGO}, "challenge": "altcha"})
    policy = shared_client.get(f"/f/{form_id}").headers["Content-Security-Policy"]
    assert "img-src 'self' data: https://cdn.example:8443;" in policy
    assert "worker-src 'self'" in policy
