import base64
import hashlib
import hmac
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from forms_service.webhooks import signatures
from tests.support.servers import ROOT

VERIFIER = ROOT / "tests/clients/webhooks"
VECTOR = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": b'{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""From the test suites of Standard Webhooks."""

BODY = '{"data": {"name": "Zoë 😀", "message": "a.b.c\\u0000"}}'.encode()


def now(shift: timedelta = timedelta()) -> int:
    return int((datetime.now(UTC) + shift).timestamp())


@pytest.mark.parametrize("secret", [VECTOR["secret"], VECTOR["secret"].removeprefix("whsec_")])
def test_the_official_vector_is_reproduced(secret: str) -> None:
    made = signatures.headers([secret], VECTOR["id"], VECTOR["timestamp"], VECTOR["body"])
    assert made == {
        "webhook-id": VECTOR["id"],
        "webhook-timestamp": "1614265330",
        "webhook-signature": VECTOR["signature"],
    }


def test_a_new_secret_is_32_random_bytes() -> None:
    secret, other = signatures.new_secret(), signatures.new_secret()
    assert secret != other
    assert secret.startswith("whsec_")
    assert len(signatures.decode_secret(secret)) == 32


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_of_any_legal_size_signs(size: int) -> None:
    key = bytes(range(size))
    made = signatures.sign([base64.b64encode(key).decode()], "msg_1", 1, b"{}")
    expected = base64.b64encode(hmac.new(key, b"msg_1.1.{}", hashlib.sha256).digest()).decode()
    assert made == f"v1,{expected}"


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_?", "whsec_é", "whsec_AAAA AAAA", *(base64.b64encode(bytes(n)).decode() for n in (23, 65))],
)
def test_an_illegal_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="A webhook secret"):
        signatures.sign([secret], "msg_1", 1, b"{}")


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        signatures.sign([], "msg_1", 1, b"{}")


@pytest.mark.parametrize("identity", ["", "msg.1"])
def test_an_id_cannot_be_confused_with_the_timestamp(identity: str) -> None:
    with pytest.raises(ValueError, match="A webhook id"):
        signatures.sign([signatures.new_secret()], identity, 1, b"{}")


class TestThePackageOfPyPI:
    def test_it_verifies_what_is_signed(self) -> None:
        secret = signatures.new_secret()
        made = signatures.headers([secret], "msg_1", now(), BODY)
        assert Webhook(secret).verify(BODY, made) == json.loads(BODY)

    def test_it_verifies_by_either_secret_while_they_rotate(self) -> None:
        new, old = signatures.new_secret(), signatures.new_secret()
        made = signatures.headers([new, old], "msg_1", now(), BODY)
        assert made["webhook-signature"].count("v1,") == 2
        assert Webhook(new).verify(BODY, made) == Webhook(old).verify(BODY, made)
        with pytest.raises(WebhookVerificationError):
            Webhook(signatures.new_secret()).verify(BODY, made)

    def test_it_refuses_another_body_and_another_id(self) -> None:
        secret = signatures.new_secret()
        made = signatures.headers([secret], "msg_1", now(), BODY)
        for body, headers in ((BODY + b" ", made), (BODY, {**made, "webhook-id": "msg_2"})):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(body, headers)

    def test_it_refuses_an_old_attempt(self) -> None:
        secret = signatures.new_secret()
        made = signatures.headers([secret], "msg_1", now(-timedelta(minutes=6)), BODY)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY, made)


@pytest.fixture(scope="module")
def verifier() -> Path:
    """The package of npm, in a program that prints what it verified."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs Node with npm (apt-get install nodejs npm)")
    words = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    done = subprocess.run(words, cwd=VERIFIER, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm could not fetch the verifier: {done.stderr[-200:]}")
    return VERIFIER / "verify.mjs"


def run(verifier: Path, secret: str, headers: dict[str, str], body: bytes) -> subprocess.CompletedProcess[bytes]:
    words = ["node", str(verifier), secret, json.dumps(headers)]
    return subprocess.run(words, input=body, capture_output=True, timeout=60, check=False)


@pytest.mark.slow
class TestThePackageOfNpm:
    def test_it_verifies_by_either_secret_while_they_rotate(self, verifier: Path) -> None:
        new, old = signatures.new_secret(), signatures.new_secret()
        made = signatures.headers([new, old], "msg_1", now(), BODY)
        for secret in (new, old):
            done = run(verifier, secret, made, BODY)
            assert json.loads(done.stdout) == json.loads(BODY), done.stderr

    def test_it_refuses_another_secret(self, verifier: Path) -> None:
        made = signatures.headers([signatures.new_secret()], "msg_1", now(), BODY)
        done = run(verifier, signatures.new_secret(), made, BODY)
        assert done.returncode
        assert b"WebhookVerificationError" in done.stderr
