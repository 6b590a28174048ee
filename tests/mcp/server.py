"""A server made with the protocol's own library for Python, over standard input and output, or over
HTTP: `server.py http PORT`."""

import asyncio
import os
import sys

from mcp.server.mcpserver import Image, MCPServer

server = MCPServer("crm", instructions="Customers of Acme.")


@server.tool()
def lookup(name: str, exact: bool = False) -> str:
    """Looks up a customer by name."""
    return f"{name}: 7 orders{', exactly' if exact else ''}"


@server.tool()
def count(first: int, second: int) -> dict[str, int]:
    """Adds two numbers."""
    return {"sum": first + second}


@server.tool()
def photo() -> Image:
    """A customer's photo."""
    return Image(data=b"\x89PNG\r\n", format="png")


@server.tool(name="delete.customer")
def delete(name: str) -> str:
    """Deletes a customer."""
    return f"{name} is deleted"


@server.tool()
def fails() -> str:
    """Fails."""
    raise ValueError("the database is closed")


@server.tool()
def environment(name: str) -> str:
    """A variable of the environment."""
    return repr(os.environ.get(name))


@server.tool()
async def sleep(seconds: float) -> str:
    """Takes its time."""
    await asyncio.sleep(seconds)
    return "awake"


@server.tool()
def end() -> str:
    """Ends the server in the middle of a call."""
    print("the end", file=sys.stderr, flush=True)
    os._exit(3)


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        server.run("stdio")
