"""An echo with the AudioSocketServer of the Python package voxtra, as its documentation shows it."""

import asyncio
import logging
import sys

from voxtra import AudioSocketServer


async def echo(connection):
    async for chunk in connection.receive():
        await connection.send(chunk)
    await connection.close()


async def serve(port):
    server = AudioSocketServer(host="127.0.0.1", port=port)
    await server.start()
    calls = set()
    while True:
        try:
            connection = await server.accept(timeout=3600)
        except TimeoutError:
            continue
        call = asyncio.create_task(echo(connection))
        calls.add(call)
        call.add_done_callback(calls.discard)


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    try:
        asyncio.run(serve(int(sys.argv[1])))
    except KeyboardInterrupt:
        pass
