"""Where settings come from."""

import logging
import os

import pytest

from slotfill import Extractor, SettingsError
from slotfill.extractors import settings as module
from slotfill.extractors.settings import Settings

KEY = "sk-ant-secret-0123456789"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module._warn.cache_clear()


def test_arguments_then_variables_then_dotenv_then_defaults(tmp_path, monkeypatch):
    assert Settings.read().retries == 2
    (tmp_path / ".env").write_text("SLOTFILL_RETRIES=1\nSLOTFILL_MODEL=claude-opus-5\n")
    assert Settings.read().retries == 1
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


@pytest.mark.parametrize("name", ["API_KEY", "api_key", "AUTH_TOKEN"])
def test_the_key_of_another_service_is_none_of_claude(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "of-another-service")
    assert Settings.read().secrets == ()
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}=of-another-service\n")
    assert Settings.read().secrets == ()


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


class TestDotEnv:
    """A `.env` may be somebody else's: it chooses neither what is loaded nor where anything goes."""

    @pytest.fixture
    def warned(self, caplog):
        caplog.set_level(logging.WARNING, "slotfill")
        return caplog

    @pytest.mark.parametrize(
        "line",
        [
            "SLOTFILL_MODEL=local",
            "SLOTFILL_MODEL=local:evil.gguf",
            "SLOTFILL_MODEL=local:claude-haiku-5-5",
            "SLOTFILL_MODEL=' hf:claude/claude/claude.gguf'",
            "export slotfill_model=hf:a/b/c.gguf",
            "SLOTFILL_MODEL=gpt-9",
            "SLOTFILL_STATE=/tmp/planted",
            "SLOTFILL_MEND=bold",
            "SLOTFILL_MAX_TOKENS=9",
            "SLOTFILL_CHUNK_CHARS=100",
            "SLOTFILL_PASSES=99",
            "SLOTFILL_CACHE_TTL=1h",
            "SLOTFILL_LOCAL_THREADS=9",
            "SLOTFILL_RETRIES=3",
            "SLOTFILL_TIMEOUT=601",
            "SLOTFILL_MAX_WAIT=1e9",
            "SLOTFILL_CONCURRENCY=9",
            "SLOTFILL_CONCURRENCY=nan",
        ],
    )
    def test_does_not_set_what_is_not_its_own_and_that_is_told_once_without_the_value(self, tmp_path, warned, line):
        default = Settings.read()
        (tmp_path / ".env").write_text(f"{line}\n")
        assert [Settings.read(), Settings.read()] == [default, default]
        variable, _, value = line.removeprefix("export ").partition("=")
        assert [record.levelname for record in warned.records] == ["WARNING"]
        assert variable.upper() in warned.text
        assert value not in warned.records[0].message.replace(".env", "")

    @pytest.mark.parametrize("name", ["model", "state", "SLOTFILL_SLOTFILL_MODEL", "SLOTFILL_MODEL__X"])
    def test_does_not_set_it_by_another_name_either(self, tmp_path, name):
        default = Settings.read()
        (tmp_path / ".env").write_text(f"{name}=local:evil.gguf\n")
        assert Settings.read() == default

    @pytest.mark.parametrize(
        ("line", "name", "value"),
        [
            ("SLOTFILL_MODEL=claude-haiku-5-5", "model", "claude-haiku-5-5"),
            ("SLOTFILL_RPM=1000000", "rpm", 1_000_000),
            ("SLOTFILL_ITPM=5", "itpm", 5),
            ("SLOTFILL_OTPM=5", "otpm", 5),
            ("SLOTFILL_RETRIES=0", "retries", 0),
            ("SLOTFILL_TIMEOUT=2.5", "timeout", 2.5),
            ("SLOTFILL_MAX_WAIT=10", "max_wait", 10),
            ("SLOTFILL_CONCURRENCY=1", "concurrency", 1),
        ],
    )
    def test_sets_a_claude_model_and_lower_limits_without_a_word(self, tmp_path, warned, line, name, value):
        (tmp_path / ".env").write_text(f"{line}\n")
        assert getattr(Settings.read(), name) == value
        assert warned.records == []

    def test_puts_no_other_variable_into_the_model(self, tmp_path, monkeypatch, warned):
        monkeypatch.setenv("OTHER_SECRET", "hunter2")
        (tmp_path / ".env").write_text("SLOTFILL_MODEL=claude-${OTHER_SECRET}\nANTHROPIC_API_KEY=${OTHER_SECRET}\n")
        assert Settings.read().model is None
        assert Settings.read().secrets == ("hunter2",)
        assert "hunter2" not in warned.text

    def test_never_raises_a_limit_of_the_environment(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SLOTFILL_RPM", "10")
        (tmp_path / ".env").write_text("SLOTFILL_RPM=20\n")
        assert Settings.read().rpm == 10

    def test_a_wrong_limit_is_an_error_that_says_where_it_stands(self, tmp_path, monkeypatch):
        (tmp_path / ".env").write_text("SLOTFILL_RPM=many\n")
        with pytest.raises(SettingsError, match=r"'rpm' in \.env: Input should be a valid integer"):
            Settings.read()
        with pytest.raises(SettingsError, match="'rpm': Input should be greater"):
            Settings.read(rpm=-1)
        monkeypatch.setenv("SLOTFILL_RPM", "few")
        with pytest.raises(SettingsError, match="'rpm': Input should be a valid integer"):
            Settings.read()

    @pytest.mark.parametrize("model", ["claude-opus-5", "claude-of-the-future"])
    def test_a_dearer_model_is_told_where_it_is_the_one_that_is_asked(self, tmp_path, warned, monkeypatch, model):
        (tmp_path / ".env").write_text(f"SLOTFILL_MODEL={model}\n")
        Settings.read(model="claude-haiku-5-5")
        assert warned.records == []
        assert Settings.read().model == model
        assert model in warned.text
        assert "claude-haiku-5-5, the default" in warned.text

    def test_a_base_url_is_told(self, tmp_path, warned):
        (tmp_path / ".env").write_text("ANTHROPIC_BASE_URL=http://evil.example\n")
        Settings.read()
        assert "ANTHROPIC_BASE_URL" in warned.text
        assert "evil" not in warned.text

    def test_counts_for_applications_as_for_the_command_line(self, tmp_path, warned):
        (tmp_path / ".env").write_text(f"ANTHROPIC_API_KEY={KEY}\nSLOTFILL_MODEL=local:evil.gguf\n")
        with Extractor("name, age int") as extractor:
            assert extractor.model.id == "claude-haiku-5-5"
        assert "SLOTFILL_MODEL" in warned.text

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / ".env")
        assert Settings.read().model is None
