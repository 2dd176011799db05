"""Every setting, read once from CLOUDFILM_* environment variables; units are in the names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from core.errors import Misconfigured
from infra.keys import Keys, demo_keys, production_keys

PREFIX = "CLOUDFILM_"
MEBIBYTE = 1 << 20


T = TypeVar("T")
DEFAULT_HOME = Path(".cloudfilm")
HIGHEST_PORT = 65535
STORES = 3
AUDIT_LEAST_DAYS = 1096  # records of handling: three years (Personal Information Protection Law, articles 55 and 56)
TRACE_LEAST_DAYS = 184  # logs of the network: six months (Cybersecurity Law)
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _setting(default: T, meaning: str, *, secret: bool = False) -> T:
    return field(default=default, repr=not secret, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can set. The name of the variable is CLOUDFILM_ and the field's name in capitals."""

    home: Path = field(default=DEFAULT_HOME, metadata={"meaning": "data folder: database, stores, logs, pid files"})
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on")
    workers: int = _setting(0, "server processes; 0 = one a core")
    public_url: str = _setting("", "every link is built from it; empty = http://127.0.0.1:PORT")
    former_urls: tuple[str, ...] = _setting((), "earlier public addresses, comma-separated: links printed with them lead here")
    demo: bool = _setting(False, "1 = demo hospital, secrets made here; never with real patients")
    database_url: str = _setting("", "postgres://user:password@host/name; empty = SQLite in the data folder")
    redis_url: str = _setting("", "redis://…; empty = a small Redis started beside the server; none = without")
    stores: tuple[str, ...] = _setting((), "three comma-separated URLs: file s3 oss cos obs; empty = folders in home")
    memory_tier_mib: int = _setting(640, "hot pictures kept in the memory of each server process, MiB")
    redis_memory_mib: int = _setting(512, "memory limit of the embedded Redis, MiB")
    redis_timeout_ms: int = _setting(50, "longest wait for Redis before going to cold storage, ms")
    ingest_children: int = _setting(0, "most limited child processes a process has to read arriving files; 0 = one a core")
    ingest_memory_mib: int = _setting(3072, "memory one such child may use, MiB")
    ingest_seconds: int = _setting(120, "time one such child may spend on a file, s")
    instance_max_mib: int = _setting(4096, "largest DICOM file taken, MiB")
    stow_max_mib: int = _setting(32768, "largest STOW-RS request taken, MiB")
    scrub_mib_per_second: int = _setting(50, "pace of the scrub, MiB/s; 0 = as fast as it can")
    scrub_interval_days: int = _setting(7, "days between two walks over all copies; 0 = only by hand")
    drain_seconds: int = _setting(20, "time given to running requests when stopping, s")
    sms_per_address_per_hour: int = _setting(200, "login codes that one network address may ask for in an hour")
    sms_per_hour: int = _setting(5000, "login codes that leave in an hour, whoever asks")
    wechat_base_url: str = _setting("https://api.weixin.qq.com", "WeChat's server")
    wechat_open_url: str = _setting("https://open.weixin.qq.com", "where WeChat's browser is sent to sign in")
    wechat_mini_app_id: str = _setting("", "app id of the mini-program; empty = no login with it")
    wechat_mini_secret: str = _setting("", "its secret", secret=True)
    wechat_oauth_app_id: str = _setting("", "app id of the official account; empty = no login with it")
    wechat_oauth_secret: str = _setting("", "its secret", secret=True)
    wechat_page: str = _setting("", "page of the mini-program that its messages open; empty = no messages by it")
    wechat_state: str = _setting("formal", "which mini-program they open: formal, trial or developer")
    wechat_assistant: bool = _setting(False, "1 = messages of the medical assistant, by the official account")
    wechat_callback_token: str = _setting("", "token of WeChat's message push; empty = none taken", secret=True)
    wechat_callback_aes_key: str = _setting("", "its EncodingAESKey; only encrypted messages are taken", secret=True)
    alipay_gateway_url: str = _setting("https://openapi.alipay.com/gateway.do", "Alipay's gateway")
    alipay_open_url: str = _setting("https://openauth.alipay.com", "where Alipay's browser is sent to sign in")
    alipay_app_id: str = _setting("", "app id at Alipay; empty = no login with it")
    alipay_private_key: str = _setting("", "our RSA key, PKCS #8 in base64", secret=True)
    alipay_public_key: str = _setting("", "Alipay's RSA key, X.509 in base64")
    alipay_aes_key: str = _setting("", "AES key of phone numbers, base64", secret=True)
    alipay_page: str = _setting("", "page of the mini-program that its messages open; empty = no messages by it")
    aliyun_base_url: str = _setting("https://dysmsapi.aliyuncs.com", "Aliyun's SMS endpoint")
    aliyun_access_key_id: str = _setting("", "access key of a RAM user who may send SMS; empty = no SMS by Aliyun")
    aliyun_access_key_secret: str = _setting("", "its secret", secret=True)
    aliyun_sign_name: str = _setting("", "signature before an SMS of a hospital that has none of its own")
    aliyun_code_template: str = _setting("", "template of login codes, with ${code}")
    aliyun_family_template: str = _setting("", "template of family codes, with ${code} and ${who}")
    aliyun_onsite_template: str = _setting("", "template of codes at a kiosk or the desk, with ${code}")
    aliyun_settle_seconds: int = _setting(300, "an SMS that Aliyun does not show so long after it was tried was not sent, s")
    aliyun_callback_secret: str = _setting("", "last part of the path of Aliyun's receipts; empty = none taken", secret=True)
    aliyun_callback_addresses: tuple[str, ...] = _setting((), "comma-separated addresses they come from; empty = any")
    gateway_urls: tuple[str, ...] = _setting((), "comma-separated hospital=https://…, its own message gateway; * = of all")
    gateway_secrets: tuple[str, ...] = _setting((), "comma-separated hospital=secret, for the signatures", secret=True)
    message_seconds: int = _setting(8, "longest wait for a provider of messages, s")
    notices_per_second: int = _setting(20, "notices that leave by one channel in a second; below what its provider takes")
    notice_lease_seconds: int = _setting(60, "after which the notices of a worker that was killed are asked for, s")
    signers: str = _setting("", "package.module:name of what seals PDFs for hospitals; empty = only a demo's own")
    hl7_port: int = _setting(2575, "port for HL7 over MLLP; 0 = off")
    hl7_hospital: str = _setting("", "hospital of HL7 messages that name none; empty = the only one, if there is one")
    trusted_proxies: tuple[str, ...] = _setting((), "comma-separated addresses or networks of our own proxies; empty = none")
    real_ip_header: str = _setting("x-forwarded-for", "header in which they name the client; believed from them alone")
    audit_anchor_minutes: int = _setting(60, "minutes between two notes of the audit trail's heads in the stores; 0 = none")
    audit_keep_days: int = _setting(1827, "days before audit entries may be cut off, by command alone; at least 1096")
    share_trace_days: int = _setting(184, "days for which a share's owner sees address and device of visitors; at least 184")
    cors_origins: tuple[str, ...] = _setting((), "comma-separated origins that may call from a browser; * = all")
    metrics_token: str = _setting("", "bearer token that may read /metrics beside an admin")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")
    store_keys: Mapping[str, str] = field(
        default_factory=dict,
        repr=False,
        metadata={"meaning": "CLOUDFILM_STORE_<n>_<NAME>: endpoint, access_key_id, secret_access_key, region… of store n"},
    )
    keys: Keys = field(repr=False, metadata={"meaning": "CLOUDFILM_SECRET_TOKENS, _FIELDS, _INDEX, _QR_KEY"})

    @property
    def base_url(self) -> str:
        """The public address without a trailing slash."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def store_urls(self) -> tuple[str, str, str]:
        """Where the three copies go."""
        if not self.stores:
            root = self.home.absolute() / "stores"
            return tuple((root / str(n)).as_uri() for n in (1, 2, 3))  # type: ignore[return-value]
        return self.stores  # type: ignore[return-value]  # from_environ has counted them

    @property
    def worker_count(self) -> int:
        """Server processes to start."""
        return self.workers or os.cpu_count() or 1

    @property
    def ingest_child_count(self) -> int:
        """Limited children of one server process."""
        return self.ingest_children or max(1, (os.cpu_count() or 1) // self.worker_count)


def from_environ(environ: Mapping[str, str]) -> Settings:
    """Settings of this process; raises Misconfigured with what to do."""
    values = {name: _parse(name, kind, environ) for name, kind in _plain_fields() if PREFIX + name.upper() in environ}
    home = Path(str(values.get("home", ".cloudfilm"))).absolute()
    demo = bool(values.get("demo", False)) or is_demo_home(home)
    keys = demo_keys(home, environ) if demo else _production_keys(home, environ)
    settings = Settings(**{**values, "home": home, "demo": demo}, store_keys=_store_keys(environ), keys=keys)  # type: ignore[arg-type]
    _require_possible(settings)
    return settings


def _production_keys(home: Path, environ: Mapping[str, str]) -> Keys:
    """Raises Misconfigured also for whom a demo was meant: then it is the folder that is wrong."""
    try:
        return production_keys(environ)
    except Misconfigured as error:
        raise Misconfigured(f"{error}; {home}, which CLOUDFILM_HOME names, is no demo's folder") from error


def is_demo_home(home: Path) -> bool:
    """A folder that a demo made stays a demo's."""
    return (home / "secrets.json").exists()


def _require_possible(settings: Settings) -> None:
    """Raises Misconfigured for what can only fail later."""
    for name, port in (("PORT", settings.port), ("HL7_PORT", settings.hl7_port)):
        if port > HIGHEST_PORT:
            raise Misconfigured(f"CLOUDFILM_{name} must be at most {HIGHEST_PORT}")
    if settings.message_seconds < 1:
        raise Misconfigured("CLOUDFILM_MESSAGE_SECONDS must be at least 1")
    if settings.log_level not in LOG_LEVELS:
        raise Misconfigured(f"CLOUDFILM_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}")
    if urlsplit(settings.base_url).scheme not in ("http", "https"):
        raise Misconfigured("CLOUDFILM_PUBLIC_URL must begin with http:// or https://")
    if settings.audit_keep_days < AUDIT_LEAST_DAYS:
        raise Misconfigured(f"CLOUDFILM_AUDIT_KEEP_DAYS must be at least {AUDIT_LEAST_DAYS}: three years")
    if settings.share_trace_days < TRACE_LEAST_DAYS:
        raise Misconfigured(f"CLOUDFILM_SHARE_TRACE_DAYS must be at least {TRACE_LEAST_DAYS}: six months")
    if not all(map(_is_network, settings.trusted_proxies)):
        raise Misconfigured("CLOUDFILM_TRUSTED_PROXIES must be addresses or networks, such as 10.0.0.5,192.168.0.0/24")
    if len(settings.store_urls) != STORES:
        raise Misconfigured(f"CLOUDFILM_STORES names {len(settings.stores)} stores; {STORES} are needed")


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _plain_fields() -> list[tuple[str, str]]:
    return [(f.name, str(f.type)) for f in fields(Settings) if f.name not in ("keys", "store_keys")]


def _parse(name: str, kind: str, environ: Mapping[str, str]) -> object:
    variable = PREFIX + name.upper()
    text = environ[variable].strip()
    if kind == "int":
        return _whole_number(variable, text)
    if kind == "bool":
        return _yes_or_no(variable, text)
    if kind.startswith("tuple"):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return Path(text or DEFAULT_HOME) if kind == "Path" else text


def _whole_number(variable: str, text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise Misconfigured(f"{variable} must be a whole number")


def _yes_or_no(variable: str, text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
    if text.lower() in known:
        return known[text.lower()]
    raise Misconfigured(f"{variable} must be 1 or 0")


def _store_keys(environ: Mapping[str, str]) -> dict[str, str]:
    prefix = PREFIX + "STORE_"
    return {name[len(prefix) :].lower(): value for name, value in environ.items() if name.startswith(prefix)}
