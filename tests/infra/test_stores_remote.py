"""Stores in a cloud, against two real S3 servers: moto, and rclone, which checks signatures and answers ranges with 200."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from moto.server import ThreadedMotoServer

from core.errors import Misconfigured, Unavailable
from infra.stores import Missing, Store, open_store, require_separate
from tests.parts.installation import free_port

KEY = "demo/1.2.3/1.2.3.4/1.2.3.4.5.v1.dcm"
KEY_ID = "accesskey01"
SECRET = secrets.token_hex(16)
START_SECONDS = 60.0


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}".replace("0.0.0.0", "127.0.0.1")
    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET, region_name="us-east-1"
    )
    client.create_bucket(Bucket="films")
    client.close()
    yield address
    server.stop()


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "films").mkdir()
    port = free_port()
    binary = str(Path(sys.prefix) / "bin" / "rclone")
    command = [binary, "serve", "s3", "--auth-key", f"{KEY_ID},{SECRET}", "--addr", f"127.0.0.1:{port}", str(folder)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture(params=["moto", "rclone"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    opened = _open(request.getfixturevalue(request.param), prefix=secrets.token_hex(4))
    yield opened
    await opened.close()


def _open(endpoint: str, *, prefix: str = "p", bucket: str = "films", secret: str = SECRET) -> Store:
    keys = {"2_access_key_id": KEY_ID, "2_secret_access_key": secret, "2_endpoint": endpoint, "1_endpoint": "another store's"}
    return open_store(f"s3://{bucket}/{prefix}", 2, keys)


def _wait_for(port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {port}")


async def test_what_is_put_from_bytes_or_from_a_file_is_read_back_whole_and_in_ranges(store: Store, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(300_000)
    spool = tmp_path / "spool"
    spool.write_bytes(data)
    await store.put_many([(KEY, spool), ("demo/other", data), ("demo/empty", b"")])
    for key in (KEY, "demo/other"):
        assert await store.read(key) == data
        assert await store.read(key, 1000, 500) == data[1000:1500]
        assert await store.read(key, 299_990) == data[299_990:]
        assert await store.size(key) == len(data)
    assert await store.read("demo/empty") == b""


async def test_a_large_file_goes_up_in_parts_and_comes_back_equal(store: Store, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(20_000_001)
    spool = tmp_path / "spool"
    spool.write_bytes(data)
    await store.put("demo/large", spool)
    assert await store.read("demo/large") == data
    assert await store.read("demo/large", 8_388_600, 20) == data[8_388_600:8_388_620]


async def test_a_range_past_the_end_gives_what_there_is(store: Store) -> None:
    await store.put(KEY, b"0123456789")
    assert await store.read(KEY, 8, 100) == b"89"
    assert await store.read(KEY, 10, 10) == b""
    assert await store.read(KEY, 50, 10) == b""
    assert await store.read(KEY, 50) == b""


async def test_what_is_not_there_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        await store.read("demo/none")
    with pytest.raises(Missing):
        await store.read("demo/none", 5, 5)
    with pytest.raises(Missing):
        await store.size("demo/none")
    await store.delete("demo/none")


async def test_deleted_is_gone_and_put_again_replaces(store: Store) -> None:
    await store.put(KEY, b"first")
    await store.put(KEY, b"second")
    assert await store.read(KEY) == b"second"
    await store.delete(KEY)
    with pytest.raises(Missing):
        await store.read(KEY)


async def test_walk_names_every_object_below_a_prefix_and_nothing_else(store: Store) -> None:
    keys = {f"demo/{study}/{n}.v1.dcm": n + 1 for study in range(3) for n in range(4)}
    await store.put_many([(key, b"x" * size) for key, size in keys.items()])
    assert {key: size async for key, size in store.walk()} == keys
    assert {key async for key, _ in store.walk("demo/1/")} == {key for key in keys if key.startswith("demo/1/")}
    assert [key async for key, _ in store.walk("nobody/")] == []


async def test_two_stores_of_one_bucket_do_not_see_each_other_but_are_refused_together(moto: str) -> None:
    one, other = _open(moto, prefix="one"), _open(moto, prefix="other")
    await one.put(KEY, b"one")
    with pytest.raises(Missing):
        await other.read(KEY)
    with pytest.raises(Misconfigured, match="films"):
        require_separate([one, other])


async def test_a_key_that_could_leave_the_prefix_is_our_own_mistake(moto: str) -> None:
    with pytest.raises(ValueError, match="not a store key"):
        await _open(moto).read("../other/key")


async def test_wrong_keys_and_a_wrong_bucket_are_unavailable_and_say_why_without_telling_the_secret(rclone: str) -> None:
    wrong = "a-secret-of-somebody-else"
    with pytest.raises(Unavailable, match=r"store 2 \(s3\) refuses our keys") as refused:
        await _open(rclone, secret=wrong).read(KEY)
    assert wrong not in str(refused.value)
    with pytest.raises(Unavailable, match="no such bucket"):
        await _open(rclone, bucket="nobody").put(KEY, b"x")


async def test_a_server_that_is_not_there_is_unavailable_soon() -> None:
    store = _open(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match="store 2"):
        await asyncio.wait_for(store.read(KEY), START_SECONDS)
    with pytest.raises(Unavailable, match="store 2"):
        await asyncio.wait_for(store.put(KEY, b"x"), START_SECONDS)


async def test_a_file_that_vanishes_while_it_goes_up_leaves_no_object(moto: str, tmp_path: Path) -> None:
    store = _open(moto)
    with pytest.raises(FileNotFoundError):
        await store.put("demo/vanished", tmp_path / "vanished")
    with pytest.raises(Missing):
        await store.size("demo/vanished")


@pytest.mark.parametrize(
    ("scheme", "left_out", "variable"),
    [
        ("s3", "2_secret_access_key", "CLOUDFILM_STORE_2_SECRET_ACCESS_KEY"),
        ("oss", "2_endpoint", "CLOUDFILM_STORE_2_ENDPOINT"),
        ("cos", "2_access_key_id", "CLOUDFILM_STORE_2_ACCESS_KEY_ID"),
        ("obs", "2_endpoint", "CLOUDFILM_STORE_2_ENDPOINT"),
    ],
)
def test_a_missing_setting_is_named_and_a_complete_set_opens(scheme: str, left_out: str, variable: str) -> None:
    keys = {"2_access_key_id": "k", "2_secret_access_key": "s", "2_endpoint": "https://films.example.com"}
    place = open_store(f"{scheme}://films-1/some/prefix", 2, keys).place()
    assert (place.kind, place.path) == (scheme, "some/prefix")
    assert all("films-1" in each for each in place.media)
    del keys[left_out]
    with pytest.raises(Misconfigured, match=variable):
        open_store(f"{scheme}://films-1", 2, keys)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(Misconfigured, match="CLOUDFILM_STORE_2_SECRT"):
        open_store("s3://films", 2, {"2_access_key_id": "k", "2_secret_access_key": "s", "2_secrt": "x"})
