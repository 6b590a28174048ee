"""A pipecat agent that converses over AudioSocket with providers that take no time. benches/conversation.py runs it.

    agent.py PORT SILENCE_MS MARKS

Services, turn-taking and transport are built on pipecat's own base classes, as its documentation shows; one pipeline for each call, all of
them in one process. For every turn a line of JSON goes to MARKS: when each step was done, in microseconds of UTC.
"""

import asyncio
import json
import struct
import sys
import time
import uuid
from dataclasses import dataclass

from loguru import logger

logger.remove()
logger.add(sys.stderr, level="WARNING")

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VAD_STOP_SECS
from pipecat.frames.frames import (
    CancelFrame, EndFrame, Frame, InputAudioRawFrame, InterruptionFrame, LLMContextFrame, LLMFullResponseEndFrame,
    LLMFullResponseStartFrame, OutputAudioRawFrame, StartFrame, TranscriptionFrame, TTSAudioRawFrame, VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

RATE = 8000
HEARD = "he was not an ill disposed young man"
ANSWER = "So I was told."
# Half a second, loud from its first sample.
TONE = struct.pack("<4000h", *(8000 if n // 8 % 2 == 0 else -8000 for n in range(4000)))
FRAME_BYTES = 320


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


class InstantSTT(STTService):
    """Has the final transcript as soon as the voice detector tells that the caller has stopped."""

    def __init__(self, marks: Marks):
        super().__init__(sample_rate=RATE, ttfs_p99_latency=0.0, settings=STTSettings(model=None, language=None))
        self.marks = marks

    async def run_stt(self, audio: bytes):
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self.marks.now("transcript")
            await self.push_frame(TranscriptionFrame(HEARD, "", "", finalized=True))


class InstantLLM(LLMService):
    def __init__(self, marks: Marks):
        settings = LLMSettings(
            model="instant", system_instruction=None, temperature=None, max_tokens=None, top_p=None, top_k=None, frequency_penalty=None,
            presence_penalty=None, seed=None, filter_incomplete_user_turns=False, user_turn_completion_config=None,
        )
        super().__init__(settings=settings)
        self.marks = marks

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            self.marks.now("asked")
            await self.push_frame(LLMFullResponseStartFrame())
            await self._push_llm_text(ANSWER)
            await self.push_frame(LLMFullResponseEndFrame())
        else:
            await self.push_frame(frame, direction)


class InstantTTS(TTSService):
    def __init__(self, marks: Marks):
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, sample_rate=RATE, settings=settings)
        self.marks = marks

    async def run_tts(self, text: str, context_id: str):
        self.marks.now("spoken")
        yield TTSAudioRawFrame(TONE, RATE, 1, context_id=context_id)


class TurnStop(SpeechTimeoutUserTurnStopStrategy):
    """Theirs; it only notes when it decides."""

    def __init__(self, marks: Marks, **kwargs):
        super().__init__(**kwargs)
        self.marks = marks

    async def trigger_user_turn_stopped(self, *args, **kwargs):
        self.marks.now("decided")
        await super().trigger_user_turn_stopped(*args, **kwargs)


class AudioSocketInput(BaseInputTransport):
    def __init__(self, reader: asyncio.StreamReader, params: TransportParams, gone: asyncio.Event):
        super().__init__(params)
        self.reader, self.gone, self.reading = reader, gone, None

    async def start(self, frame: StartFrame):
        await super().start(frame)
        self.reading = self.create_task(self.read())
        await self.set_transport_ready(frame)

    async def cancel(self, frame: CancelFrame):
        await super().cancel(frame)
        await self.cease()

    async def stop(self, frame: EndFrame):
        await super().stop(frame)
        await self.cease()

    async def cease(self):
        if self.reading:
            await self.cancel_task(self.reading)
            self.reading = None

    async def read(self):
        try:
            while True:
                kind, length = struct.unpack(">BH", await self.reader.readexactly(3))
                payload = await self.reader.readexactly(length)
                if kind == 0x00:
                    break
                if kind == 0x10:
                    await self.push_audio_frame(InputAudioRawFrame(payload, RATE, 1))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self.gone.set()


class AudioSocketOutput(BaseOutputTransport):
    """Paced as pipecat's own transports over sockets are: it writes a chunk and sleeps for as long as that lasts."""

    def __init__(self, writer: asyncio.StreamWriter, params: TransportParams, marks: Marks):
        super().__init__(params)
        self.writer, self.marks = writer, marks
        self.interval = self.next_send = 0.0

    async def setup(self, setup):
        await super().setup(setup)
        self.interval = self.audio_chunk_size / self.sample_rate / 2

    async def start(self, frame: StartFrame):
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self.next_send = 0.0

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        audio = frame.audio
        # Nothing is written between two answers.
        starts = time.monotonic() > self.next_send + 0.1
        try:
            for at in range(0, len(audio), FRAME_BYTES):
                part = audio[at:at + FRAME_BYTES]
                self.writer.write(struct.pack(">BH", 0x10, len(part)) + part)
            if starts:
                self.marks.told()
            await self.writer.drain()
        except ConnectionError:
            return False
        now = time.monotonic()
        wait = max(0.0, self.next_send - now)
        await asyncio.sleep(wait)
        self.next_send = time.monotonic() + self.interval if wait == 0 else self.next_send + self.interval
        return True


class AudioSocketTransport(BaseTransport):
    def __init__(self, reader, writer, gone: asyncio.Event, marks: Marks):
        super().__init__()
        params = TransportParams(audio_in_enabled=True, audio_out_enabled=True, audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
        self.source = AudioSocketInput(reader, params, gone)
        self.sink = AudioSocketOutput(writer, params, marks)

    def input(self):
        return self.source

    def output(self):
        return self.sink


@dataclass
class Agent:
    silence: float
    file: object

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        try:
            kind, length = struct.unpack(">BH", await reader.readexactly(3))
            call = str(uuid.UUID(bytes=await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            # Whoever looked whether anybody listens.
            writer.close()
            return
        gone, marks = asyncio.Event(), Marks(self.file, call)
        transport = AudioSocketTransport(reader, writer, gone, marks)
        # The voice detector waits for its default, and the turn's strategy for the rest of the
        # silence.
        strategies = UserTurnStrategies(stop=[TurnStop(marks, user_speech_timeout=self.silence - VAD_STOP_SECS)])
        user, assistant = LLMContextAggregatorPair(
            LLMContext([{"role": "system", "content": "Be brief."}]),
            user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(sample_rate=RATE), user_turn_strategies=strategies),
        )
        pipeline = Pipeline([
            transport.input(), InstantSTT(marks), user, InstantLLM(marks), InstantTTS(marks), transport.output(), assistant,
        ])
        params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
        worker = PipelineWorker(pipeline, params=params, idle_timeout_secs=None)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        running = asyncio.create_task(runner.run())
        await asyncio.wait([running, asyncio.create_task(gone.wait())], return_when=asyncio.FIRST_COMPLETED)
        await worker.cancel()
        await running
        writer.close()


async def main():
    port, silence_ms, marks = sys.argv[1:]
    with open(marks, "w") as file:
        agent = Agent(int(silence_ms) / 1000, file)
        server = await asyncio.start_server(agent.converse, "127.0.0.1", int(port))
        async with server:
            await server.serve_forever()


asyncio.run(main())
