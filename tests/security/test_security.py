"""Encryption, passwords, signatures, tokens, key ring and hashing gate."""

import base64
import threading
import time
from collections.abc import Iterator

import cryptography_vectors
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from forms_service import security
from forms_service.accounts.hashing_gate import HashingGate
from forms_service.errors import ServiceUnavailableError
from forms_service.security.key_ring import KeyRing, UnknownKeyError, unwrap, wrap

TEXTS = ["", "a", "sensitive information", "naïve Ελλάδα 漢字 😀\u0000\u2028", "x" * 100_000]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text)} characters")
def test_any_text_round_trips_with_its_password(text: str) -> None:
    sealed = security.encrypt_data(text, "pässword 1")
    assert security.decrypt_data(sealed, "pässword 1") == text
    assert sealed != security.encrypt_data(text, "pässword 1")


def test_a_wrong_password_or_any_changed_bit_is_a_value_error() -> None:
    sealed = security.encrypt_data("secret", "right")
    raw = bytearray(base64.b64decode(sealed))
    tampered = []
    for position in (0, 31, 32, 43, 44, len(raw) - 1):
        changed = bytearray(raw)
        changed[position] ^= 1
        tampered.append(base64.b64encode(changed).decode())
    cut = [base64.b64encode(raw[:length]).decode() for length in (0, 10, 44, len(raw) - 1)]
    for data in (*tampered, *cut, "not base64!", "ä"):
        with pytest.raises(ValueError, match="Wrong password, or the data is damaged"):
            security.decrypt_data(data, "right")
    with pytest.raises(ValueError, match="Wrong password, or the data is damaged"):
        security.decrypt_data(sealed, "wrong")


def test_keys_and_salts_are_random_and_of_the_given_length() -> None:
    assert len(base64.b64decode(security.generate_key())) == 32
    assert len(security.generate_salt()) == 32
    assert len(security.generate_salt(8)) == 8
    assert len({security.generate_secure_token() for _ in range(100)}) == 100
    assert len(security.generate_secure_token(32)) == 43


def test_key_derivation_matches_the_test_vectors() -> None:
    # RFC 7914, section 11
    expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
    assert security.derive_key("passwd", b"salt", 1).hex() == expected


@pytest.mark.parametrize("password", ["Correct-horse-7", "ü" * 64, "漢" * 128, "a\u0000b", " spaces "])
def test_only_the_hashed_password_verifies(password: str) -> None:
    hashed = security.hash_password(password, pepper=b"pepper", rounds=4)
    assert hashed.startswith("$2b$04$")
    assert security.verify_password(password, hashed, pepper=b"pepper")
    assert not security.verify_password(password + "x", hashed, pepper=b"pepper")
    assert not security.verify_password(password, hashed, pepper=b"other")


def test_long_passwords_are_not_truncated() -> None:
    hashed = security.hash_password("a" * 100 + "b", rounds=4)
    assert not security.verify_password("a" * 100 + "c", hashed)


def test_unicode_variants_of_a_password_are_equal() -> None:
    assert security.verify_password("Zoe\u0308", security.hash_password("Zo\u00eb", rounds=4))


@pytest.mark.parametrize("hashed", ["", "plain", "$2b$04$short", "$1$other$scheme"])
def test_an_invalid_hash_matches_nothing(hashed: str) -> None:
    assert not security.verify_password("anything", hashed)


def test_a_signature_detects_changes() -> None:
    # RFC 4231, test case 2
    signature = security.create_hmac_signature("what do ya want for nothing?", "Jefe")
    assert signature == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert security.verify_hmac_signature("what do ya want for nothing?", signature, "Jefe")
    assert not security.verify_hmac_signature("what do ya want for nothing", signature, "Jefe")
    assert not security.verify_hmac_signature("what do ya want for nothing?", signature, "jefe")
    assert not security.verify_hmac_signature("what do ya want for nothing?", "ä", "Jefe")


def nist_vectors() -> Iterator[dict[str, str]]:
    """NIST's vectors for AES-256-GCM with nonces of 96 bits and tags of 128."""
    with cryptography_vectors.open_vector_file("ciphers/AES/GCM/gcmDecrypt256.rsp", "r") as file:
        lengths: dict[str, str] = {}
        vector: dict[str, str] = {}
        for line in file:
            text = line.strip()
            if text.startswith("["):
                name, _, value = text.strip("[]").partition(" = ")
                lengths[name] = value
            elif text == "FAIL":
                vector["FAIL"] = ""
            elif "=" in text:
                name, _, value = text.partition("=")
                vector[name.strip()] = value.strip()
            elif vector:
                if lengths["IVlen"] == "96" and lengths["Taglen"] == "128":
                    yield vector
                vector = {}


def test_aes_256_gcm_matches_nist_vectors() -> None:
    passed = failed = 0
    for vector in nist_vectors():
        key, nonce, tag = (bytes.fromhex(vector[name]) for name in ("Key", "IV", "Tag"))
        sealed, associated = bytes.fromhex(vector["CT"]), bytes.fromhex(vector["AAD"])
        cipher = AESGCM(key)
        if "FAIL" in vector:
            failed += 1
            with pytest.raises(InvalidTag):
                cipher.decrypt(nonce, sealed + tag, associated)
        else:
            passed += 1
            assert cipher.decrypt(nonce, sealed + tag, associated) == bytes.fromhex(vector["PT"])
            assert cipher.encrypt(nonce, bytes.fromhex(vector["PT"]), associated) == sealed + tag
    assert (passed, failed) > (100, 100)


class TestKeyRing:
    """Fields and the keys they are under."""

    ring = KeyRing({1: b"1" * 32, 7: b"7" * 32}, b"index", b"pepper")

    @pytest.mark.parametrize("text", TEXTS, ids=lambda text: f"{len(text)} characters")
    def test_any_text_round_trips_in_its_context(self, text: str) -> None:
        sealed = self.ring.encrypt(text, "accounts.email", "7")
        assert sealed[:4] == b"\x01\0\0\x07"
        assert self.ring.decrypt(sealed, "accounts.email", "7") == text

    def test_another_context_or_changed_data_is_rejected(self) -> None:
        sealed = self.ring.encrypt("text", "accounts.email", "7")
        with pytest.raises(ValueError, match="changed, or copied"):
            self.ring.decrypt(sealed, "accounts.first_name", "7")
        with pytest.raises(ValueError, match="changed, or copied"):
            self.ring.decrypt(sealed, "accounts.email", "8")
        for position in range(len(sealed)):
            changed = bytearray(sealed)
            changed[position] ^= 1
            with pytest.raises(ValueError, match=r"changed|not in the key ring"):
                self.ring.decrypt(bytes(changed), "accounts.email", "7")

    def test_old_keys_decrypt_and_a_missing_key_is_an_error(self) -> None:
        old = KeyRing({1: b"1" * 32}, b"", b"").encrypt("text", "place", "7")
        assert self.ring.decrypt(old, "place", "7") == "text"
        with pytest.raises(UnknownKeyError):
            KeyRing({7: b"7" * 32}, b"", b"").decrypt(old, "place", "7")

    def test_equal_texts_encrypt_differently_but_share_an_index(self) -> None:
        assert self.ring.encrypt("text", "place", "7") != self.ring.encrypt("text", "place", "7")
        assert self.ring.index("text", "place") == self.ring.index("text", "place")
        assert self.ring.index("text", "place") != self.ring.index("text", "other")
        assert self.ring.index("text", "place") != KeyRing({1: b"1" * 32}, b"other", b"").index("text", "place")

    def test_a_wrapped_key_unwraps_with_any_listed_key_and_its_label(self) -> None:
        first, second, key = b"a" * 32, b"b" * 32, b"k" * 32
        wrapped = wrap(key, second, "data 1")
        assert unwrap(wrapped, [first, second], "data 1") == key
        for keys, label in (([first], "data 1"), ([second], "data 2")):
            with pytest.raises(ValueError, match="unwraps"):
                unwrap(wrapped, keys, label)

    def test_it_is_aes_256_gcm(self) -> None:
        sealed = self.ring.encrypt("text", "accounts.email", "7")
        assert AESGCM(b"7" * 32).decrypt(sealed[4:16], sealed[16:], b"accounts.email\x007") == b"text"


class TestHashingGate:
    """A bounded number of passwords is hashed at once."""

    def test_at_most_slots_threads_hash_at_once(self) -> None:
        gate = HashingGate(slots=2, max_waiting=50, timeout=30)
        running, most = 0, 0
        lock = threading.Lock()

        def work() -> None:
            nonlocal running, most
            with gate.slot():
                with lock:
                    running += 1
                    most = max(most, running)
                time.sleep(0.005)
                with lock:
                    running -= 1

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == 2

    def test_waiting_threads_are_served_in_order(self) -> None:
        gate = HashingGate(slots=1, max_waiting=50, timeout=30)
        order: list[int] = []

        def work(number: int) -> None:
            with gate.slot():
                order.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        with gate.slot():
            for thread in threads:
                waiting = gate.waiting
                thread.start()
                while gate.waiting == waiting:
                    time.sleep(0.001)
        for thread in threads:
            thread.join()
        assert order == list(range(20))

    def test_a_full_queue_refuses_immediately(self) -> None:
        gate = HashingGate(slots=1, max_waiting=0, timeout=10)
        with gate.slot(), pytest.raises(ServiceUnavailableError) as caught, gate.slot():
            pass
        assert caught.value.headers == {"Retry-After": "5"}

    def test_a_timed_out_waiter_leaves_the_queue(self) -> None:
        gate = HashingGate(slots=1, max_waiting=1, timeout=0.01)
        with gate.slot():
            for _ in range(3):
                with pytest.raises(ServiceUnavailableError), gate.slot():
                    pass
        with gate.slot():
            pass

    def test_a_failure_releases_the_slot(self) -> None:
        gate = HashingGate(slots=1, max_waiting=0, timeout=0)
        with pytest.raises(RuntimeError), gate.slot():
            raise RuntimeError
        with gate.slot():
            pass
