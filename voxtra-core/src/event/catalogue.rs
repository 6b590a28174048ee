//! The built-in events: the contract with users, webhooks and other languages.
//!
//! Names and shapes change only by a decision of the project. The order is that of the contract.

#[cfg(feature = "alloc")]
use alloc::{string::String, vec::Vec};

#[cfg(feature = "alloc")]
use super::{Cost, ProviderUsage, ToolCall, TranscriptEntry};

voxtra_macros::voxtra! {
    (crate)

    catalogue {
        /// An inbound call entered the Stasis application, or an outbound one was created.
        call.started {
            /// The number of who calls; empty if it is withheld.
            caller_id: String,
            /// The number or extension that was called.
            called_number: String,
            /// Who called whom, seen from here.
            direction: inbound | outbound,
        }
        /// The far end is alerting.
        call.ringing {}
        /// The remote party picked up, or we answered.
        call.answered {}
        /// Either side hung up: exactly once per call.
        call.ended {
            /// Why, in a word or two, such as `normal_clearing`.
            reason: String,
            /// From the start of the call to its end, in seconds.
            duration_seconds: f64,
            /// From the answer to the end, in seconds; 0 for a call that was never answered, and in
            /// events of versions that did not tell.
            answered_seconds: f64 = 0.0,
            /// Who hung up: the far end, the agent, the other party of a transfer, or none of them
            /// (Asterisk, an operator, a lost connection, an agent that failed, the end of Voxtra).
            ended_by: far_end | agent | other_party | system = system,
        }
        /// An originate failed before it was answered.
        call.failed {
            /// Why, such as `user_busy`, `no_answer` or `congestion`.
            reason: String,
        }
        /// The call was redirected to another endpoint.
        call.transferred {
            /// The endpoint, such as `PJSIP/200`.
            target: String,
        }
        /// The agent asked for the call to be redirected; the other endpoint is being called.
        call.transfer.started {
            /// The endpoint, such as `PJSIP/200`.
            target: String,
        }
        /// The other endpoint was not reached: the caller is still with the agent.
        call.transfer.failed {
            /// The endpoint, such as `PJSIP/200`.
            target: String,
            /// Why, such as `user_busy`, `no_answer` or `no_such_endpoint`.
            reason: String,
        }
        /// The call was put on hold: the agent is not heard, and nobody is listened to.
        call.held {
            /// Who put it on hold. Of versions that did not tell, it was the far end.
            by: far_end | agent = far_end,
        }
        /// The call was taken off hold. What the agent was saying goes on, unless the other side
        /// still holds the call.
        call.resumed {
            /// Who took it off hold. Of versions that did not tell, it was the far end.
            by: far_end | agent = far_end,
        }
        /// The far end handed the call over: another party is on the line, in the same session.
        call.replaced {
            /// The number of the new party; empty if it is withheld or unknown.
            caller_id: String,
        }
        /// The AudioSocket connection was accepted; audio flows both ways.
        @realtime
        media.started {
            /// Samples per second, in Hz.
            sample_rate: u32,
        }
        /// The AudioSocket connection ended.
        @realtime
        media.stopped {
            /// A hang-up frame, the end of the stream, an error, or silence on the line for too
            /// long.
            reason: hangup | closed | error | timeout,
        }
        /// An inbound audio frame was taken in (off unless asked for).
        @realtime
        audio.frame.received {
            /// Counts the frames of this direction from 0.
            sequence: u64,
            /// How many samples the frame holds.
            samples: u32,
        }
        /// An outbound audio frame left the queue (off unless asked for).
        @realtime
        audio.frame.sent {
            /// Counts the frames of this direction from 0.
            sequence: u64,
            /// How many samples the frame holds.
            samples: u32,
        }
        /// The caller began to speak: once per utterance.
        @realtime
        user.speech.started {}
        /// The caller stopped speaking.
        @realtime
        user.speech.ended {
            /// How long the caller spoke, in milliseconds.
            duration_ms: u64,
            /// Whether the caller speaks on: the utterance was as long as the settings allow.
            cut: bool = false,
            /// How long the caller had been silent by then, in milliseconds: the speech ended that
            /// long before this event. 0 in events of versions that did not tell.
            silence_ms: u64 = 0,
        }
        /// Speech-to-text gave a final transcript.
        user.transcript {
            /// What the caller said.
            text: String,
            /// How sure the provider is, from 0 to 1.
            confidence: f32,
            /// Whether the text will no longer change.
            is_final: bool,
        }
        /// Speech-to-text gave an interim transcript.
        user.transcript.partial {
            /// What the caller has said so far.
            text: String,
        }
        /// A language-model call started.
        agent.thinking {}
        /// The language model replied.
        agent.response {
            /// The reply.
            text: String,
            /// What the model asks to be done before it goes on.
            tool_calls: Vec<ToolCall>,
        }
        /// The first frame of the agent's reply went out to the caller.
        agent.speech.started {
            /// What is being said.
            text: String,
        }
        /// The last frame of the agent's reply went out, or it was cut.
        agent.speech.ended {
            /// What was to be said.
            text: String,
            /// Whether it was cut short.
            interrupted: bool,
            /// How much of it went out to the caller, in milliseconds; 0 in events of versions that
            /// did not tell.
            heard_ms: u64 = 0,
            /// The words that the caller heard of it: all of them, or those before the cut. Their
            /// times come from the voice where it tells them, and are estimated otherwise. Empty in
            /// events of versions that did not tell.
            heard: String = "",
        }
        /// The agent was held back, because the caller may be interrupting it, or no longer is.
        /// Told at the beginning (`pending`) and at the end.
        @realtime
        agent.held {
            /// What came of it: nothing yet, an interruption, nothing (the agent goes on where it
            /// stopped), or something else came first (the agent's code stopped it, the far end
            /// held the call, the audio ended).
            outcome: pending | interrupted | resumed | stopped,
            /// How long the agent was held back, in milliseconds; 0 at the beginning.
            held_ms: u64,
        }
        /// The caller was handed over to another agent, who goes on with what was said.
        agent.changed {
            /// The agent that talked with the caller.
            from: String,
            /// The agent that does now.
            to: String,
        }
        /// The caller left a message, for somebody who is not there.
        message.left {
            /// What the caller said, as speech-to-text understood it; empty without speech-to-text.
            text: String,
            /// How long it is, in milliseconds.
            duration_ms: u64,
            /// The file with the caller's audio; empty if none is kept, or it couldn't be written.
            file: String = "",
        }
        /// The caller pressed a key: once per key press.
        @realtime
        dtmf.received {
            /// One of `0`-`9`, `A`-`D`, `*` and `#`.
            digit: char,
        }
        /// The caller began to speak while the agent was speaking.
        @realtime
        barge_in {}
        /// Nobody has spoken for as long as the settings allow: once per silence.
        @realtime
        silence.detected {
            /// How long it has been silent, in milliseconds.
            silence_duration_ms: u64,
        }
        /// A turn of the conversation closed.
        @realtime
        turn.ended {
            /// How long the turn lasted, in milliseconds.
            duration_ms: u64,
            /// Whether the caller speaks on: the turn was as long as the settings allow.
            cut: bool = false,
        }
        /// How long the caller waited for the answer to a turn, and what for. Told when the first
        /// frame of the answer went out, or when the call ended before that. Times are milliseconds
        /// since the caller was last heard; 0 is also what came before that. A part that there was
        /// not, or that nobody told, is absent.
        turn.measured {
            /// Whether the answer began, or the call ended or was transferred before it.
            outcome: answered | unanswered,
            /// The silence that the caller heard: until the agent was heard, be it a filler, or
            /// until the call ended.
            heard_silence_ms: u64,
            /// The turn was decided to be over.
            decided_ms: Option<u32>,
            /// Speech-to-text gave the final transcript.
            transcript_ms: Option<u32>,
            /// The language model was asked.
            asked_ms: Option<u32>,
            /// It gave the first words.
            first_token_ms: Option<u32>,
            /// The voice was given the first sentence.
            first_sentence_ms: Option<u32>,
            /// The voice gave the first audio.
            first_audio_ms: Option<u32>,
            /// The first frame of the answer went out to the caller.
            first_frame_ms: Option<u32>,
            /// Voxtra's own part of it: from the decided turn and its transcript to the question,
            /// and from the first audio to the first frame, which waits for its place in the line's
            /// rhythm of 20 ms. A duration.
            own_ms: Option<u32>,
            /// The part of `own_ms` in which the answer was there and waited for the line's next
            /// frame: less than 20 ms, and nobody's work. Absent in events of versions that did not
            /// tell.
            rhythm_ms: Option<u32>,
            /// The tools that were called before the answer.
            tools: u32,
            /// Whether the caller heard a filler before the answer.
            filler: bool,
            /// Whether the model was asked before the turn was decided to be over.
            preemptive: bool,
        }
        /// An agent let its caller wait longer than its objective allows. Told at the end of the
        /// call, before `call.ended`, once for each objective.
        objective.missed {
            /// The agent; empty for one without a name.
            agent: String,
            /// The objective, such as `heard_silence_p95_ms`.
            objective: String,
            /// What it allows, in milliseconds.
            limit_ms: u64,
            /// What it was, in milliseconds.
            actual_ms: u64,
            /// The turns that were judged.
            turns: u32,
        }
        /// What was said and done in the call, told at its end: behind `call.ended`, before
        /// `session.destroyed`. Told of calls in which a language model or speech to speech took
        /// part, and of all calls if the application keeps transcripts.
        call.transcript {
            /// What was said and done, in order. Of a long call the middle is left out.
            entries: Vec<TranscriptEntry>,
            /// What was used of each provider.
            usage: Vec<ProviderUsage>,
            /// What the call cost. Absent unless each provider that was used has a price, all of
            /// them in one currency.
            cost: Option<Cost>,
            /// The call in short, if the application wants that and the language model gave it in
            /// time.
            summary: Option<String>,
        }
        /// Something went wrong inside the framework or a provider.
        error {
            /// What kind of error, in words a program can compare.
            error_type: String,
            /// What happened, for a person.
            message: String,
        }
        /// A session was constructed.
        session.created {}
        /// A session was finalised: always its last event.
        session.destroyed {}
    }
}
