//! Keys under their older names.

use super::*;

#[test]
fn g711_is_read_under_its_older_name_too() {
    for key in ["g711", "mulaw"] {
        let text = format!("[media]\n{key} = \"decode\"");
        let leg = Config::parse(&text, env).unwrap().leg;
        assert_eq!(leg.g711, voxtra_core::leg::G711Policy::Decode, "{key}");
    }
}

#[test]
fn batching_is_read_under_its_older_names_too_and_the_new_ones_are_named() {
    let config = parse("[media]\ntick_ms = 2\ntick_load = 0.5\n");
    assert_eq!(
        (config.media.batch, config.media.batch_above_load),
        (Duration::from_millis(2), 0.5)
    );
    assert_eq!(
        config.notes(),
        [
            "media.tick_ms is an older key: its name is batch_ms now",
            "media.tick_load is an older key: its name is batch_above_load now",
        ]
    );
    let config = parse("[media]\nbatch_ms = 2\nbatch_above_load = 0.5\n");
    assert_eq!(
        (config.media.batch, config.media.batch_above_load),
        (Duration::from_millis(2), 0.5)
    );
    assert!(config.notes().is_empty());
}

#[test]
fn the_older_limit_of_attempts_is_read_and_the_new_key_is_named() {
    let hook = "[[webhook]]\nurl = \"https://h/\"\n";
    let config = parse(&format!("{hook}{hook}max_attempts = 6\n"));
    assert_eq!(config.webhooks[1].max_attempts, Some(6));
    let notes = config.notes();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("webhook[2].max_attempts") && notes[0].contains("give_up_after_ms"),
        "{notes:?}"
    );
    let config = parse(&format!("{hook}give_up_after_ms = 60000\n"));
    assert_eq!(config.webhooks[0].give_up_after, Duration::from_secs(60));
    assert!(config.notes().is_empty());
}
