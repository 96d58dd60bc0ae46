"""A real Valkey."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from mesh.dev import valkey


def test_the_cache_wants_its_password(tmp_path: Path) -> None:
    with valkey.start(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.ping()
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()


def test_a_restarted_cache_is_empty_and_has_the_same_address(tmp_path: Path) -> None:
    with valkey.start(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("session", "1")
        server.kill()
        assert not server.answers()
        server.start()
        with redis.Redis.from_url(server.url) as again:
            assert again.get("session") is None


def test_its_password_is_in_no_command_line(tmp_path: Path) -> None:
    with valkey.start(tmp_path) as server:
        assert server.child is not None
        password = server.url.split(":")[2].split("@")[0]
        assert password not in Path(f"/proc/{server.child.pid}/cmdline").read_text()
