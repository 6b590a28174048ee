//! The contents of a frame: the queue, held audio, cut audio.

use super::{Playout, PlayoutEvent, Utterance};
use crate::audio::FRAME;
use crate::playout::source::{AgentAudio, Chunk};

impl<K: AsRef<[i16]> + AsMut<[i16]>> Playout<K> {
    /// Fills `out` from the queue and returns how many samples there were.
    pub(super) fn fill<S: AgentAudio>(
        &mut self,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let mut filled = self.hold.take(out);
        self.counters.repeated_samples += filled as u64;
        loop {
            let room = out.get_mut(filled..).unwrap_or_default();
            // With a full frame, look only for the end of the utterance in progress.
            if room.is_empty() && self.utterance.is_none() {
                return filled;
            }
            let Some(chunk) = self.next_of_epoch(source, on) else {
                return filled;
            };
            if room.is_empty() && (chunk.samples > 0 || !self.is_in_progress(chunk.utterance)) {
                return filled;
            }
            self.open(chunk, on);
            filled += self.read(source, room, on);
        }
    }

    /// After a flush: fills `out` with what is left of the utterance in progress, for the length of
    /// the fade, ends it, and drops the rest of the queue.
    pub(super) fn fill_last<S: AgentAudio>(
        &mut self,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let mut filled = 0;
        if let Some(cut) = self.utterance {
            // After an underrun or a pause, there is only silence to fade.
            let fade = match cut.played > 0 && !self.edges.is_starved() && !self.hold.is_holding() {
                true => self.rate.samples_in(self.settings.fade.min(FRAME)),
                false => 0,
            };
            let out = out.get_mut(..fade).unwrap_or_default();
            while let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty()) {
                self.chunk = self.chunk.or_else(|| source.next_chunk());
                match self.chunk {
                    Some(chunk) if chunk.epoch == cut.epoch && chunk.utterance == cut.id => {}
                    _ => break,
                }
                let ended = self.chunk.is_some_and(|chunk| chunk.last);
                filled += self.read_chunk(source, room);
                if ended && self.chunk.is_none() {
                    break;
                }
            }
            self.end(true, on);
        }
        self.next_of_epoch(source, on);
        filled
    }

    /// At the beginning of a pause: fills `out` with what is left of the utterance in progress, for
    /// the length of the fade, and keeps it.
    pub(super) fn fill_held<S: AgentAudio>(
        &mut self,
        source: &mut S,
        out: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let Some(held) = self.utterance.filter(|utterance| utterance.played > 0) else {
            return 0;
        };
        if self.edges.is_starved() {
            // There is only silence to fade.
            return 0;
        }
        let out = out.get_mut(..self.pause_fade()).unwrap_or_default();
        let mut filled = self.hold.take(out);
        while self.utterance.is_some()
            && let Some(room) = out.get_mut(filled..).filter(|room| !room.is_empty())
        {
            match self.next_of_epoch(source, on) {
                Some(chunk) if chunk.utterance == held.id => self.open(chunk, on),
                _ => break,
            }
            filled += self.read(source, room, on);
        }
        if self.utterance.is_some() {
            self.hold.keep(out.get(..filled).unwrap_or_default());
        }
        filled
    }

    /// The current chunk, or the next one of the current epoch; those before it are dropped.
    fn next_of_epoch<S: AgentAudio>(
        &mut self,
        source: &mut S,
        on: &mut impl FnMut(PlayoutEvent),
    ) -> Option<Chunk> {
        loop {
            let chunk = match self.chunk {
                Some(chunk) => chunk,
                None => source.next_chunk()?,
            };
            if self.is_current(chunk) {
                self.chunk = Some(chunk);
                return self.chunk;
            }
            self.chunk = None;
            source.skip(chunk.samples as usize);
            self.counters.dropped_samples += u64::from(chunk.samples);
            if chunk.first {
                on(PlayoutEvent::Ended {
                    utterance: chunk.utterance,
                    interrupted: true,
                    played: 0,
                });
            }
        }
    }

    /// Makes the utterance of `chunk`, the current chunk, the one in progress.
    fn open(&mut self, chunk: Chunk, on: &mut impl FnMut(PlayoutEvent)) {
        if let Some(at_hand) = &mut self.chunk {
            at_hand.first = false;
        }
        if self.is_in_progress(chunk.utterance) {
            return;
        }
        // The previous utterance was never closed.
        self.end(true, on);
        self.edges.begin();
        self.utterance = Some(Utterance {
            id: chunk.utterance,
            epoch: chunk.epoch,
            played: 0,
            uninterruptible: chunk.uninterruptible,
        });
    }

    /// While the audio is held back between two utterances: learns what the next one is, but plays
    /// nothing of it.
    pub(super) fn look_ahead<S: AgentAudio>(&mut self, source: &mut S) {
        if self.utterance.is_none() {
            self.chunk = self.chunk.or_else(|| source.next_chunk());
        }
    }

    /// Reads from the current chunk, of the utterance in progress, into `room`.
    fn read<S: AgentAudio>(
        &mut self,
        source: &mut S,
        room: &mut [i16],
        on: &mut impl FnMut(PlayoutEvent),
    ) -> usize {
        let last = self.chunk.is_some_and(|chunk| chunk.last);
        let unheard = self.utterance.filter(|utterance| utterance.played == 0);
        let got = self.read_chunk(source, room);
        if got > 0
            && let Some(utterance) = unheard
        {
            on(PlayoutEvent::Started {
                utterance: utterance.id,
            });
        }
        if last && self.chunk.is_none() {
            self.end(false, on);
        }
        got
    }

    /// Reads from the current chunk, of the utterance in progress, into `room`. When the chunk is
    /// used up, there is no current one.
    fn read_chunk<S: AgentAudio>(&mut self, source: &mut S, room: &mut [i16]) -> usize {
        let Some(chunk) = &mut self.chunk else {
            return 0;
        };
        let wanted = room.len().min(chunk.samples as usize);
        let got = match room.get_mut(..wanted) {
            Some(room) if wanted > 0 => source.read(room).min(wanted),
            _ => 0,
        };
        if got == 0 {
            // The chunk is used up, or the source lacks samples that it announced.
            self.counters.dropped_samples += u64::from(chunk.samples);
            chunk.samples = 0;
        }
        chunk.samples -= got as u32;
        if chunk.samples == 0 {
            self.chunk = None;
        }
        if let Some(utterance) = &mut self.utterance {
            utterance.played += got as u64;
        }
        got
    }

    /// Ends the utterance in progress, if there is one.
    pub(super) fn end(&mut self, interrupted: bool, on: &mut impl FnMut(PlayoutEvent)) {
        if let Some(ended) = self.utterance.take() {
            on(PlayoutEvent::Ended {
                utterance: ended.id,
                interrupted,
                played: ended.played,
            });
        }
    }

    fn is_in_progress(&self, utterance: u32) -> bool {
        self.utterance
            .is_some_and(|current| current.id == utterance)
    }
}
