"""A channel is a file that one can delete, or not set up: the others and the application live without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Misconfigured
from tests.notify.channels.conftest import Open
from tests.parts import aliyun, gateway, wechat
from tests.parts.alipay import APP_ID, AlipayServer

ROOT = Path(__file__).parents[3]
ROOMS = ("api", "wado", "share", "notify", "identity", "records", "archive", "films", "infra", "core")
CHANNELS = ("alipay", "aliyun", "assistant", "gateway", "sandbox", "wechat")
LOOK = """
import sys
from pathlib import Path
here = Path.cwd() / "notify" / "channels"
files = {name: (here / f"{name}.py").read_bytes() for name in sys.argv[2:]}
for name in files:
    (here / f"{name}.py").unlink()
from api.server import create_app
from infra.settings import from_environ
create_app(from_environ({"CLOUDFILM_DEMO": "1", "CLOUDFILM_HOME": sys.argv[1]}))
from notify import channels
print(len(channels.modules()))
for missing in files:
    for name, content in files.items():
        (here / f"{name}.py").write_bytes(content)
    (here / f"{missing}.py").unlink()
    for module in [each for each in sys.modules if each.startswith("notify.channels.")]:
        del sys.modules[module]
    sys.path_importer_cache.clear()
    print(*(set(files) - {module.__name__.rpartition(".")[2] for module in channels.modules()}))
"""


def test_all_are_found_that_are_set_up(open_channels: Open) -> None:
    server = AlipayServer()
    everything = open_channels(
        aliyun_access_key_id=aliyun.KEY_ID,
        aliyun_access_key_secret=aliyun.KEY_SECRET,
        gateway_urls=("*=https://sms.example.org",),
        gateway_secrets=(f"*={gateway.SECRET}",),
        wechat_mini_app_id=wechat.MINI[0],
        wechat_mini_secret=wechat.MINI[1],
        wechat_oauth_app_id=wechat.OFFICIAL[0],
        wechat_oauth_secret=wechat.OFFICIAL[1],
        wechat_page="pages/open/index",
        wechat_assistant=True,
        alipay_app_id=APP_ID,
        alipay_private_key=server.our_private_key,
        alipay_public_key=server.public_key,
        alipay_page="pages/open/index",
    )
    assert tuple(sorted(everything)) == CHANNELS
    assert all(channel.name == name for name, channel in everything.items())


def test_without_settings_a_demo_has_its_sandbox_and_production_nothing(open_channels: Open) -> None:
    assert set(open_channels()) == {"sandbox"}
    assert set(open_channels(demo=False)) == set()


def test_half_a_setting_is_refused_at_the_start(open_channels: Open) -> None:
    half = {"wechat_mini_app_id": "wx", "wechat_mini_secret": "x", "wechat_page": "p", "wechat_callback_token": "t"}
    for key in ("", "short", "é" * 43, "*" * 43):
        with pytest.raises(Misconfigured, match="AES_KEY"):
            open_channels(**half, wechat_callback_aes_key=key)
    with pytest.raises(Misconfigured, match="WECHAT_STATE"):
        open_channels(**half | {"wechat_callback_token": ""}, wechat_state="beta")
    for secret in ("short", "a/path/of/sixteen", "路" * 16):
        with pytest.raises(Misconfigured, match="ALIYUN_CALLBACK_SECRET"):
            open_channels(aliyun_access_key_id="id", aliyun_access_key_secret="secret", aliyun_callback_secret=secret)


def test_the_application_lives_without_any_channels_file(tmp_path: Path) -> None:
    """The product with a copy of this one room, in which all files of channels are deleted, and then each in turn."""
    for room in ROOMS:
        (tmp_path / room).symlink_to(ROOT / room)
    (tmp_path / "notify").unlink()
    shutil.copytree(ROOT / "notify", tmp_path / "notify")
    command = [sys.executable, "-c", LOOK, str(tmp_path / "home"), *CHANNELS]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["0", *CHANNELS]
