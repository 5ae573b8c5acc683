"""Where settings come from."""

import pytest

from slotfill import SettingsError
from slotfill.extractors.settings import Settings

KEY = "sk-ant-secret-0123456789"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_arguments_then_variables_then_dotenv_then_defaults(tmp_path, monkeypatch):
    assert Settings.read().retries == 2
    (tmp_path / ".env").write_text("SLOTFILL_RETRIES=3\nSLOTFILL_MODEL=claude-opus-5\n")
    assert Settings.read().retries == 3
    monkeypatch.setenv("SLOTFILL_RETRIES", "4")
    assert Settings.read().retries == 4
    assert Settings.read(retries=5, model=None).retries == 5
    assert Settings.read().model == "claude-opus-5"


def test_a_dotenv_gives_credentials_but_no_base_url(tmp_path, monkeypatch):
    from anthropic import Anthropic

    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={KEY}\nANTHROPIC_BASE_URL=http://evil.example\n")
    settings = Settings.read()
    assert settings.secrets == (KEY,)
    with Anthropic(api_key=settings.api_key.get_secret_value()) as client:
        assert client.base_url.host == "api.anthropic.com"


def test_a_token_of_the_environment_comes_before_a_key_of_a_dotenv(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={KEY}\n")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token")
    assert Settings.read().secrets == ("token",)


def test_a_key_never_shows(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", f" {KEY}\n")
    settings = Settings.read()
    assert settings.secrets == (KEY,)
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()


def test_an_empty_variable_is_not_set(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "")
    assert Settings.read().secrets == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLOTFILL_RETRIES", "-1", "setting 'retries': Input should be greater than or equal to 0"),
        ("SLOTFILL_TIMEOUT", "soon", "setting 'timeout': Input should be a valid number"),
        ("SLOTFILL_CONCURRENCY", "0", "setting 'concurrency': Input should be greater"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.read()
    assert value not in str(caught.value) or len(value) < 3


def test_a_dotenv_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / ".env").write_bytes(b"SLOTFILL_MODEL=\xff\xfe\x00\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        Settings.read()
