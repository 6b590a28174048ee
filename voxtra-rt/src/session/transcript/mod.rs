//! What was said and done in a call, kept until its end: `call.transcript`.

mod file;
mod settings;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use tokio::time::Instant;
use voxtra_core::event::{BuiltIn, CallTranscript, TranscriptEntry, TranscriptKind};

use super::call::Call;
use super::usage;

pub(crate) use self::file::About;
pub use self::settings::TranscriptSettings;
pub(crate) use self::summary::on_one_line;

/// Most bytes of what one of them said at a time.
const MAX_TEXT: usize = 4 << 10;

/// Most bytes of what a tool is called with, and of what it gives back.
const MAX_TOOL: usize = 1 << 10;

/// Most bytes of the beginning that are kept.
const MAX_HEAD: usize = 64 << 10;

/// Most bytes of the rest that are kept: the latest.
const MAX_TAIL: usize = 192 << 10;

/// What an entry takes beside its texts, about, in memory and as JSON.
const PER_ENTRY: usize = 200;

/// Utterances of the caller whose words have not come.
const MOST_WORDLESS: usize = 16;

/// For how many milliseconds behind an utterance its words are awaited: a sound may have none.
const A_MOMENT: u64 = 5_000;

/// Tools that are at work at the same time, and told apart.
const MOST_TOOLS: usize = 64;

/// What was said and done so far.
#[derive(Debug)]
pub(crate) struct TranscriptLog {
    began: Instant,
    head: Vec<TranscriptEntry>,
    head_bytes: usize,
    tail: VecDeque<TranscriptEntry>,
    tail_bytes: usize,
    left_out: u64,
    /// When utterances of the caller began and ended whose words have not come.
    speech: VecDeque<(u64, Option<u64>)>,
    /// When the agent began to say what it says.
    agent_at: Option<u64>,
    /// Tools that are at work.
    tools: Vec<(u64, TranscriptEntry)>,
    next_tool: u64,
    /// A language model or speech to speech took part.
    talked: bool,
}

impl TranscriptLog {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            head: Vec::new(),
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            left_out: 0,
            speech: VecDeque::new(),
            agent_at: None,
            tools: Vec::new(),
            next_tool: 0,
            talked: false,
        }
    }

    /// Whether a language model or speech to speech took part.
    pub(super) fn talked(&self) -> bool {
        self.talked
    }

    /// Takes an event that happened so many milliseconds after the call's start.
    pub(super) fn note(&mut self, at_ms: u64, event: &BuiltIn) {
        match event {
            BuiltIn::UserSpeechStarted(_) => {
                if self.speech.len() >= MOST_WORDLESS {
                    self.speech.pop_front();
                }
                self.speech.push_back((at_ms, None));
            }
            BuiltIn::UserSpeechEnded(_) => {
                if let Some((_, ended)) = self.speech.back_mut() {
                    *ended = Some(at_ms);
                }
            }
            BuiltIn::UserTranscript(said) => {
                let began = self.began_to_speak().unwrap_or(at_ms);
                let mut entry = TranscriptEntry::new(began, TranscriptKind::Caller);
                entry.text = Some(bounded(&said.text, MAX_TEXT, &mut entry.left_out));
                self.add(entry);
            }
            BuiltIn::AgentThinking(_) => self.talked = true,
            BuiltIn::AgentSpeechStarted(_) => self.agent_at = Some(at_ms),
            BuiltIn::AgentSpeechEnded(ended) => {
                let began = self.agent_at.take();
                // Sounds have no words; and what was cut before its first sample was not heard.
                if ended.text.is_empty() || ended.interrupted && ended.heard_ms == 0 {
                    return;
                }
                let began = began.unwrap_or_else(|| at_ms.saturating_sub(ended.heard_ms));
                let mut entry = TranscriptEntry::new(began, TranscriptKind::Agent);
                entry.text = Some(bounded(&ended.heard, MAX_TEXT, &mut entry.left_out));
                entry.cut = ended.interrupted;
                entry.took_ms = Some(ended.heard_ms);
                self.add(entry);
            }
            BuiltIn::AgentChanged(changed) => {
                self.talked = true;
                self.named(at_ms, TranscriptKind::AgentChanged, &changed.to);
            }
            BuiltIn::CallTransferred(transferred) => {
                self.named(at_ms, TranscriptKind::Transferred, &transferred.target);
            }
            _ => {}
        }
    }

    fn named(&mut self, at_ms: u64, kind: TranscriptKind, name: &str) {
        let mut entry = TranscriptEntry::new(at_ms, kind);
        entry.name = Some(bounded(name, MAX_TOOL, &mut entry.left_out));
        self.add(entry);
    }

    /// Whether the caller is speaking, or has spoken a moment ago, and the words have not come.
    pub(super) fn awaits_words(&self) -> bool {
        let now = self.now_ms();
        let latest = self.speech.back();
        latest.is_some_and(|(_, ended)| ended.is_none_or(|at| now.saturating_sub(at) <= A_MOMENT))
    }

    /// When the caller began to say the words that have come: those of the utterance that ended
    /// last, or of the one that is being spoken. A sound before it had no words.
    fn began_to_speak(&mut self) -> Option<u64> {
        let ended = self.speech.iter().rposition(|(_, ended)| ended.is_some());
        let place = ended.or(self.speech.len().checked_sub(1))?;
        self.speech
            .drain(..=place)
            .next_back()
            .map(|(began, _)| began)
    }

    /// The agent calls a tool. Its result is given with the number that is returned.
    pub(super) fn tool_called(&mut self, name: &str, arguments: &str) -> u64 {
        let mut entry = TranscriptEntry::new(self.now_ms(), TranscriptKind::Tool);
        entry.name = Some(bounded(name, MAX_TOOL, &mut entry.left_out));
        entry.arguments = Some(bounded(arguments, MAX_TOOL, &mut entry.left_out));
        if self.tools.len() >= MOST_TOOLS {
            let (_, oldest) = self.tools.remove(0);
            self.add(oldest);
        }
        self.next_tool = self.next_tool.wrapping_add(1);
        self.tools.push((self.next_tool, entry));
        self.next_tool
    }

    /// What a tool gave back.
    pub(super) fn tool_gave(&mut self, number: u64, result: &str) {
        let place = self.tools.iter().position(|(other, _)| *other == number);
        if let Some(place) = place {
            let (_, mut entry) = self.tools.remove(place);
            entry.text = Some(bounded(result, MAX_TOOL, &mut entry.left_out));
            entry.took_ms = Some(self.now_ms().saturating_sub(entry.at_ms));
            self.add(entry);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn add(&mut self, entry: TranscriptEntry) {
        let bytes = size(&entry);
        let begins = self.tail.is_empty() && self.left_out == 0;
        if begins && self.head_bytes.saturating_add(bytes) <= MAX_HEAD {
            self.head_bytes = self.head_bytes.saturating_add(bytes);
            self.head.push(entry);
            return;
        }
        self.tail_bytes = self.tail_bytes.saturating_add(bytes);
        self.tail.push_back(entry);
        while self.tail_bytes > MAX_TAIL
            && let Some(oldest) = self.tail.pop_front()
        {
            self.tail_bytes = self.tail_bytes.saturating_sub(size(&oldest));
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// All of it, in the order in which it began.
    pub(super) fn entries(&self) -> Vec<TranscriptEntry> {
        let running = self.tools.iter().map(|(_, entry)| entry);
        let mut head = self.head.clone();
        let mut tail: Vec<_> = self.tail.iter().chain(running).cloned().collect();
        if self.left_out == 0 {
            head.append(&mut tail);
        }
        head.sort_by_key(|entry| entry.at_ms);
        tail.sort_by_key(|entry| entry.at_ms);
        if self.left_out > 0 {
            let at_ms = tail.first().map_or(0, |entry| entry.at_ms);
            let mut gap = TranscriptEntry::new(at_ms, TranscriptKind::LeftOut);
            gap.left_out = Some(self.left_out);
            head.push(gap);
        }
        head.append(&mut tail);
        head
    }
}

fn size(entry: &TranscriptEntry) -> usize {
    let texts = [&entry.text, &entry.name, &entry.arguments];
    let texts = texts.into_iter().flatten().map(String::len);
    texts.sum::<usize>().saturating_add(PER_ENTRY)
}

/// At most so many bytes of a text, with an ellipsis in place of the rest, whose bytes are added to
/// `left_out`.
fn bounded(text: &str, most: usize, left_out: &mut Option<u64>) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let kept = text
        .get(..text.floor_char_boundary(most))
        .unwrap_or_default();
    let more = u64::try_from(text.len().saturating_sub(kept.len())).unwrap_or(u64::MAX);
    *left_out = Some(left_out.unwrap_or_default().saturating_add(more));
    format!("{kept}…")
}

/// What is told at the end of a call, and what went wrong with it: kinds and messages of errors.
pub(crate) struct Told {
    pub(crate) transcript: CallTranscript,
    pub(crate) errors: Vec<(&'static str, String)>,
}

/// Whether the call's transcript is to be told.
pub(crate) fn is_wanted(call: &Call) -> bool {
    let keeps = call.session().services().transcripts.is_some();
    keeps || call.session().transcript().talked()
}

/// Makes the transcript of a call that is over, with its summary, and writes its file. It takes as
/// long as the limits of both say, at most.
pub(crate) async fn tell(call: Call, about: About) -> Box<Told> {
    let services = call.session().services();
    let settings = services.transcripts.as_deref();
    let entries = call.session().transcript().entries();
    let mut errors = Vec::new();
    let summary = match settings.and_then(TranscriptSettings::summary_wanted) {
        Some(wanted) if has_words(&entries) => {
            let summary = summary::of(&call, wanted, &entries).await;
            let failed = |error: String| errors.push(("summary", error));
            summary.map_err(failed).ok()
        }
        _ => None,
    };
    let used = call.session().tally().usage(&services.prices);
    let transcript = CallTranscript::new(entries, used).with_summary(summary);
    let cost = usage::cost(&transcript.usage);
    let transcript = transcript.with_cost(cost);
    if let Some(folder) = settings.and_then(TranscriptSettings::folder_wanted)
        && let Err(error) = file::write(folder.to_owned(), about, &transcript).await
    {
        errors.push(("transcript", error));
    }
    Box::new(Told { transcript, errors })
}

/// Whether there is anything to summarise.
fn has_words(entries: &[TranscriptEntry]) -> bool {
    entries
        .iter()
        .any(|entry| entry.kind == TranscriptKind::Caller)
}
