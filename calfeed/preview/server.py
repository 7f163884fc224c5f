"""Serves a preview on a socket, and rebuilds it whenever a file of the sources changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
import watchfiles
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from calfeed.preview.preview import Preview

if TYPE_CHECKING:
    from socket import socket

# Another site may point its own name at 127.0.0.1 and read what answers there (DNS rebinding).
_HOSTS = ["127.0.0.1", "localhost"]


def serve(preview: Preview, events: Path, listener: socket, rebuild: Callable[[], None]) -> None:
    """Answer requests on `listener` until a signal ends the process.

    Args:
        preview: the preview to serve.
        events: the folder to watch.
        listener: a socket that listens on loopback.
        rebuild: called at the start and after each change, in a separate thread.
    """
    asyncio.run(_serve(preview, events, listener, rebuild))


async def _serve(preview: Preview, events: Path, listener: socket, rebuild: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def note(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (cause := task.exception()) is not None:
            failures.append(cause)
            server.should_exit = True

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        is_built = asyncio.Event()
        watching = asyncio.create_task(_keep_current(events, rebuild, is_built))
        watching.add_done_callback(note)
        watching.add_done_callback(lambda _task: is_built.set())
        await is_built.wait()
        yield
        watching.cancel()
        await asyncio.wait([watching])

    server = uvicorn.Server(
        uvicorn.Config(_make_app(preview, lifespan), log_config=None, access_log=False, server_header=False)
    )
    await server.serve(sockets=[listener])
    if failures:
        raise failures[0]


async def _keep_current(events: Path, rebuild: Callable[[], None], is_built: asyncio.Event) -> None:
    """Build, and rebuild after each change; a change during a build is not missed."""
    changes = watchfiles.awatch(events)
    following = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)  # starts watching before the first build reads anything
    try:
        while True:
            await asyncio.to_thread(rebuild)
            is_built.set()
            await following
            following = asyncio.ensure_future(anext(changes))
    finally:
        following.cancel()


def _make_app(preview: Preview, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]) -> Starlette:
    async def answer(request: Request) -> Response:
        reply = preview.reply(request.path_params["path"])
        headers = {"etag": reply.etag, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
        if reply.answers(request.headers.get("if-none-match")):
            return Response(status_code=304, headers=headers)
        return Response(reply.body, reply.status, {**headers, "content-type": reply.content_type})

    return Starlette(
        routes=[Route("/{path:path}", answer)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)],
        lifespan=lifespan,
    )
