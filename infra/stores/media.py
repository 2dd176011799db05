"""Which disk, file server or memory a directory lies on, as Linux tells (proc(5) mountinfo, /sys/dev/block)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_BLOCK_DEVICES = Path("/sys/dev/block")
_MEMORY = frozenset({"tmpfs", "ramfs"})
_SERVERS = frozenset({"nfs", "nfs4", "cifs", "smb3"})


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo; `device` is major:minor."""

    device: str
    point: Path
    kind: str
    source: str


def media_of(path: Path) -> frozenset[str]:
    """What the bytes below `path` would be lost with: {"disk:sda"}, {"server:nas1"}, {"memory"}."""
    return _media_of_mount(mount_of(path))


def mount_of(path: Path, table: str | None = None) -> Mount:
    """The mount that holds `path`; of two at one point the later hides the earlier."""
    whole = path.resolve()
    mounts = [_mount(line) for line in (table or _MOUNTS.read_text()).splitlines()]
    holding = [mount for mount in mounts if whole.is_relative_to(mount.point)]
    deepest = max(len(mount.point.parts) for mount in holding)
    return [mount for mount in holding if len(mount.point.parts) == deepest][-1]


def _mount(line: str) -> Mount:
    left, _, right = line.partition(" - ")
    _, _, device, _, point, *_ = left.split()
    kind, source, *_ = right.split()
    return Mount(device, Path(_unescaped(point)), kind, _unescaped(source))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), text)


def _media_of_mount(mount: Mount) -> frozenset[str]:
    if mount.kind in _MEMORY:
        return frozenset({"memory"})
    if mount.kind in _SERVERS:
        return frozenset({f"server:{_server(mount.source)}"})
    if mount.kind == "zfs":
        return frozenset({f"zfs:{mount.source.split('/')[0]}"})
    return _disks(_block_device(mount)) or frozenset({f"{mount.kind}:{mount.source}"})


def _server(source: str) -> str:
    """The host of host:/export or //host/share: two exports of one server are one place."""
    if source.startswith("//"):
        return source.split("/")[2].lower()
    return source.rpartition(":/")[0].lower()


def _block_device(mount: Mount) -> Path:
    """Its folder in /sys; btrfs shows an anonymous device, so there the source rules."""
    folder = _BLOCK_DEVICES / mount.device
    if folder.exists() or not mount.source.startswith("/dev/") or not os.path.exists(mount.source):
        return folder
    number = os.stat(mount.source).st_rdev
    return _BLOCK_DEVICES / f"{os.major(number)}:{os.minor(number)}"


def _disks(device: Path) -> frozenset[str]:
    """Whole disks below a partition, a logical volume, an array or a loop file; nothing when it is no block device."""
    if not device.exists():
        return frozenset()
    device = device.resolve()
    if (device / "partition").exists():
        return _disks(device.parent)
    if (device / "loop" / "backing_file").exists():
        return media_of(Path((device / "loop" / "backing_file").read_text().strip()))
    below = [_disks(slave) for slave in _entries(device / "slaves")]
    return frozenset().union(*below) if below else frozenset({f"disk:{device.name}"})


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
