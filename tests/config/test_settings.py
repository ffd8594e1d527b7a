"""Settings: parsing, and the errors that operators read."""

import base64
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from forms_service import config
from forms_service.config import SettingsError
from forms_service.config.parsers import Rate
from tests.conftest import MakeSettings
from tests.support import servers

KEY = base64.b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "ENVIRONMENT": "production",
    "BCRYPT_ROUNDS": "12",
    "SECRET_KEY": "Zq3" * 6 + "kP0xLm7vRt9yWs2",
    "ENCRYPTION_KEYS": KEY,
    "DATABASE_URL": "postgresql://someone:p%40ssword@db.example/forms",
    "PUBLIC_URL": "https://site.example/forms/",
    "SMTP_SERVER": "mail.example",
}


def problems(make_settings: MakeSettings, **environment: str) -> dict[str, list[str]]:
    with pytest.raises(SettingsError) as caught:
        make_settings(**environment)
    return caught.value.problems


def test_a_newcomer_needs_none(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings(ENVIRONMENT="development", BCRYPT_ROUNDS="12")
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/forms.db"
    assert settings.embedded
    assert settings.public_url == "http://127.0.0.1:5000"
    assert (settings.rate_limit, settings.signup_rate_limit) == (Rate(100, 3600), Rate(10, 900))
    assert (settings.web_concurrency, settings.log_format, settings.log_client) == (1, "text", "truncated")


def test_secrets_are_made_once_for_their_owner_only(make_settings: MakeSettings, tmp_path: Path) -> None:
    first, second = make_settings(), make_settings()
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    for name in ("secret_key", "encryption_keys"):
        assert stat.S_IMODE((tmp_path / "instance" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_production_is_taken_as_written(make_settings: MakeSettings) -> None:
    settings = make_settings(**PRODUCTION)
    assert settings.database_url == "postgresql+psycopg://someone:p%40ssword@db.example/forms"
    assert (settings.public_url, settings.public_path) == ("https://site.example/forms", "/forms")
    assert settings.log_format == "json"
    assert settings.encryption_keys == (bytes(range(32)),)


def test_production_takes_secrets_that_are_there_but_never_makes_them(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    without = {name: value for name, value in PRODUCTION.items() if name not in ("SECRET_KEY", "ENCRYPTION_KEYS")}
    assert set(problems(make_settings, **without)) == {"SECRET_KEY", "ENCRYPTION_KEYS"}
    assert not (tmp_path / "instance" / "secret_key").exists()
    made = make_settings()
    assert make_settings(**without).secret_key == made.secret_key


def test_everything_wrong_is_said_at_once_with_what_to_write(make_settings: MakeSettings) -> None:
    errors = problems(
        make_settings,
        ENVIRONMENT="staging",
        DATABASE_URL="mysql://db/forms",
        RATE_LIMIT_ENABLED="perhaps",
        SIGNUP_RATE_LIMIT="10 per minute",
        TRUSTED_PROXIES="-1",
        REDIS_URL="127.0.0.1:6379",
        PUBLIC_URL="forms.example.com",
        SECRET_KEY="hunter2hunter2",
        ENCRYPTION_KEYS="abc",
        BCRYPT_ROUNDS="99",
        LOG_FORMAT="xml",
        HEALTH_CHECK_URLS="billing",
        CORS_ORIGINS="https://a.example/path",
    )
    assert set(errors) == {
        "ENVIRONMENT",
        "DATABASE_URL",
        "RATE_LIMIT_ENABLED",
        "SIGNUP_RATE_LIMIT",
        "TRUSTED_PROXIES",
        "REDIS_URL",
        "PUBLIC_URL",
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "BCRYPT_ROUNDS",
        "LOG_FORMAT",
        "HEALTH_CHECK_URLS",
        "CORS_ORIGINS",
    }
    text = str(SettingsError(errors))
    assert "13 settings are wrong" in text
    assert "hunter2" not in text
    assert "Must be one of: development, testing, production." in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "your-secret-key-change-this-in-production"),
        ("SECRET_KEY", "too short"),
        ("ENCRYPTION_KEYS", base64.b64encode(bytes(32)).decode()),
        ("ENCRYPTION_KEYS", base64.b64encode(bytes(range(31))).decode()),
        ("ENCRYPTION_KEYS", ","),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "nonsense"),
        ("REPLY_RATE_LIMITS", "60/3600,3/86400"),
        ("REPLY_RATE_LIMITS", "60/3600,3/86400,0/86400"),
        ("PUBLIC_URL", "https://user:password@example.com"),
        ("PUBLIC_URL", "https://example.com/api"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("PUBLIC_URL", "https://example.com:port"),
        ("PUBLIC_URL", "https://example.com/our%20forms"),
        ("PUBLIC_URL", "https://example.com/a/../b"),
        ("DATABASE_URL", "postgresql://localhost/forms?sslmod=require"),
        ("REDIS_URL", "redis://127.0.0.1:port/0"),
        ("REDIS_URL", "redis://[::1"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0?max_connections=many"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0?no_such_option=1"),
        ("HEALTH_CHECK_URLS", "billing=https://one.example.com,billing=https://two.example.com"),
        ("MAIL_FROM", "Forms <forms@example..com>"),
        ("MAIL_FROM", "forms.@example.com"),
        ("CORS_ORIGINS", "https://*.example.com"),
        ("METRICS_TOKEN", "gänzlich geheim"),
        ("SMTP_SERVER", "smtp.example.com:587"),
        ("SMTP_SERVER", "smtp..example.com"),
        ("BCRYPT_ROUNDS", "3"),
        ("RATE_LIMIT_REQUESTS", "0"),
        ("RATE_LIMIT_REQUESTS", "1e3"),
        ("SIGNUP_RATE_LIMIT", "10/0"),
        ("APP_NAME", "two\nlines"),
        ("WEB_CONCURRENCY", "0"),
        ("HSTS", "preload"),
        ("PORT", "0"),
        ("PORT", "65536"),
    ],
)
def test_refuses_what_would_not_work(make_settings: MakeSettings, name: str, value: str) -> None:
    assert list(problems(make_settings, **{name: value})) == [name]


def test_a_cheap_hash_is_for_tests_only(make_settings: MakeSettings) -> None:
    assert list(problems(make_settings, ENVIRONMENT="development", BCRYPT_ROUNDS="4")) == ["BCRYPT_ROUNDS"]


def test_any_origin_with_credentials_is_refused(make_settings: MakeSettings) -> None:
    errors = problems(make_settings, CORS_ORIGINS="*", CORS_ALLOW_CREDENTIALS="true")
    assert list(errors) == ["CORS_ALLOW_CREDENTIALS"]


def test_confirmation_in_production_needs_a_mail_server(make_settings: MakeSettings) -> None:
    assert list(problems(make_settings, **PRODUCTION | {"SMTP_SERVER": ""})) == ["SMTP_SERVER"]
    make_settings(**PRODUCTION | {"SMTP_SERVER": "", "SIGNUP_CONFIRMATION": "false"})


def test_production_names_what_it_needs(make_settings: MakeSettings) -> None:
    errors = problems(make_settings, ENVIRONMENT="production", BCRYPT_ROUNDS="12")
    assert set(errors) == {"DATABASE_URL", "PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEYS", "SMTP_SERVER"}


def test_keys_come_in_either_alphabet_and_the_first_is_first(make_settings: MakeSettings) -> None:
    raw = bytes(range(223, 255))
    urlsafe = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    settings = make_settings(ENCRYPTION_KEYS=f"{urlsafe}, {KEY}")
    assert settings.encryption_keys == (raw, bytes(range(32)))


def test_an_instance_folder_that_cannot_be_made_is_named(make_settings: MakeSettings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert list(problems(make_settings, INSTANCE_PATH="file")) == ["INSTANCE_PATH"]


def test_a_dotenv_is_read_and_the_environment_goes_before_it(make_settings: MakeSettings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_NAME='From file'\nMETRICS_TOKEN=from-file-x7Qk29vR\n")
    settings = make_settings(APP_NAME="From environment")
    assert (settings.app_name, settings.metrics_token) == ("From environment", "from-file-x7Qk29vR")


def test_a_file_may_hold_a_value(make_settings: MakeSettings, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("in-a-file-x7Qk29vR\n")
    assert make_settings(METRICS_TOKEN_FILE=str(tmp_path / "token")).metrics_token == "in-a-file-x7Qk29vR"
    assert list(problems(make_settings, METRICS_TOKEN_FILE=str(tmp_path / "missing"))) == ["METRICS_TOKEN"]


def test_an_empty_value_is_not_set(make_settings: MakeSettings) -> None:
    settings = make_settings(REDIS_URL="", APP_NAME="", METRICS_TOKEN="")
    assert (settings.redis_url, settings.app_name, settings.metrics_token) == (None, "forms-service", None)


def test_no_secret_is_shown_when_settings_are(make_settings: MakeSettings) -> None:
    shown = repr(make_settings(**PRODUCTION, METRICS_TOKEN="t0ken-value-x7Qk29vR", SMTP_PASSWORD="p4ss-value"))
    for secret in ("kP0xLm7v", "t0ken-value", "p4ss-value", "p%40ssword"):
        assert secret not in shown


@pytest.mark.slow
def test_every_server_stops_with_one_error_and_no_traceback(tmp_path: Path) -> None:
    bad = {"ENVIRONMENT": "staging", "RATE_LIMIT_WINDOW": "soon"}
    process = servers.flask(tmp_path, "run", "--port", str(servers.free_port()), **bad)
    with pytest.raises(AssertionError) as caught:
        servers.Server(tmp_path / "gunicorn", bad)
    for text in (process.stderr, str(caught.value)):
        assert "2 settings are wrong" in text
        assert "ENVIRONMENT: Must be one of" in text
        assert "Traceback" not in text
    assert process.returncode != 0


@pytest.mark.slow
def test_reading_settings_does_not_start_counting_metrics(tmp_path: Path) -> None:
    script = "import sys, forms_service.config; print('prometheus_client' in sys.modules)"
    command = [sys.executable, "-c", script]  # not in a fork of a process that has imported everything
    process = subprocess.run(
        command, cwd=servers.HOME, env=servers.environment(tmp_path, {}), capture_output=True, text=True, check=False
    )
    assert process.stdout == "False\n", "gunicorn.conf.py has to set the folder before prometheus_client is imported"


@pytest.mark.parametrize("has_shared_memory", [True, False])
def test_processes_count_in_shared_memory_or_in_a_folder_of_the_operators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_shared_memory: bool
) -> None:
    temporary, chosen, shared = tmp_path / "temporary", tmp_path / "chosen", tmp_path / "shared"
    for folder in (temporary, chosen, *([shared] if has_shared_memory else [])):
        folder.mkdir()
    monkeypatch.setattr(config, "SHARED_MEMORY", str(shared))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for own_folder, parent in ((None, shared if has_shared_memory else temporary), (chosen, chosen)):
        monkeypatch.setenv(config.METRICS_FOLDER, str(own_folder or ""))
        config.share_metrics()
        assert Path(config.metrics_folder() or "").parent == parent
