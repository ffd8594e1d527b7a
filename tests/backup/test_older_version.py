"""A backup that an earlier version made is restored at today's schema, on both databases.

`revision_0016.tar` was written by `python -m tests.support.backups NEW_FOLDER > tests/backup/revision_0016.tar`.
"""

from pathlib import Path

import pytest

from tests.support.api_keys import make_key
from tests.support.backups import OLD_KEYS, OLD_REVISION, PDF, Instance
from tests.support.visitors import ANN

pytestmark = pytest.mark.slow

FILE = Path(__file__).parent / f"revision_{OLD_REVISION}.tar"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_decrypts_and_works_on(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else None
    instance = Instance(tmp_path / "target", url)
    instance.settings |= OLD_KEYS
    instance.restore(FILE)
    with instance.app() as app:
        operator = make_key(app, "new@example.com", role="operator")
        client = app.test_client()
        (form,) = client.get("/api/forms", headers=operator).json["data"]
        (submission,) = client.get(f"/api/forms/{form['id']}/submissions", headers=operator).json["data"]
        assert submission["data"] == ANN
        path = f"/api/submissions/{submission['id']}/files/1"
        assert client.get(path, headers=operator).data == PDF
        assert client.post(f"/f/{form['id']}", json={"name": "Bob", "email": "bob@example.com"}).status_code == 200
