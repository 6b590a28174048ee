//! The ranges of settings, how they are read, and the presets.

use voxtra_core::turn::Preset;

use super::*;

#[test]
fn check_names_the_setting_that_is_wrong() {
    let ok = TurnSettings::default();
    assert_eq!(ok.check(), Ok(()));
    let wrong = [
        (
            "start_threshold",
            ok.with(|turn| turn.start_threshold = 0.0),
        ),
        (
            "start_threshold",
            ok.with(|turn| turn.start_threshold = f32::NAN),
        ),
        ("stop_threshold", ok.with(|turn| turn.stop_threshold = 0.7)),
        (
            "stop_threshold",
            ok.with(|turn| turn.stop_threshold = f32::NAN),
        ),
        (
            "longest_utterance_ms",
            ok.with(|turn| turn.longest_utterance_ms = 0),
        ),
        (
            "longest_turn_ms",
            ok.with(|turn| turn.longest_turn_ms = 3_600_001),
        ),
        ("start_window", ok.with(|turn| turn.start_window = 0)),
        ("start_window", ok.with(|turn| turn.start_window = 51)),
        ("start_frames", ok.with(|turn| turn.start_frames = 6)),
        ("start_frames", ok.with(|turn| turn.start_frames = 0)),
        ("min_speech_ms", ok.with(|turn| turn.min_speech_ms = 2_001)),
        ("hangover_ms", ok.with(|turn| turn.hangover_ms = 0)),
        ("end_of_turn_ms", ok.with(|turn| turn.end_of_turn_ms = 239)),
        (
            "end_of_turn_range",
            ok.with(|turn| turn.end_of_turn_range = 0.9),
        ),
        (
            "end_of_turn_range",
            ok.with(|turn| turn.end_of_turn_range = f32::NAN),
        ),
        (
            "pause_threshold",
            ok.with(|turn| turn.pause_threshold = f32::NAN),
        ),
        ("pause_window", ok.with(|turn| turn.pause_window = 0)),
        ("pause_frames", ok.with(|turn| turn.pause_frames = 4)),
        ("pause_resume_ms", ok.with(|turn| turn.pause_resume_ms = 0)),
        ("pause_max_ms", ok.with(|turn| turn.pause_max_ms = 50)),
        ("silence_ms", ok.with(|turn| turn.silence_ms = 100)),
        (
            "barge_in_min_speech_ms",
            ok.with(|turn| turn.barge_in_min_speech_ms = 10_000),
        ),
    ];
    for (key, settings) in wrong {
        let error = settings.check().unwrap_err();
        assert_eq!(error.key, key);
        assert!(error.to_string().starts_with(key), "{error}");
    }
}

#[test]
fn settings_are_read_by_name_with_defaults_for_the_rest() {
    let read: TurnSettings =
        serde_json::from_str(r#"{"hangover_ms": 300, "barge_in": false}"#).unwrap();
    let expected = TurnSettings::default().with(|turn| {
        turn.hangover_ms = 300;
        turn.barge_in = false;
    });
    assert_eq!(read, expected);
    assert!(serde_json::from_str::<TurnSettings>(r#"{"hangover": 300}"#).is_err());
}

#[test]
fn every_preset_is_sound() {
    for preset in Preset::ALL {
        assert_eq!(preset.settings().check(), Ok(()), "{preset:?}");
    }
    let [responsive, balanced, patient] = Preset::ALL.map(Preset::settings);
    assert!(responsive.end_of_turn_ms < balanced.end_of_turn_ms);
    assert!(balanced.end_of_turn_ms < patient.end_of_turn_ms);
    assert!(responsive.barge_in_min_speech_ms < balanced.barge_in_min_speech_ms);
    assert!(balanced.barge_in_min_speech_ms < patient.barge_in_min_speech_ms);
}
