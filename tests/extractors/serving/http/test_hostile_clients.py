"""Clients that mean harm, or mean nothing: what they send is bounded, and what they hold is given back."""

import re
import secrets
import socket
import time
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

import pytest
import waiting

from slotfill.extractors.budgets.budget_ledger import BudgetLedger
from slotfill.extractors.serving.http import service_server
from slotfill.extractors.serving.http.requests import request_guard

wait_for = partial(waiting.wait_for, seconds=10)
"""Well below the time after which the service would give up by itself."""

BODY = b'{"text": "It came late."}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
ONE_CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
AT_ONCE = 0.05
VALUE = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}


@contextmanager
def connection(one, *, receive_bytes=None):
    with socket.socket() as raw:
        if receive_bytes is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", int(one.url.rpartition(":")[2])))
        yield raw


def head(one, secret=None, *, version=b"1.1", path=b"/v1/extract/feedback"):
    secret = (secret or one.keys.add(secrets.token_hex(4))).encode()
    lines = (b"POST %s HTTP/%s" % (path, version), b"Host: here", b"Content-Type: application/json")
    return b"".join(line + b"\r\n" for line in (*lines, b"Authorization: Bearer " + secret))


def answers(one, data):
    """Send bytes, and a last request that ends the connection where they do not; return statuses, and all of it."""
    with connection(one) as raw:
        raw.sendall(data + b"GET /last HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        return read_answers(raw)


def read_answers(raw):
    whole = b""
    while piece := raw.recv(65_536):
        whole += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", whole)], whole


class TestFraming:
    """Two servers in a row are to see the same requests."""

    @pytest.mark.parametrize(
        ("rest", "status"),
        [
            (LENGTH + CHUNKED + b"\r\n" + ONE_CHUNK, 400),
            (LENGTH + b"Content-Length: 3\r\n\r\n" + BODY, 400),
            (b"Content-Length: -1\r\n\r\n" + BODY, 400),
            (b"Content-Length: +25\r\n\r\n" + BODY, 400),
            (b"Content-Length: 2_5\r\n\r\n" + BODY, 400),
            (b"Content-Length: \xb2\r\n\r\n" + BODY, 400),
            (b"Content-Length: " + b"9" * 20 + b"\r\n\r\n" + BODY, 413),
            (b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n" + BODY, 400),
            (CHUNKED + CHUNKED + b"\r\n" + ONE_CHUNK, 400),
            (b"Transfer-Encoding: gzip, chunked\r\n\r\n" + ONE_CHUNK, 400),
            (b"Transfer-Encoding: xchunked\r\n\r\n" + ONE_CHUNK, 400),
            (CHUNKED + b"\r\n-5\r\n", 400),
            (LENGTH + b"X: a\rb\r\n\r\n" + BODY, 400),
            (LENGTH + b"X: a\0b\r\n\r\n" + BODY, 400),
            (LENGTH.replace(b":", b" :") + b"\r\n" + BODY, 400),
            (LENGTH + b"Host: there\r\n\r\n" + BODY, 400),
        ],
    )
    def test_what_may_be_read_in_two_ways_is_refused_and_ends_the_connection(self, service_at, claude, rest, status):
        follows = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
        with connection(service_at) as raw:
            raw.sendall(head(service_at) + rest)
            if status == 413:  # its length is clear, and what comes after belongs to it
                assert raw.recv(65_536).startswith(b"HTTP/1.1 413")
                return
            time.sleep(AT_ONCE)
            try:
                raw.sendall(follows)
                statuses, whole = read_answers(raw)
            except (ConnectionResetError, BrokenPipeError):
                statuses, whole = [], b""
        assert statuses in ([], [status])
        assert b'"status":"ok"' not in whole
        assert not claude.requests

    def test_a_request_whose_length_is_told_twice_over_is_answered_and_closed(self, service_at):
        statuses, whole = answers(service_at, head(service_at) + LENGTH + CHUNKED + b"\r\n" + ONE_CHUNK)
        assert statuses == [400]
        assert b"ambiguous_length" in whole
        assert b"connection: close" in whole.lower()

    @pytest.mark.parametrize(
        "rest", [CHUNKED + b"\r\n" + ONE_CHUNK, LENGTH + LENGTH + b"\r\n" + BODY, LENGTH + b"X: a\r\n b\r\n\r\n" + BODY]
    )
    def test_what_is_odd_and_clear_is_answered(self, service_at, rest):
        assert answers(service_at, head(service_at) + rest)[0] == [200, 404]

    def test_requests_in_one_packet_are_answered_in_their_order(self, service_at):
        request = head(service_at) + LENGTH + b"\r\n" + BODY
        bad = head(service_at) + b"Content-Length: 1\r\n\r\n{"
        assert answers(service_at, request + bad + request)[0] == [200, 422, 200, 404]

    def test_a_client_may_ask_first_whether_to_send_its_body(self, service_at):
        with connection(service_at) as raw:
            raw.sendall(head(service_at) + LENGTH + b"Expect: 100-continue\r\n\r\n")
            assert raw.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            raw.sendall(BODY)
            assert raw.recv(65_536).startswith(b"HTTP/1.1 200")


class TestAddresses:
    @pytest.mark.parametrize("path", ["/healthz/", "//healthz", "/v1/%2e%2e/healthz", "/v1/extract/feedback%00"])
    def test_what_is_none_is_no_way_to_another(self, service_at, path):
        statuses, whole = answers(service_at, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode())
        assert statuses == [404, 404]
        assert b"evil.example" not in whole

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT"])
    def test_other_methods_are_refused(self, service_at, method):
        request = f"{method} /v1/extract/feedback HTTP/1.1\r\nHost: here\r\nX-Told: back\r\n\r\n".encode()
        statuses, whole = answers(service_at, request)
        assert statuses == [405, 404]
        assert b"allow: POST\r\n" in whole
        assert b"back" not in whole

    def test_an_address_of_two_routes_has_the_methods_of_both(self, service_at):
        assert b"allow: GET, POST\r\n" in answers(service_at, b"PUT /v1/runs HTTP/1.1\r\nHost: here\r\n\r\n")[1]


class TestSlowClients:
    def test_a_head_that_does_not_end_closes_the_connection(self, running, monkeypatch):
        monkeypatch.setattr(service_server, "HEAD_SECONDS", AT_ONCE)
        with running() as one, connection(one) as raw:
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: he")
            assert raw.recv(1) == b""

    def test_so_does_one_after_a_request_and_its_answer(self, running, monkeypatch):
        monkeypatch.setattr(service_server, "HEAD_SECONDS", 0.3)
        with running() as one, connection(one) as raw:
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
            while not raw.recv(65_536).endswith(b'"ok"}'):
                pass
            raw.sendall(b"GET /healthz HT")
            assert raw.recv(1) == b""

    def test_a_body_that_does_not_end_is_a_problem(self, running, monkeypatch):
        monkeypatch.setattr(request_guard, "BODY_SECONDS", AT_ONCE)
        with running() as one, connection(one) as raw:
            raw.sendall(head(one) + LENGTH + b"\r\n" + BODY[:5])
            assert raw.recv(65_536).startswith(b"HTTP/1.1 408")

    def test_a_client_that_reads_nothing_gives_back_its_place(self, running, claude, monkeypatch):
        monkeypatch.setattr(service_server, "WRITE_SECONDS", AT_ONCE)
        claude.script(lambda _: {"sentiment": "negative", "key_issues": ["late " * 400] * 400, "urgency": 3})
        with running() as one, connection(one, receive_bytes=4_096) as raw:
            raw.sendall(head(one, path=b"/v1/extract/feedback/stream") + LENGTH + b"\r\n" + BODY)
            wait_for(lambda: claude.requests)
            wait_for(lambda: not one.service._turns._taken)

    def test_one_that_leaves_in_the_middle_of_its_body_is_no_fault_of_ours(self, service_at, caplog):
        with connection(service_at) as raw:
            raw.sendall(head(service_at) + LENGTH + b"\r\n" + BODY[:5])
        assert service_at.post().status_code == 200
        assert not caplog.messages


class TestThoseWhoLeave:
    """They hold no place, and what they asked for is asked no more."""

    @pytest.mark.parametrize("path", [b"/v1/extract/feedback", b"/v1/extract/feedback/stream"])
    def test_while_the_model_is_silent(self, running, claude, path):
        claude.script(lambda _: {}, faults=["stall"])
        with running(concurrency=1) as one:
            with connection(one) as raw:
                raw.sendall(head(one, path=path) + LENGTH + b"\r\n" + BODY)
                wait_for(lambda: claude.requests)
                assert one.service._turns._taken
            wait_for(lambda: not one.service._turns._taken)
            wait_for(lambda: not claude._in_flight)

    @pytest.mark.parametrize("path", [b"/v1/extract/feedback", b"/v1/extract/feedback/stream"])
    def test_while_they_wait_for_their_turn(self, running, claude, path):
        claude.script(lambda _: {}, faults=["stall"])
        with running(concurrency=1) as one, connection(one) as first:
            first.sendall(head(one) + LENGTH + b"\r\n" + BODY)
            wait_for(lambda: claude.requests)
            with connection(one) as second:
                second.sendall(head(one, path=path) + LENGTH + b"\r\n" + BODY)
                wait_for(lambda: one.service._turns.waiting)
            wait_for(lambda: not one.service._turns.waiting)
            assert len(claude.requests) == 1

    @pytest.mark.parametrize("path", [b"/v1/extract/feedback", b"/v1/extract/feedback/stream"])
    def test_what_counted_for_their_key_counts_no_more(self, running, claude, path):
        """One that waited for its turn: its key has one place, and asks again at once."""
        claude.script(lambda _: VALUE, faults=["stall@1"])
        with running(concurrency=1) as one:
            secret = one.keys.add("modest", concurrency=1)
            with connection(one) as first:
                first.sendall(head(one) + LENGTH + b"\r\n" + BODY)
                wait_for(lambda: claude.requests)
                with connection(one) as second:
                    second.sendall(head(one, secret, path=path) + LENGTH + b"\r\n" + BODY)
                    wait_for(lambda: one.service._turns.taken("modest"))
                    assert one.post(secret=secret).json()["code"] == "key_concurrency"
                wait_for(lambda: not one.service._turns.taken("modest"))
            assert one.post(secret=secret).status_code == 200

    @pytest.mark.parametrize("path", [b"/v1/extract/feedback", b"/v1/extract/feedback/stream"])
    def test_what_was_reserved_for_them_is_free_again(self, running, claude, tmp_path, monkeypatch, path):
        """One that waited for the account's pace, and had sent nothing."""
        monkeypatch.setenv("SLOTFILL_RPM", "1")
        claude.script(lambda _: VALUE)
        with running() as one:
            secret = one.keys.add("modest", usd_a_day=Decimal(1))
            cost = Decimal(one.post(secret=secret).json()["cost_usd"])
            (payer,) = one.service.accounts._payers.values()
            with connection(one) as raw:
                raw.sendall(head(one, secret, path=path) + LENGTH + b"\r\n" + BODY)
                wait_for(lambda: one.service._turns._taken)
                time.sleep(0.3)
            wait_for(lambda: not one.service._turns._taken)
            assert payer.is_idle
        with BudgetLedger(tmp_path / "budgets") as money:
            (status,) = money.status(one.keys.ring.keys["modest"].spending_limits)
        assert (status.spent, len(claude.requests)) == (cost, 1)
