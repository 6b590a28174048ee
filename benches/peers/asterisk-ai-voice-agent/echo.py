"""An echo with the AudioSocket transport of asterisk-ai-voice-agent.

The server around it is what the package's own main() does for a call: asyncio.start_server, and TCP_NODELAY."""

import asyncio
import logging
import socket
import sys

from asterisk_ai_voice_agent.audiosocket import audio_frame
from asterisk_ai_voice_agent.transport import AudioSocketTransport


async def caller_audio(transport):
    """Every chunk that the caller says; empty ones are frames of other kinds."""
    while (pcm := await transport.read_audio()) is not None:
        if pcm:
            yield pcm


async def direct(transport, writer):
    async for pcm in caller_audio(transport):
        writer.write(audio_frame(pcm).encode())
        await writer.drain()


async def paced(transport, _writer):
    await transport.play(caller_audio(transport), lambda: False)


async def serve(port, echo):
    async def on_call(reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = AudioSocketTransport(reader, writer)
        try:
            if await transport.handshake():
                await echo(transport, writer)
        except ConnectionError:
            pass
        finally:
            await transport.close()

    server = await asyncio.start_server(on_call, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    try:
        asyncio.run(serve(int(sys.argv[1]), {"direct": direct, "paced": paced}[sys.argv[2]]))
    except KeyboardInterrupt:
        pass
