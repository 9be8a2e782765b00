"""The process of the local AWS: MiniStack behind the doors that `fota local up` opens, and behind no others.

Started as `python -m fota_operator.local.ministack CONFIG ADDRESS...`, with a configuration of hypercorn.
MiniStack's listener for devices would bind every interface and serve a client without a certificate as its root
user, and it has no setting for either: the event loop binds only the given addresses, and asks for a certificate.
Everything of AWS is on 127.0.0.1 alone. Through another address, a device's way to this machine, come only presigned
downloads and devices with a certificate.
Leaves to others: when it starts and ends (`server`), and who may do what (MiniStack).
"""

import asyncio
import importlib
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

from hypercorn.asyncio import serve
from hypercorn.config import Config

from fota_operator.local.host import LOOPBACK

_EVERY_INTERFACE = (None, "", "0.0.0.0", "::")  # noqa: S104  # looked for, to be replaced
_SIGNED = ("Algorithm", "Credential", "Date", "Expires", "Security-Token", "Signature", "SignedHeaders")
_SESSION = "ASIA"
"""How the access key of a role's session begins: AWS IoT signs with one. The root user's key is no secret."""
_REFUSAL = b"only presigned downloads come through this address\n"


class Doors:
    """An ASGI application that lets only presigned downloads through any address but 127.0.0.1."""

    # Any: what ASGI gives has no types, and neither has MiniStack.
    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the request, or refuse it."""
        if scope["type"] == "lifespan" or _is_local(scope) or _is_download(scope):
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(_REFUSAL)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})


def _is_local(scope: Any) -> bool:
    return (scope.get("server") or ("",))[0] == LOOPBACK


def _is_download(scope: Any) -> bool:
    """Whether it reads with a whole signature of a role in its URL: MiniStack verifies that, and not part of one."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["path"].startswith("/_"):
        return False
    given = parse_qs(scope["query_string"].decode("ascii", "replace"))
    once = all(len(given.get(f"X-Amz-{name}", ())) == 1 for name in _SIGNED)
    claims_more = any(name.lower() == b"authorization" for name, _ in scope["headers"])
    return once and not claims_more and given["X-Amz-Credential"][0].startswith(_SESSION)


def _bound_to(addresses: Sequence[str], create_server: Callable[..., Any]) -> Callable[..., Any]:
    """`loop.create_server`, but for these addresses wherever it would be for every interface."""

    async def bounded(protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        if host in _EVERY_INTERFACE and options.get("sock") is None:
            host = list(addresses)
        return await create_server(protocol_factory, host, port, **options)

    return bounded


def _asking_for_certificates(start_tls: Callable[..., Any]) -> Callable[..., Any]:
    """`loop.start_tls`, but a client that shows no certificate fails its handshake, as with AWS IoT."""

    async def asking(transport: Any, protocol: Any, context: ssl.SSLContext, **options: Any) -> Any:
        if options.get("server_side"):
            context.verify_mode = ssl.CERT_REQUIRED
        return await start_tls(transport, protocol, context, **options)

    return asking


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A client that gives up its handshake is no trouble of ours.
    if not isinstance(context.get("exception"), ssl.SSLError):
        loop.default_exception_handler(context)


async def _serve(config: Config, addresses: Sequence[str]) -> None:
    loop: Any = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    loop.create_server = _bound_to(addresses, loop.create_server)
    loop.start_tls = _asking_for_certificates(loop.start_tls)
    await serve(Doors(importlib.import_module("ministack.app").app), config)


if __name__ == "__main__":
    asyncio.run(_serve(Config.from_toml(sys.argv[1]), sys.argv[2:]))
