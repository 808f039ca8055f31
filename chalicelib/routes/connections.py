"""Where a shop hands us the key to its API. Open to everybody: a one-time token in the address is all that counts."""

from __future__ import annotations

from collections.abc import Callable

from chalice import Blueprint, Response

from chalicelib import clock
from chalicelib.routes.page import page
from chalicelib.routes.problems import Problem, respond
from chalicelib.routes.safely import safely
from chalicelib.settings import settings
from chalicelib.work import aws, page_words
from chalicelib.work import connections as work

connections = Blueprint(__name__)


@connections.route("/connect/woocommerce/{shop}/{token}", methods=["POST"], content_types=["*/*"])
def take_woocommerce_keys(shop: str, token: str) -> Response:
    """The callback of WooCommerce's consent page."""

    def taken() -> Response:
        work.take_woocommerce(shop, token, _body(), clock.now(), settings())
        return respond(200, {})

    return _answered("woocommerce", taken)


@connections.route("/connect/saleor/{shop}/{token}/manifest", content_types=["*/*"])
def get_saleor_manifest(shop: str, token: str) -> Response:
    """What Saleor installs."""

    def told() -> Response:
        version = connections.current_request.headers.get("saleor-schema-version", "")
        return respond(200, work.saleor_manifest(shop, token, version, _public_url(), clock.now()))

    return _answered("saleor manifest", told)


@connections.route("/connect/saleor/{shop}/{token}/register", methods=["POST"], content_types=["*/*"])
def take_saleor_token(shop: str, token: str) -> Response:
    """The token that Saleor made for our app."""

    def taken() -> Response:
        headers = {name.lower(): value for name, value in connections.current_request.headers.items()}
        work.take_saleor(shop, token, headers, _body(), clock.now(), settings(), aws.reach().put)
        return respond(200, {})

    return _answered("saleor register", taken)


@connections.route("/connect/done")
def show_done() -> Response:
    """Where WooCommerce's consent page sends its owner on to. Changes nothing, and tells nothing of any shop."""
    asked = connections.current_request.query_params or {}
    which = "declined" if asked.get("success") == "0" else "agreed"
    english, persian = (_said(language, which) for language in ("en", "fa"))
    return page("connected", "en", {**english, "fa": persian})


def _said(language: str, which: str) -> dict[str, str]:
    words = page_words.section(language, "connected")
    return {"title": words[which], "text": words[f"{which}_text"]}


def _public_url() -> str:
    """Where we are reached: what the settings say, else what API Gateway says of the address that was asked. The API's
    function cannot be told its own address: the API is made from the function."""
    context = connections.current_request.context
    if settings().public_url or not context.get("domainName"):
        return settings().need("public_url").public_url
    return f"https://{context['domainName']}{str(context['path']).partition('/connect/saleor/')[0]}"


def _body() -> bytes:
    body: bytes = connections.current_request.raw_body or b""
    if len(body) > work.LARGEST_BODY:
        raise Problem(413, f"at most {work.LARGEST_BODY} bytes")
    return body


def _answered(route: str, do: Callable[[], Response]) -> Response:
    """Never raises, and never logs the address: Chalice would, and the token stands in it."""

    def judged() -> Response:
        try:
            return do()
        except work.Unknown:
            raise Problem(404, "Nobody waits for this, or not any more: start again with `connect`.") from None
        except work.Turned as turned:
            # Saleor shows its owner the message of `error`
            return respond(422, {"error": {"code": turned.code, "message": turned.remedy}})

    return safely(route, judged)
