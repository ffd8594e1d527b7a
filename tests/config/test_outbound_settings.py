"""OUTBOUND_ALLOW, and files of certificate authorities."""

import ipaddress
import ssl
from pathlib import Path

import pytest

from forms_service.config import SettingsError
from tests.conftest import MakeSettings
from tests.support.certificates import Authority

CA_FILES = ("OUTBOUND_CA_FILE", "SMTP_CA_FILE")


def test_networks_and_names_are_parsed(make_settings: MakeSettings) -> None:
    allow = make_settings(
        OUTBOUND_ALLOW=" 10.0.0.0/8, fd00::/8,192.168.1.7,Hooks.LAN.,bücher.lan,my_host,"
    ).outbound_allow
    assert allow.networks == tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "fd00::/8", "192.168.1.7/32")))
    assert allow.hosts == {"hooks.lan", "xn--bcher-kva.lan", "my_host"}
    assert not make_settings().outbound_allow.networks


@pytest.mark.parametrize(
    "value", ["10.0.0.5/8", "10.0.0.0/33", "127.1", "0x7f000001", "https://hooks.lan", "hooks.lan:8080", "*.lan", "a b"]
)
def test_what_is_neither_is_refused(make_settings: MakeSettings, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(OUTBOUND_ALLOW=f"hooks.lan,{value}")
    assert list(caught.value.problems) == ["OUTBOUND_ALLOW"]


@pytest.mark.parametrize("name", CA_FILES)
def test_an_authoritys_file_may_be_relative_and_have_comments(
    make_settings: MakeSettings, tmp_path: Path, name: str
) -> None:
    pem = Authority(tmp_path).file.read_text()
    (tmp_path / "ours.pem").write_text(
        f"Größe der Firma\n{pem}# Zweite\n{Authority(tmp_path, 'other').file.read_text()}"
    )
    settings = make_settings(**{name: "ours.pem"})
    context = settings.outbound_tls_context if name == "OUTBOUND_CA_FILE" else settings.smtp_tls_context
    subjects = str([certificate["subject"] for certificate in context.get_ca_certs()])
    assert "'authority'" in subjects
    assert "'other'" in subjects
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("name", CA_FILES)
@pytest.mark.parametrize("content", [None, "", "nonsense", "key", "damaged", "one damaged", "folder"])
def test_a_file_without_certificates_is_an_error_at_start(
    make_settings: MakeSettings, tmp_path: Path, name: str, content: str | None
) -> None:
    file, authority = tmp_path / "ours.pem", Authority(tmp_path)
    pem = authority.file.read_text()
    authority.server_context("host")
    key = (tmp_path / "host.pem").read_text().partition("-----BEGIN PRIVATE")[2]
    damaged = pem.replace(pem.split("\n")[1], "A" * 64)
    texts = {"key": f"-----BEGIN PRIVATE{key}", "damaged": damaged, "one damaged": pem + damaged}
    if content == "folder":
        file.mkdir()
    elif content is not None:
        file.write_text(texts.get(content, content))
    with pytest.raises(SettingsError) as caught:
        make_settings(**{name: str(file)})
    assert list(caught.value.problems) == [name]
    assert f"{name}: " in str(caught.value)
