"""What a web server should not offer."""

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/", "/health", "/api/me", "/f/mR7xQ2-kLp0aZ_9c", "/console", "/static/pages.css"])
def test_trace_is_refused(shared_client: FlaskClient, path: str) -> None:
    answer = shared_client.open(path, method="TRACE", headers={"X-Secret": "echo"})
    assert answer.status_code == 405
    assert "echo" not in answer.text


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/vendor", "/static/vendor/", "/static/console/"])
def test_no_folder_is_listed(shared_client: FlaskClient, path: str) -> None:
    assert shared_client.get(path).status_code == 404


def test_a_range_beyond_the_end_of_a_file_is_named(shared_client: FlaskClient) -> None:
    with shared_client.head("/static/forms.js") as whole:
        length = whole.content_length
    answer = shared_client.get("/static/forms.js", headers={"Range": f"bytes={length}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{length}"
    assert answer.get_json()["error_type"] == "RangeNotSatisfiableError"
