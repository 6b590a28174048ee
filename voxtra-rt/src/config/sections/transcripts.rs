//! `[transcripts]`.

use std::path::PathBuf;
use std::time::Duration;

use super::super::document::Section;
use super::super::provider::{ProviderRole, ProviderSettings};
use super::super::settings::TranscriptsSettings;
use super::read_word;

pub(super) fn read_transcripts(
    section: Section<'_>,
    providers: &[ProviderSettings],
    names: &[String],
) -> Option<TranscriptsSettings> {
    let defaults = TranscriptsSettings::default();
    let transcripts = TranscriptsSettings {
        folder: read_word(&section, "folder").map(PathBuf::from),
        summarise: section.boolean("summary").unwrap_or_default(),
        summary_instruction: read_word(&section, "summary_instruction"),
        summary_model: read_word(&section, "summary_model"),
        summary_within: section
            .integer::<u64>("summary_timeout_ms", 100..=60_000)
            .map_or(defaults.summary_within, Duration::from_millis),
    };
    for key in ["summary_instruction", "summary_model", "summary_timeout_ms"] {
        if section.has(key) && !transcripts.summarise {
            section.refuse(key, "is of no use without `summary = true`");
        }
    }
    if let Some(name) = &transcripts.summary_model {
        let found = providers.iter().find(|one| one.name == *name);
        match found {
            Some(found) if !found.kind.roles().contains(&ProviderRole::LanguageModel) => section
                .refuse(
                    "summary_model",
                    format!("{name:?} is no language model: {}", found.kind.word()),
                ),
            // One that is broken is told where it stands.
            None if !names.contains(name) => {
                section.refuse("summary_model", format!("there is no [provider.{name}]"));
            }
            _ => {}
        }
    }
    let is_present = section.is_present();
    section.finish();
    is_present.then_some(transcripts)
}
