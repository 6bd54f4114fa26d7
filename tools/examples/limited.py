"""A FastMCP server as its documentation shows it: two tools, and RateLimitingMiddleware with its defaults but for the numbers, which come
from the environment. FastMCP's default keys every client alike: one bucket for all."""

import asyncio
import os

from fastmcp import FastMCP
from fastmcp.server.middleware.rate_limiting import RateLimitingMiddleware
from starlette.responses import PlainTextResponse

mcp = FastMCP("limited")
mcp.add_middleware(
    RateLimitingMiddleware(
        max_requests_per_second=float(os.environ["RATE_PER_SECOND"]), burst_capacity=int(os.environ["BURST"])
    )
)


@mcp.tool
def look_up(number: int) -> dict:
    """One entry by its number."""
    return {"number": number, "name": f"Entry {number}"}


@mcp.tool
async def search(text: str) -> dict:
    """Entries that hold a text."""
    await asyncio.sleep(0.05)
    return {"hits": [f"Entry {text}"]}


@mcp.custom_route("/health", methods=["GET"])
async def health(_request):
    return PlainTextResponse("ok")


mcp.run(transport="http", host="127.0.0.1", port=int(os.environ["PORT"]), show_banner=False, stateless_http=True)
