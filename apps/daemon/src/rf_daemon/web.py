"""The small web page of the daemon: metrics, health, readiness; loopback, read only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STALE_S = 5.0
"""Age of the newest status above which the engine counts as hung, seconds."""


def application(
    latest: Callable[[], dict[str, Any]],
    age_s: Callable[[], float],
    render: Callable[[], tuple[bytes, str]],
    port: Callable[[], int],
) -> web.Application:
    """Return the application.

    Parameters
    ----------
    latest : callable
        Returns the newest status.
    age_s : callable
        Returns how old it is, seconds.
    render : callable
        Returns the metrics and their content type.
    port : callable
        Returns the port that is bound, for the exact list of allowed hosts.
    """

    @web.middleware
    async def only_this_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        allowed = {f"{name}:{port()}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if request.headers.get("Host") not in allowed or "Origin" in request.headers:
            return web.json_response({"error": "host or origin not allowed"}, status=403)
        answer = await handler(request)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    async def metrics(_: web.Request) -> web.Response:
        body, kind = render()
        return web.Response(body=body, headers={"Content-Type": kind})

    async def health(_: web.Request) -> web.Response:
        status, age = latest(), age_s()
        alive = age < STALE_S
        told = {
            "ok": alive,
            "state": status.get("state", "STARTING"),
            "reason": status.get("state_reason", ""),
            "status_age_s": round(age, 3),
            "feeds": status.get("feeds", []),
        }
        return web.json_response(told, status=200 if alive else 503)

    async def ready(_: web.Request) -> web.Response:
        state = latest().get("state", "STARTING")
        fine = age_s() < STALE_S and state in {"ACTIVE", "REDUCING"}
        return web.json_response({"ready": fine, "state": state}, status=200 if fine else 503)

    app = web.Application(middlewares=[only_this_host])
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", ready)
    return app
