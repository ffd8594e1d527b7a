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
