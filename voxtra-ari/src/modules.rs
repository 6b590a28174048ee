//! The modules that Asterisk must have loaded, and why.

use super::Module;

/// A module of Asterisk that a voice application needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequiredModule {
    /// Name without `.so`.
    pub name: &'static str,
    /// What does not work without it.
    pub why: &'static str,
}

/// All modules that must be running in Asterisk for all orders of this crate, and for the dialplan
/// that hands calls over: `Stasis()`, `AudioSocket()`. Dependencies (`res_stasis` needs
/// `res_http_websocket` …) are listed too: the message should name the cause.
pub const REQUIRED_MODULES: [RequiredModule; 20] = [
    required("res_http_websocket", "the event websocket"),
    required("res_ari", "the REST interface itself"),
    required("res_ari_model", "the REST interface itself"),
    required("res_ari_asterisk", "this very check"),
    required(
        "res_ari_applications",
        "subscribing to channels outside the application",
    ),
    required("res_ari_events", "the event websocket"),
    required(
        "res_ari_channels",
        "answer, originate, hang up, external media",
    ),
    required("res_ari_bridges", "joining a caller and its audio"),
    required("res_ari_playbacks", "stopping a sound"),
    required("res_stasis", "applications outside the dialplan"),
    required("res_stasis_answer", "answering a call"),
    required("res_stasis_playback", "playing Asterisk's own sounds"),
    required(
        "app_stasis",
        "Stasis() in the dialplan, which hands calls over",
    ),
    required("res_audiosocket", "audio over TCP"),
    required("chan_audiosocket", "external media over AudioSocket"),
    required("app_audiosocket", "AudioSocket() in the dialplan"),
    required(
        "bridge_simple",
        "joining a caller and its audio without mixing",
    ),
    required("bridge_softmix", "bridges of three and more"),
    required("codec_resample", "16 kHz audio for a caller who has 8 kHz"),
    required("pbx_config", "reading extensions.conf"),
];

/// Those of [`REQUIRED_MODULES`] that are not running, according to
/// [`modules`](super::asterisk::Asterisk::modules).
pub fn missing_modules(loaded: &[Module]) -> Vec<RequiredModule> {
    let is_running = |name: &str| {
        loaded.iter().any(|module| {
            module.name.strip_suffix(".so").unwrap_or(&module.name) == name && module.is_running()
        })
    };
    REQUIRED_MODULES
        .into_iter()
        .filter(|module| !is_running(module.name))
        .collect()
}

const fn required(name: &'static str, why: &'static str) -> RequiredModule {
    RequiredModule { name, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded() -> Vec<Module> {
        serde_json::from_str(include_str!("fixtures/modules.json")).unwrap()
    }

    #[test]
    fn nothing_is_missing_from_the_asterisk_of_the_tests() {
        assert_eq!(missing_modules(&loaded()), []);
    }

    #[test]
    fn a_module_that_is_absent_or_did_not_start_is_missing() {
        let mut modules = loaded();
        modules.retain(|module| module.name != "chan_audiosocket.so");
        for module in &mut modules {
            if module.name == "app_stasis.so" {
                module.status = "Not Running".into();
            }
        }
        let missing: Vec<_> = missing_modules(&modules)
            .iter()
            .map(|module| module.name)
            .collect();
        assert_eq!(missing, ["app_stasis", "chan_audiosocket"]);
        assert_eq!(missing_modules(&[]).len(), REQUIRED_MODULES.len());
    }
}
