"""Where stores lie, and that no two lie together."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Misconfigured, Unavailable
from infra.stores import open_store, require_separate
from infra.stores.local import LocalStore
from infra.stores.media import Mount, mount_of

KEY = "demo/1.2.3/1.2.3.4/1.2.3.4.5.v1.dcm"


async def test_stores_on_one_disk_are_refused_and_named(tmp_path: Path) -> None:
    stores = [LocalStore(tmp_path / str(n), n) for n in (1, 2)]
    with pytest.raises(Misconfigured, match="stores 1 and 2 share"):
        require_separate(stores)
    require_separate(stores[:1])
    place = stores[0].place()
    assert place.kind == "file"
    assert place.path == str(tmp_path / "1")
    assert place.media
    assert str(tmp_path) in place.text
    for store in stores:
        await store.close()


def test_the_deepest_and_latest_mount_holds_a_directory(tmp_path: Path) -> None:
    table = "\n".join(
        [
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
            r"30 27 8:1 / /srv/my\040films rw shared:1 - xfs /dev/sda1 rw",
            r"31 27 0:44 / /srv/my\040films rw shared:2 master:1 - nfs4 NAS1:/films rw",
        ]
    )
    assert mount_of(Path("/srv/my films/1"), table) == Mount("0:44", Path("/srv/my films"), "nfs4", "NAS1:/films")
    assert mount_of(Path("/srv/else"), table).source == "/dev/vda"


def test_two_exports_of_one_server_are_one_place() -> None:
    from infra.stores.media import _media_of_mount

    def media(kind: str, source: str) -> frozenset[str]:
        return _media_of_mount(Mount("0:99", Path("/x"), kind, source))

    assert media("nfs4", "NAS1:/a") == media("nfs", "nas1:/b") == {"server:nas1"}
    assert media("cifs", "//NAS1/a") == {"server:nas1"}
    assert media("tmpfs", "tmpfs") == {"memory"}
    assert media("zfs", "tank/a") == {"zfs:tank"}
    assert media("overlay", "overlay") == {"overlay:overlay"}


@pytest.mark.parametrize(
    "url", ["file://host/path", "file:///", "file://relative", "ftp://x/y", "s3://", "/plain", "s3://k:s@b/p"]
)
def test_an_address_that_is_not_one_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured):
        open_store(url, 1)


async def test_a_directory_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="store 2 cannot be opened"):
        open_store(f"file://{tmp_path}/file/store", 2)
