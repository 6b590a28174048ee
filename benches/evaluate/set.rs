//! The labelled calls, as `recordings.py` wrote them.

use std::path::Path;

use serde_json::Value;

/// Samples in a second.
pub const RATE: usize = 8_000;

pub struct Set {
    pub calls: Vec<Call>,
    /// What the agent says, at 8 kHz.
    pub agent: Vec<Vec<i16>>,
}

/// The caller's side of a call.
pub struct Call {
    pub name: String,
    pub group: String,
    /// The agent talks all the time. Otherwise it answers.
    pub over_agent: bool,
    /// 1.0 is full scale.
    pub caller: Vec<f32>,
    pub marks: Vec<Mark>,
}

/// Something the caller does, in samples.
pub struct Mark {
    pub what: What,
    pub start: usize,
    pub end: usize,
    /// When each word has been said, and all words until then.
    pub words: Vec<(usize, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An utterance that wants an answer.
    Turn,
    /// No words: a gasp, a groan, a cough.
    Sound,
    /// A short word that means "stop".
    Stop,
    /// A short word that only shows that the caller listens.
    Backchannel,
    /// A sentence over the agent.
    Interruption,
}

impl Set {
    pub fn read(folder: &Path) -> Self {
        let path = folder.join("calls.json");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}; run recordings.py first", path.display()));
        let set: Value = serde_json::from_str(&text).unwrap();
        let agent = 0..number(&set["agent"]);
        Self {
            calls: each(&set["calls"]).map(|call| read(folder, call)).collect(),
            agent: agent
                .map(|n| wav(&folder.join(format!("agent/{n:03}.wav"))))
                .collect(),
        }
    }
}

fn read(folder: &Path, call: &Value) -> Call {
    let name = text(&call["name"]);
    let samples = wav(&folder.join(format!("calls/{name}.wav")));
    Call {
        group: text(&call["group"]),
        over_agent: call["over_agent"] == true,
        caller: samples
            .iter()
            .map(|sample| f32::from(*sample) / 32_768.0)
            .collect(),
        marks: each(&call["marks"]).map(mark).collect(),
        name,
    }
}

fn mark(mark: &Value) -> Mark {
    Mark {
        what: match mark["what"].as_str() {
            Some("turn") => What::Turn,
            Some("sound") => What::Sound,
            Some("stop") => What::Stop,
            Some("backchannel") => What::Backchannel,
            Some("interruption") => What::Interruption,
            other => panic!("{other:?} is nothing that a caller does"),
        },
        start: number(&mark["start"]),
        end: number(&mark["end"]),
        words: each(&mark["words"])
            .map(|word| (number(&word[0]), text(&word[1])))
            .collect(),
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().expect("a list").iter()
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn wav(path: &Path) -> Vec<i16> {
    let mut wav =
        hound::WavReader::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(
        (wav.spec().sample_rate, wav.spec().channels),
        (RATE as u32, 1)
    );
    wav.samples().map(Result::unwrap).collect()
}
