//! A speech-to-text that is always right: it has the words from the labels, and hears what the leg
//! would give it, which are detected utterances.

use voxtra::rt::session::{Expect, OverlapWords};
use voxtra_core::leg::Command;
use voxtra_core::turn::Patience;

use crate::set::{Call, RATE};

/// How far back the leg begins when speech is detected.
const PRE_ROLL: usize = RATE / 2;

pub struct Transcriber<'a> {
    call: &'a Call,
    expect: Expect,
    /// From a word to its partial transcript, and from the end of an utterance to the final one.
    delay: usize,
    /// Which words this utterance begins behind, and whether it goes on.
    mark: usize,
    behind: usize,
    open: bool,
    /// Transcripts on their way.
    due: Vec<(usize, Transcript)>,
    partial: String,
    patience: Option<Patience>,
    expects: bool,
}

#[derive(Clone)]
struct Transcript {
    text: String,
    is_final: bool,
}

impl<'a> Transcriber<'a> {
    pub fn new(call: &'a Call, delay: usize, expect: Expect) -> Self {
        Self {
            call,
            expect,
            delay,
            mark: 0,
            behind: 0,
            open: false,
            due: Vec::new(),
            partial: String::new(),
            patience: None,
            expects: false,
        }
    }

    pub fn speech_started(&mut self, at: usize) {
        self.open = true;
        self.partial.clear();
        self.patience = None;
        // Words from before that are lost.
        let heard_from = at.saturating_sub(PRE_ROLL);
        self.skip_to_mark(at);
        let words = &self.call.marks.get(self.mark).map(|mark| &mark.words);
        let lost = words.map_or(0, |words| {
            words.iter().filter(|(said, _)| *said < heard_from).count()
        });
        self.behind = self.behind.max(lost);
    }

    pub fn speech_ended(&mut self, at: usize) {
        self.open = false;
        let text = self.text(at);
        self.behind += self.said(at).saturating_sub(self.behind);
        if !text.is_empty() {
            let transcript = Transcript {
                text,
                is_final: true,
            };
            self.due.push((at + self.delay, transcript));
        }
    }

    /// What the leg is told at this time.
    pub fn commands(&mut self, at: usize, epoch: u32, agent_speaking: bool) -> Vec<Command> {
        if self.open {
            self.skip_to_mark(at);
            let text = self.text(at);
            if text != self.partial && !text.is_empty() {
                self.partial.clone_from(&text);
                let transcript = Transcript {
                    text,
                    is_final: false,
                };
                self.due.push((at + self.delay, transcript));
            }
        }
        let mut commands = Vec::new();
        let (now, later) = self.due.drain(..).partition(|(due, _)| *due <= at);
        self.due = later;
        for (_, transcript) in now {
            self.tell(&transcript, epoch, agent_speaking, &mut commands);
        }
        commands
    }

    /// As a session tells its leg.
    fn tell(
        &mut self,
        transcript: &Transcript,
        epoch: u32,
        agent_speaking: bool,
        commands: &mut Vec<Command>,
    ) {
        if !transcript.is_final && !std::mem::replace(&mut self.expects, true) {
            commands.push(Command::ExpectWords(true));
        }
        // The caller has gone on since.
        let is_late = transcript.is_final && self.open;
        let language = Some("en");
        let patience = self.expect.patience_behind(&transcript.text, language);
        if !is_late && self.patience.replace(patience) != Some(patience) {
            commands.push(Command::Patience(patience));
        }
        let words = OverlapWords::new();
        let meaning = match transcript.is_final {
            true => words.meaning_of(&transcript.text, language),
            false => words.meaning_so_far(&transcript.text, language),
        };
        let stops = meaning == Some(voxtra_core::turn::Meaning::Interruption);
        if let Some(meaning) = meaning.filter(|_| agent_speaking && (!is_late || stops)) {
            commands.push(Command::Overlap { epoch, meaning });
        }
    }

    /// The latest mark that has begun.
    fn skip_to_mark(&mut self, at: usize) {
        while self
            .call
            .marks
            .get(self.mark + 1)
            .is_some_and(|mark| mark.start <= at)
        {
            self.mark += 1;
            self.behind = 0;
        }
    }

    fn said(&self, at: usize) -> usize {
        let words = self.call.marks.get(self.mark).map(|mark| &mark.words);
        words.map_or(0, |words| {
            words.iter().filter(|(said, _)| *said <= at).count()
        })
    }

    /// The words of this utterance.
    fn text(&self, at: usize) -> String {
        let (behind, said) = (self.behind, self.said(at));
        let Some(mark) = self.call.marks.get(self.mark) else {
            return String::new();
        };
        if said <= behind {
            return String::new();
        }
        let before = behind
            .checked_sub(1)
            .map_or("", |last| mark.words[last].1.as_str());
        mark.words[said - 1].1[before.len()..].trim().to_owned()
    }
}
