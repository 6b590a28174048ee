"""A livekit-agents agent that converses over AudioSocket with providers that take no time. benches/conversation.py runs it.

    agent.py PORT SILENCE_MS MARKS

No LiveKit server takes part: an `AgentSession` for each call has an input and an output of its own, as its `io` module foresees. All of
them are in one process. For every turn a line of JSON goes to MARKS: when each step was done, in microseconds of UTC.
"""

import asyncio
import json
import logging
import struct
import sys
import time
import uuid

from livekit import rtc
from livekit.agents import APIConnectOptions, DEFAULT_API_CONNECT_OPTIONS, Agent, AgentSession, llm, stt, tts
from livekit.agents.voice import io

RATE = 8000
HEARD = "he was not an ill disposed young man"
ANSWER = "So I was told."
# Half a second, loud from its first sample.
TONE = struct.pack("<4000h", *(8000 if n // 8 % 2 == 0 else -8000 for n in range(4000)))
FRAME_BYTES = 320
FRAME_S = 0.02
# The recogniser's own idea of speech: louder than a silent line, and 200 ms of that end it.
LOUD = 300
QUIET_FRAMES = 10


class Marks:
    """When the steps of a call's turn were done."""

    def __init__(self, file, call: str):
        self.file, self.call, self.steps = file, call, {}

    def now(self, step: str):
        self.steps[step] = time.time_ns() // 1000

    def told(self):
        self.now("frame")
        print(json.dumps({"call": self.call} | self.steps), file=self.file, flush=True)
        self.steps = {}


class InstantSTT(stt.STT):
    def __init__(self, marks: Marks):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.marks = marks

    async def _recognize_impl(self, buffer, *, language=None, conn_options=None):
        raise NotImplementedError

    def stream(self, *, language=None, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS):
        return Recognition(self, conn_options)


class Recognition(stt.RecognizeStream):
    def __init__(self, recogniser: InstantSTT, conn_options: APIConnectOptions):
        super().__init__(stt=recogniser, conn_options=conn_options)
        self.marks = recogniser.marks

    async def _run(self):
        quiet, speaking = 0, False
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            if max(frame.data) >= LOUD:
                quiet, speaking = 0, True
                continue
            quiet += 1
            if speaking and quiet >= QUIET_FRAMES:
                speaking = False
                self.marks.now("transcript")
                data = stt.SpeechData(language="en", text=HEARD, confidence=1.0)
                self._event_ch.send_nowait(stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data]))


class InstantLLM(llm.LLM):
    def __init__(self, marks: Marks):
        super().__init__()
        self.marks = marks

    def chat(self, *, chat_ctx, tools=None, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS, **_):
        self.marks.now("asked")
        return Reply(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Reply(llm.LLMStream):
    async def _run(self):
        delta = llm.ChoiceDelta(role="assistant", content=ANSWER)
        self._event_ch.send_nowait(llm.ChatChunk(id="instant", delta=delta))


class InstantTTS(tts.TTS):
    def __init__(self, marks: Marks):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=RATE, num_channels=1)
        self.marks = marks

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS):
        raise NotImplementedError

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS):
        return Speech(tts=self, conn_options=conn_options)


class Speech(tts.SynthesizeStream):
    """Has all of its audio at the first words."""

    async def _run(self, output_emitter: tts.AudioEmitter):
        output_emitter.initialize(
            request_id="instant", sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True, frame_size_ms=20,
        )
        output_emitter.start_segment(segment_id="instant")
        spoken = False
        async for text in self._input_ch:
            if isinstance(text, str) and not spoken:
                spoken = True
                self._tts.marks.now("spoken")
                self._mark_started()
                output_emitter.push(TONE)
        output_emitter.end_segment()


class Receptionist(Agent):
    def __init__(self, marks: Marks):
        super().__init__(instructions="Be brief.")
        self.marks = marks

    async def on_user_turn_completed(self, turn_ctx, new_message):
        self.marks.now("decided")


class Caller(io.AudioInput):
    def __init__(self):
        super().__init__(label="AudioSocket")
        self.frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self.frames.get()
        if frame is None:
            raise StopAsyncIteration
        return frame


class Line(io.AudioOutput):
    """One frame every 20 ms; the first as soon as it is there."""

    def __init__(self, writer: asyncio.StreamWriter, marks: Marks):
        super().__init__(label="AudioSocket", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.writer, self.marks = writer, marks
        self.buffer = bytearray()
        self.played = 0
        self.flushed = False
        self.playing: asyncio.Task | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.buffer += frame.data
        self.flushed = False
        if self.playing is None:
            self.played = 0
            self.playing = asyncio.create_task(self.play())

    def flush(self) -> None:
        super().flush()
        self.flushed = True

    def clear_buffer(self) -> None:
        if self.playing is not None:
            self.playing.cancel()
            self.end(interrupted=True)

    def end(self, interrupted: bool):
        self.buffer.clear()
        self.playing = None
        self.on_playback_finished(playback_position=self.played / RATE / 2, interrupted=interrupted)

    async def play(self):
        due = time.monotonic()
        while self.buffer or not self.flushed:
            part = bytes(self.buffer[:FRAME_BYTES])
            if part:
                del self.buffer[:len(part)]
                self.writer.write(struct.pack(">BH", 0x10, len(part)) + part)
                if self.played == 0:
                    self.marks.told()
                    self.on_playback_started(created_at=time.time())
                self.played += len(part)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        self.end(interrupted=False)


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: float, file):
    try:
        kind, length = struct.unpack(">BH", await reader.readexactly(3))
        call = str(uuid.UUID(bytes=await reader.readexactly(length)))
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        # Whoever looked whether anybody listens.
        writer.close()
        return
    marks = Marks(file, call)
    caller = Caller()
    session = AgentSession(
        stt=InstantSTT(marks), llm=InstantLLM(marks), tts=InstantTTS(marks),
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"mode": "fixed", "min_delay": silence, "max_delay": silence},
            "interruption": {"mode": "vad", "resume_false_interruption": False},
        },
    )
    session.input.audio = caller
    session.output.audio = Line(writer, marks)
    await session.start(Receptionist(marks), record=False)
    try:
        while True:
            kind, length = struct.unpack(">BH", await reader.readexactly(3))
            payload = await reader.readexactly(length)
            if kind == 0x00:
                break
            if kind == 0x10:
                caller.frames.put_nowait(rtc.AudioFrame(payload, RATE, 1, length // 2))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    caller.frames.put_nowait(None)
    await session.aclose()
    writer.close()


async def main():
    logging.basicConfig(level=logging.WARNING)
    port, silence_ms, marks = sys.argv[1:]
    with open(marks, "w") as file:
        server = await asyncio.start_server(lambda r, w: converse(r, w, int(silence_ms) / 1000, file), "127.0.0.1", int(port))
        async with server:
            await server.serve_forever()


asyncio.run(main())
