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
            TurnSettings {
                start_threshold: 0.0,
                ..ok
            },
        ),
        (
            "start_threshold",
            TurnSettings {
                start_threshold: f32::NAN,
                ..ok
            },
        ),
        (
            "stop_threshold",
            TurnSettings {
                stop_threshold: 0.7,
                ..ok
            },
        ),
        (
            "stop_threshold",
            TurnSettings {
                stop_threshold: f32::NAN,
                ..ok
            },
        ),
        (
            "longest_utterance_ms",
            TurnSettings {
                longest_utterance_ms: 0,
                ..ok
            },
        ),
        (
            "longest_turn_ms",
            TurnSettings {
                longest_turn_ms: 3_600_001,
                ..ok
            },
        ),
        (
            "start_window",
            TurnSettings {
                start_window: 0,
                ..ok
            },
        ),
        (
            "start_window",
            TurnSettings {
                start_window: 51,
                ..ok
            },
        ),
        (
            "start_frames",
            TurnSettings {
                start_frames: 6,
                ..ok
            },
        ),
        (
            "start_frames",
            TurnSettings {
                start_frames: 0,
                ..ok
            },
        ),
        (
            "min_speech_ms",
            TurnSettings {
                min_speech_ms: 2_001,
                ..ok
            },
        ),
        (
            "hangover_ms",
            TurnSettings {
                hangover_ms: 0,
                ..ok
            },
        ),
        (
            "end_of_turn_ms",
            TurnSettings {
                end_of_turn_ms: 239,
                ..ok
            },
        ),
        (
            "end_of_turn_range",
            TurnSettings {
                end_of_turn_range: 0.9,
                ..ok
            },
        ),
        (
            "end_of_turn_range",
            TurnSettings {
                end_of_turn_range: f32::NAN,
                ..ok
            },
        ),
        (
            "pause_threshold",
            TurnSettings {
                pause_threshold: f32::NAN,
                ..ok
            },
        ),
        (
            "pause_window",
            TurnSettings {
                pause_window: 0,
                ..ok
            },
        ),
        (
            "pause_frames",
            TurnSettings {
                pause_frames: 4,
                ..ok
            },
        ),
        (
            "pause_resume_ms",
            TurnSettings {
                pause_resume_ms: 0,
                ..ok
            },
        ),
        (
            "pause_max_ms",
            TurnSettings {
                pause_max_ms: 50,
                ..ok
            },
        ),
        (
            "silence_ms",
            TurnSettings {
                silence_ms: 100,
                ..ok
            },
        ),
        (
            "barge_in_min_speech_ms",
            TurnSettings {
                barge_in_min_speech_ms: 10_000,
                ..ok
            },
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
    let expected = TurnSettings {
        hangover_ms: 300,
        barge_in: false,
        ..TurnSettings::default()
    };
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
