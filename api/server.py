"""Wiring of one server process: settings → services → routes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from sanic import Sanic

from api import (
    accesslog,
    account,
    activations,
    audit,
    authorisations,
    consents,
    cors,
    desk,
    docs,
    downloads,
    exams,
    family,
    feedback,
    filmmaking,
    films,
    hospitals,
    kiosk,
    login,
    maintenance,
    me,
    oauth,
    operations,
    reports,
    sensitive,
    session,
    sharemaking,
    shareopening,
    sharepreview,
    shares,
    shl,
    signins,
    subscriptions,
    third_party,
    webtickets,
    wishes,
)
from api.access import note_device
from api.callbacks import routes as callbacks
from api.dicomweb import deletion, frames, instances, metadata, rendered, search, store, wadouri
from api.errors import problem
from api.hospital import routes as hospital
from api.pages import browser, demo, get, landing, messages, phone, platform_login, viewer
from api.pages.pc import routes as pc
from api.services import open_services
from infra.settings import Settings

NAME = "cloudfilm"
BLUEPRINTS = (
    operations.routes,
    maintenance.routes,
    docs.routes,
    search.routes,
    store.routes,
    deletion.routes,
    metadata.routes,
    instances.routes,
    frames.routes,
    rendered.routes,
    wadouri.routes,
    login.routes,
    session.routes,
    signins.routes,
    webtickets.routes,
    me.routes,
    family.routes,
    account.routes,
    activations.routes,
    subscriptions.routes,
    wishes.routes,
    callbacks.routes,
    consents.routes,
    authorisations.routes,
    oauth.routes,
    third_party.routes,
    kiosk.routes,
    desk.routes,
    hospitals.routes,
    exams.routes,
    downloads.routes,
    accesslog.routes,
    sensitive.routes,
    sharemaking.routes,
    shares.routes,
    shareopening.routes,
    shl.routes,
    sharepreview.routes,
    reports.routes,
    films.routes,
    filmmaking.routes,
    feedback.routes,
    audit.routes,
    *hospital.BLUEPRINTS,
    phone.routes,
    platform_login.routes,
    viewer.routes,
    browser.routes,
    landing.routes,
    get.routes,
    pc,
    demo.routes,
    messages.routes,
)
SLOWEST_ANSWER_SECONDS = 3600  # a phone on a slow network may take an hour for its originals
REQUEST_SECONDS = 60
KEEP_ALIVE_SECONDS = 75
BODY_MAX_BYTES = 32 * 1024 * 1024  # of requests that are not streamed; a report with its PDF is the largest


def create_app(settings: Settings, redis_url: str | None = None) -> Sanic[Any, Any]:
    """The application of one process. Nothing is opened before its event loop runs."""
    app: Sanic[Any, Any] = Sanic(NAME, configure_logging=False, strict_slashes=False)
    _configure(app)
    _open_and_close(app, settings, redis_url)
    for blueprint in BLUEPRINTS:
        app.blueprint(blueprint)
    app.register_middleware(note_device, "request")
    cors.allow(app, settings.cors_origins)
    app.error_handler.add(Exception, problem)
    return app


def _configure(app: Sanic[Any, Any]) -> None:
    app.config.update(
        ACCESS_LOG=False,
        AUTO_EXTEND=False,
        FALLBACK_ERROR_FORMAT="json",
        KEEP_ALIVE_TIMEOUT=KEEP_ALIVE_SECONDS,
        MOTD=False,
        NOISY_EXCEPTIONS=False,
        OAS=False,
        REQUEST_MAX_SIZE=BODY_MAX_BYTES,
        REQUEST_TIMEOUT=REQUEST_SECONDS,
        RESPONSE_TIMEOUT=SLOWEST_ANSWER_SECONDS,
    )


def _open_and_close(app: Sanic[Any, Any], settings: Settings, redis_url: str | None) -> None:
    stack = AsyncExitStack()

    async def open_all(app: Sanic[Any, Any]) -> None:
        app.ctx.services = await stack.enter_async_context(open_services(settings, redis_url))

    async def close_all(_app: Sanic[Any, Any]) -> None:
        await asyncio.shield(stack.aclose())

    app.before_server_start(open_all)
    app.after_server_stop(close_all)
