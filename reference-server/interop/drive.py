# The official Python client: reads a plan (plan.ts) as JSON from stdin, writes what a host sees as JSON to stdout.
import asyncio
import json
import sys
import time
from importlib.metadata import version

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


class Connected:
    """A client at an address, with a token."""

    def __init__(self, plan, url, token):
        self.http = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30)
        mode = "legacy" if plan["era"] == "2025-11-25" else plan["era"]
        self.client = Client(streamable_http_client(url, http_client=self.http), mode=mode)

    async def __aenter__(self):
        await self.http.__aenter__()
        return await self.client.__aenter__()

    async def __aexit__(self, *problem):
        await self.client.__aexit__(*problem)
        await self.http.__aexit__(*problem)


def text_of(result):
    return next((item.text for item in result.content if item.type == "text"), "")


def innermost(error):
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


async def outcome(client, tool, arguments):
    try:
        result = await client.call_tool(tool, arguments)
        return f"isError: {text_of(result)}" if result.is_error else "ok"
    except Exception as error:
        return repr(innermost(error))


async def pages(client, asked):
    arguments = dict(asked["arguments"])
    for count in range(1, 100):
        result = await client.call_tool(asked["tool"], arguments)
        cursor = result.structured_content.get("cursor")
        if cursor is None:
            return count
        arguments["cursor"] = cursor
    return -1


async def cancelled(client, plan):
    started = time.monotonic()
    asked = plan["cancel"]
    try:
        async with asyncio.timeout(plan["cancelAfterMs"] / 1000):
            await client.call_tool(asked["tool"], asked["arguments"])
        told = "served"
    except BaseException as error:
        told = type(innermost(error)).__name__
    return told, (time.monotonic() - started) * 1000


async def refusal(plan, asked):
    try:
        async with Connected(plan, asked["url"], asked["token"]) as client:
            await client.list_tools()
            if asked.get("spend"):
                await client.call_tool(asked["tool"], asked["arguments"])
            result = await client.call_tool(asked["tool"], asked["arguments"])
    except BaseException as thrown:
        error = innermost(thrown)
        seen = {"how": "exception", "type": type(error).__name__, "text": str(error)}
        for name in ("code", "data"):
            if getattr(error, name, None) is not None:
                seen[name] = getattr(error, name)
        response = getattr(error, "response", None)
        if response is not None:
            seen["status"] = response.status_code
            if "retry-after" in response.headers:
                seen["retryAfterHeader"] = response.headers["retry-after"]
        return seen
    if not result.is_error:
        return {"how": "served", "type": "", "text": text_of(result)}
    return {"how": "result", "type": "", "text": text_of(result), "data": result.structured_content}


async def main():
    plan = json.load(sys.stdin)
    async with Connected(plan, plan["url"], plan["token"]) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        called = {tool: await outcome(client, tool, plan["arguments"].get(tool, {})) for tool in tools}
        reported = []

        async def on_progress(*progress):
            reported.append(progress)

        await client.call_tool(plan["progress"]["tool"], plan["progress"]["arguments"], progress_callback=on_progress)
        prompt = await client.get_prompt(plan["prompt"]["name"], plan["prompt"]["arguments"])
        told, after = await cancelled(client, plan)
        seen = {
            "client": f"mcp {version('mcp')} (Python)",
            "era": client.protocol_version,
            "tools": tools,
            "called": called,
            "resources": len((await client.list_resources()).resources),
            "resourceCharacters": len((await client.read_resource(plan["resource"])).model_dump_json()),
            "prompts": len((await client.list_prompts()).prompts),
            "promptCharacters": len(prompt.model_dump_json()),
            "pages": await pages(client, plan["pages"]),
            "progress": len(reported),
            "cancelled": told,
            "cancelledAfterMs": after,
        }
    seen["refusals"] = {name: await refusal(plan, asked) for name, asked in plan["refusals"].items()}
    json.dump(seen, sys.stdout)


asyncio.run(main())
