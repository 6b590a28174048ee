//! `[speech]` and `[[prompt]]`.

use std::collections::HashSet;
use std::path::PathBuf;

use super::super::Place;
use super::super::document::Section;
use super::{read_time, read_word};
use crate::speech::{PromptSettings, SpeechSettings, VoiceSettings};

pub(super) fn read_speech(section: Section<'_>) -> SpeechSettings {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Auto,
        None,
        EspeakNg,
        Flite,
        Piper,
        Command,
    }
    let kind = section
        .choice(
            "voice",
            &[
                ("auto", Kind::Auto),
                ("none", Kind::None),
                ("espeak-ng", Kind::EspeakNg),
                ("flite", Kind::Flite),
                ("piper", Kind::Piper),
                ("command", Kind::Command),
            ],
        )
        .unwrap_or(Kind::Auto);
    let model = section.text("piper_model").map(PathBuf::from);
    let command = section.texts("command");
    let raw_hz = section.integer::<u32>("raw_hz", 4_000..=192_000);
    if kind != Kind::Piper && model.is_some() {
        section.refuse("piper_model", "only goes with voice = \"piper\"");
    }
    if kind != Kind::Command && command.is_some() {
        section.refuse("command", "only goes with voice = \"command\"");
    }
    if kind != Kind::Command && raw_hz.is_some() {
        section.refuse("raw_hz", "only goes with voice = \"command\"");
    }
    let voice = match kind {
        Kind::Auto => VoiceSettings::Auto,
        Kind::None => VoiceSettings::None,
        Kind::EspeakNg => VoiceSettings::EspeakNg,
        Kind::Flite => VoiceSettings::Flite,
        Kind::Piper => {
            section.require("piper_model", "the .onnx file of the voice");
            VoiceSettings::Piper {
                model: model.unwrap_or_default(),
            }
        }
        Kind::Command => {
            section.require(
                "command",
                "the program and its arguments, such as [\"espeak-ng\", \"--stdin\", \"--stdout\"]",
            );
            let argv = command.unwrap_or_default();
            if section.is_sound() && argv.first().is_none_or(String::is_empty) {
                section.refuse("command", "must begin with the program");
            }
            if raw_hz.is_some() && argv.iter().any(|argument| argument.contains("{out}")) {
                section.refuse(
                    "raw_hz",
                    "does not go with {out}: the file is WAV, and says its rate itself",
                );
            }
            VoiceSettings::Command { argv, raw_hz }
        }
    };
    let mut speech = SpeechSettings::default();
    speech.voice = voice;
    speech.timeout = read_time(&section, "timeout_ms", 100, 600_000, speech.timeout);
    speech.inherit_env = section.texts("inherit_env").unwrap_or_default();
    speech.prompts_dir = section.text("prompts_dir").map(PathBuf::from);
    section.finish();
    speech
}

pub(super) fn read_prompts(root: &Section<'_>, places: &mut Vec<Place>) -> Vec<PromptSettings> {
    let mut names = HashSet::new();
    let mut all = Vec::new();
    for section in root.sections("prompt") {
        section.require("name", "what the agent calls it");
        section.require("file", "a PCM WAV file");
        let name = read_word(&section, "name");
        let file = read_word(&section, "file").map(PathBuf::from);
        let text = section.text("text");
        if let (Some(name), Some(file)) = (name, file) {
            if names.insert(name.clone()) {
                let mut prompt = PromptSettings::new(name, file);
                prompt.text = text;
                all.push(prompt);
                places.push(section.place("file"));
            } else {
                section.refuse("name", "is already the name of an earlier [[prompt]]");
            }
        }
        section.finish();
    }
    all
}
