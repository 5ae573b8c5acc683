"""What keys ask a minute, counted for several services together, in a real store."""

import shutil
import socket
import subprocess
import time

import pytest

REDIS = shutil.which("redis-server")


@pytest.fixture
def redis(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path))
    with subprocess.Popen([REDIS, *arguments], stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.mark.skipif(REDIS is None, reason="redis-server is not installed: it comes with Debian's package of that name")
class TestRedis:
    def test_two_services_share_what_a_key_asks_a_minute(self, running, redis):
        with running(limits_storage=redis) as first, running(limits_storage=redis) as second:
            secrets = [one.keys.add("shared", rpm=4) for one in (first, second)]
            statuses = [
                one.post(secret=secret).status_code
                for _ in range(4)
                for one, secret in zip((first, second), secrets, strict=True)
            ]
        assert statuses == [200] * 4 + [429] * 4

    def test_and_its_tokens(self, running, redis):
        with running(limits_storage=redis) as first, running(limits_storage=redis) as second:
            secrets = [one.keys.add("shared", tpm=10) for one in (first, second)]
            assert first.post(secret=secrets[0]).status_code == 200
            assert second.post(secret=secrets[1]).status_code == 429


def test_a_store_that_does_not_answer_is_a_problem_that_says_so(running, claude):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running(limits_storage=f"redis://127.0.0.1:{port}") as one:
        answer = one.post(secret=one.keys.add("limited", rpm=4))
        assert (answer.status_code, answer.json()["code"]) == (503, "no_limits")
        assert "Retry-After" in answer.headers
        assert str(port) not in answer.text
        assert one.post(secret=one.keys.add("unlimited")).status_code == 200
    assert len(claude.requests) == 1
