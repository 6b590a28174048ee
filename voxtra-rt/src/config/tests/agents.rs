//! `[provider.NAME]` and `[agent.NAME]`.

use super::*;
use crate::app::Application;
#[cfg(all(feature = "openai", feature = "wyoming"))]
use crate::app::{RouteError, StartError};
use crate::session::{ContextLimit, Expect, Price, WayOut};
use crate::speech::SpeechError;

/// Providers for every role.
const PROVIDERS: &str = r#"
[provider.openai]
key = "${OPENAI_API_KEY}"
[provider.anthropic]
key = "sk-ant-s3cret"
[provider.ears]
kind = "wyoming"
base_url = "tcp://127.0.0.1:10300"
"#;

/// An agent with these lines, and good providers.
pub(super) fn agent(lines: &str) -> String {
    format!(
        "{PROVIDERS}\n[agent.a]\ninstructions = \"Be brief.\"\nspeech_to_text = \"ears\"\nlanguage_model = \"anthropic\"\n{lines}"
    )
}

#[test]
fn a_whole_agent_is_read() {
    let text = format!(
        r#"{PROVIDERS}
[agent.reception]
instructions = """
Be brief."""
greeting = "Hello."
expect = "digits"
preemptive = true
overlap = {{ interruptions = ["basta"], backchannels = ["va bene", "sì"] }}
speech_to_text = ["ears", "openai"]
language_model = "anthropic"
text_to_speech = ["openai", "command"]
tools = ["transfer", "hang_up", "send_dtmf"]
transfer = {{ sales = "PJSIP/200", queue = "Local/600@from-internal" }}
no_input = {{ after_ms = 8000, say = "Hello?", then = "continue" }}
filler = {{ after_ms = 1_500, say = "One moment." }}
dead_air = {{ after_ms = 8_000, say = "Please wait.", give_up_after_ms = 0 }}
max_duration_s = 900
[agent.reception.on_failure]
say = "Sorry."
then = "transfer  PJSIP/200"
"#
    );
    let config = parse(&text);
    let agent = &config.agents[0];
    assert_eq!(agent.name, "reception");
    assert_eq!(agent.speech_to_text, ["ears", "openai"]);
    assert_eq!(agent.language_model, ["anthropic"]);
    assert_eq!(agent.text_to_speech, ["openai", "command"]);
    let settings = agent.settings().unwrap();
    assert_eq!(settings.instructions, "Be brief.");
    assert_eq!(settings.greeting.as_deref(), Some("Hello."));
    assert!(settings.preemptive);
    assert_eq!(settings.expect, Expect::Digits);
    assert_eq!(settings.overlap.interruptions, ["basta"]);
    assert_eq!(settings.overlap.backchannels, ["va bene", "sì"]);
    let tools: Vec<_> = settings.tools.iter().map(|tool| tool.spec()).collect();
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["transfer", "hang_up", "send_dtmf"]);
    let destinations = tools[0].parameters.to_string();
    assert!(
        destinations.contains("sales") && destinations.contains("queue"),
        "{destinations}"
    );
    let no_input = settings.no_input.unwrap();
    assert_eq!(no_input.after, Duration::from_secs(8));
    assert_eq!(no_input.say, ["Hello?"]);
    assert_eq!(no_input.then, WayOut::Return);
    let filler = settings.filler.unwrap();
    assert_eq!(filler.after, Duration::from_millis(1_500));
    assert_eq!(filler.say, "One moment.");
    assert_eq!(settings.dead_air.after, Duration::from_secs(8));
    assert_eq!(settings.dead_air.say, "Please wait.");
    assert!(settings.dead_air.give_up_after.is_zero());
    assert_eq!(settings.on_failure.say, "Sorry.");
    assert_eq!(
        settings.on_failure.then,
        WayOut::Transfer("PJSIP/200".to_owned())
    );
    assert_eq!(settings.max_duration, Some(Duration::from_secs(900)));
}

/// The keys that the examples ask for.
fn keys(name: &str) -> Option<String> {
    match name {
        "OPENAI_API_KEY" => env(name),
        name if name.ends_with("_API_KEY") => Some("x".to_owned()),
        name => env(name),
    }
}

#[test]
fn the_file_of_init_has_an_agent_that_is_complete() {
    let config = Config::parse(AGENT_STARTER, keys).unwrap();
    let agent = &config.agents[0];
    assert!(agent.greeting.is_some() && agent.no_input.is_some() && agent.filler.is_some());
    assert_eq!(config.providers.len(), 3);
    assert_eq!(config.risks, []);
    let missing = problems(AGENT_STARTER);
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].ends_with(
        "provider.deepgram.key: the environment variable DEEPGRAM_API_KEY is not set; set it, or write `${DEEPGRAM_API_KEY:-default}`"
    ), "{missing:?}");
}

/// The file of init with the agent's three lines behind `heading` in force.
fn alternative(heading: &str) -> String {
    let (_, lines) = AGENT_STARTER.split_once(heading).unwrap();
    let lines: Vec<_> = lines
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("#     "))
        .collect();
    assert_eq!(lines.len(), 3, "{heading}");
    let in_force = |line: &str| {
        let role = line.split_once(" = ").map_or("", |(key, _)| key);
        let mut lines = lines.iter();
        let replaced = lines.find(|one| one.starts_with(&format!("{role} = ")));
        format!("{}\n", replaced.copied().unwrap_or(line))
    };
    AGENT_STARTER.lines().map(in_force).collect()
}

#[test]
fn the_alternatives_in_the_file_of_init_are_right_too() {
    let openai = Config::parse(&alternative("# With OpenAI alone"), keys).unwrap();
    assert_eq!(openai.agents[0].speech_to_text, ["openai"]);
    assert_eq!(openai.risks, []);
}

#[test]
fn the_file_of_init_for_servers_on_this_machine_needs_no_key() {
    let none = |name: &str| (name == "VOXTRA_ARI_PASSWORD").then(|| "x".to_owned());
    let text = local_agent_starter();
    let local = Config::parse(&text, none).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let agent = &local.agents[0];
    assert_eq!(agent.speech_to_text, ["whisper"]);
    assert_eq!(agent.language_model, ["local"]);
    assert_eq!(agent.text_to_speech, ["piper"]);
    assert_eq!(local.providers.len(), 3);
    assert_eq!(local.risks, []);
    let hosted = ["With OpenAI", "DEEPGRAM", "Hosted", "\n\n\n"];
    assert!(hosted.iter().all(|word| !text.contains(word)), "{text}");
    let other = Config::parse(AGENT_STARTER, keys).unwrap();
    assert!(!local.uses_speech());
    let announce = parse(&format!(
        "{text}\n[[route]]\ndefault = true\nagent = \"announce\"\n"
    ));
    assert!(announce.uses_speech());
    let settings = |config: &Config| format!("{:?}", config.agents[0].settings());
    assert_eq!(settings(&local), settings(&other));
}

#[test]
fn the_examples_in_the_documentation_are_right() {
    let mut seen = 0;
    for text in [
        include_str!("../../../../docs/first-conversation.md"),
        include_str!("../../../../docs/configuration.md"),
        include_str!("../../../../docs/providers/anthropic.md"),
        include_str!("../../../../docs/providers/assemblyai.md"),
        include_str!("../../../../docs/providers/cartesia.md"),
        include_str!("../../../../docs/providers/deepgram.md"),
        include_str!("../../../../docs/providers/elevenlabs.md"),
        include_str!("../../../../docs/providers/gemini.md"),
        include_str!("../../../../docs/providers/openai.md"),
        include_str!("../../../../docs/providers/vosk.md"),
        include_str!("../../../../docs/providers/wyoming.md"),
    ] {
        let mut whole = String::new();
        for block in text.split("```toml\n").skip(1) {
            let (block, _) = block.split_once("```").unwrap();
            seen += 1;
            // An example may have the providers of the one before it.
            let parsed = Config::parse(block, keys).is_ok();
            whole.push_str(block);
            let both = || Config::parse(&whole, keys);
            assert!(parsed || both().is_ok(), "{block}\n{:?}", both());
        }
    }
    assert_eq!(seen, 14);
}

#[test]
fn an_agent_without_a_voice_of_its_own_has_the_one_of_speech() {
    let config = parse(&agent(""));
    assert_eq!(config.agents[0].text_to_speech, ["command"]);
    assert!(config.agents[0].needs_speech() && config.uses_speech());
    let config = parse(&agent(
        "text_to_speech = \"openai\"\n[speech]\nvoice = \"none\"",
    ));
    assert!(!config.agents[0].needs_speech());
}

#[test]
fn each_bad_agent_is_refused_with_its_line_key_value_and_reason() {
    for (lines, says) in [
        (
            "text_to_speech = [\"openai\", \"openai\"]",
            "names \"openai\" twice",
        ),
        (
            "text_to_speech = \"opanai\"",
            "line 14: agent.a.text_to_speech = \"opanai\": there is no [provider.opanai]; did you mean \"openai\"?",
        ),
        (
            "text_to_speech = \"deepgram\"",
            "there is no [provider.deepgram]: add this section, with its key",
        ),
        (
            "text_to_speech = \"nobody\"",
            "there is no [provider.nobody]: there are ",
        ),
        (
            "text_to_speech = \"anthropic\"",
            "\"anthropic\" is anthropic, which is for language_model; for text_to_speech there are cartesia, deepgram, elevenlabs, openai, wyoming",
        ),
        (
            "text_to_speech = []",
            "agent.a.text_to_speech = []: names no provider",
        ),
        (
            "text_to_speech = 1",
            "must be a string in quotes, or a list of them",
        ),
        ("text_to_speech = [1]", "must be a list of strings"),
        (
            "[speech]\nvoice = \"none\"",
            "line 10: agent.a.text_to_speech: is missing: speech.voice is \"none\"",
        ),
        (
            "text_to_speech = \"command\"\n[speech]\nvoice = \"none\"",
            "\"command\" is the voice of [speech], and speech.voice is \"none\"",
        ),
        ("greeting = \" \"", "agent.a.greeting = \" \": is empty"),
        (
            "instructions_file = \"a.md\"",
            "agent.a.instructions_file = \"a.md\": stands beside `instructions`",
        ),
        (
            "tools = [\"hangup\"]",
            "there is no tool \"hangup\"; did you mean \"hang_up\"?",
        ),
        (
            "tools = [\"order_pizza\"]",
            "there is no tool \"order_pizza\"; there are transfer, hand_over, hang_up, leave_message, send_dtmf, switch_language, wait",
        ),
        (
            "tools = [\"hang_up\", \"hang_up\"]",
            "names \"hang_up\" twice",
        ),
        ("tools = \"hang_up\"", "must be a list of strings"),
        (
            "tools = [\"transfer\"]",
            "agent.a.transfer: is missing: the tool needs to know where to",
        ),
        ("tools = [\"transfer\"]\ntransfer = {}", "names nobody"),
        (
            "transfer = { sales = \"PJSIP/200\" }",
            "is of no use without the tool",
        ),
        (
            "tools = [\"transfer\"]\ntransfer = { sales = \"200\" }",
            "sales: must be an endpoint such as \"PJSIP/200\"",
        ),
        (
            "tools = [\"transfer\"]\ntransfer = { sales = 200 }",
            "must be a table of strings",
        ),
        (
            "tools = [\"transfer\"]\ntransfer = { \"\" = \"PJSIP/200\" }",
            "a destination without a name",
        ),
        (
            "no_input = { say = \"Hello?\" }",
            "agent.a.no_input.after_ms: is missing",
        ),
        (
            "no_input = { after_ms = 10 }",
            "agent.a.no_input.after_ms = 10: must be from 500 to 600000",
        ),
        (
            "no_input = { after_ms = 8000, say = [\"\"] }",
            "has an empty text",
        ),
        (
            "no_input = { after_ms = 8000, than = \"hang_up\" }",
            "agent.a.no_input.than: unknown key; did you mean \"then\"?",
        ),
        ("no_input = 8000", "must be a section"),
        (
            "filler = { after_ms = 1500 }",
            "agent.a.filler.say: is missing",
        ),
        (
            "dead_air = { after_ms = 30000 }",
            "agent.a.dead_air.after_ms = 30000: what is said after 30000 ms would come too late: the call is given up after 25000 ms",
        ),
        (
            "on_failure = { then = \"hangup\" }",
            "agent.a.on_failure.then = \"hangup\": must be \"hang_up\", \"continue\" or \"transfer PJSIP/200\"",
        ),
        (
            "on_failure = { then = \"transfer sales\" }",
            "behind `transfer` there must be an endpoint",
        ),
        ("max_duration_s = 0", "must be from 1 to 604800"),
        ("tools = [\"hand_over\"]", "agent.a.hand_over: is missing"),
        (
            "tools = [\"hand_over\"]\nhand_over = []",
            "agent.a.hand_over = []: names nobody",
        ),
        ("hand_over = \"b\"", "of no use without the tool"),
        (
            "tools = [\"hand_over\"]\nhand_over = \"a\"",
            "\"a\" is the agent itself",
        ),
        (
            "tools = [\"hand_over\"]\nhand_over = \"billing\"",
            "there is no [agent.billing]; there is no other agent",
        ),
        (
            "tools = [\"switch_language\"]",
            "agent.a.languages: is missing",
        ),
        (
            "tools = [\"switch_language\"]\nlanguages = { de = \"anthropic\" }",
            "de: \"anthropic\" is anthropic, which is for language_model",
        ),
        (
            "languages = { de = \"ears\" }",
            "of no use without the tool",
        ),
        (
            "context = { max_tokens = 499 }",
            "must be from 500 to 1000000",
        ),
        (
            "context = { summarize = true }",
            "did you mean \"summarise\"?",
        ),
        ("instruction = \"x\"", "did you mean \"instructions\"?"),
    ] {
        let problem = problem(&agent(lines));
        assert!(problem.contains(says), "{lines}\n{problem}\n{says}");
    }
    for (text, says) in [
        (
            "agent = 1",
            "line 1: agent = 1: must be sections with names: [agent.NAME]",
        ),
        (
            "[agent]\na = 1",
            "line 2: agent.a = 1: must be a section: [agent.NAME]",
        ),
        ("[[agent]]\n", "must be sections with names"),
    ] {
        let problem = problem(text);
        assert!(problem.contains(says), "{text}\n{problem}");
    }
    let missing = problems("[agent.a]\n");
    let keys = ["instructions", "speech_to_text", "language_model"];
    for (problem, key) in missing.iter().zip(keys) {
        assert!(
            problem.starts_with(&format!("line 1: agent.a.{key}: is missing: ")),
            "{problem}"
        );
    }
    assert_eq!(missing.len(), keys.len());
}

#[test]
fn each_bad_provider_is_refused_with_its_line_key_value_and_reason() {
    for (text, says) in [
        (
            "[provider.openai]\n",
            "line 1: provider.openai.key: is missing: write `key = \"${OPENAI_API_KEY}\"` and set this environment variable, or name a file",
        ),
        (
            "[provider.deepgram]\nkey = \"${DEEPGRAM_API_KEY}\"",
            "line 2: provider.deepgram.key: the environment variable DEEPGRAM_API_KEY is not set",
        ),
        (
            "[provider.mine]\nkey = \"x\"",
            "provider.mine.kind: is missing: which provider it is: one of anthropic, ",
        ),
        (
            "[provider.mine]\nkind = \"opanai\"\nkey = \"x\"",
            "line 2: provider.mine.kind = \"opanai\": must be one of \"anthropic\", ",
        ),
        (
            "[provider.openai]\nbase_url = \"ftp://h/v1\"",
            "must be a URL that begins with http:// or https://",
        ),
        (
            "[provider.wyoming]\n",
            "provider.wyoming.base_url: is missing: where the server is, such as tcp://127.0.0.1:10300",
        ),
        ("[provider.vosk]\n", "such as http://127.0.0.1:2700"),
        (
            "[provider.wyoming]\nbase_url = \"127.0.0.1\"",
            "must be a host and a port",
        ),
        (
            "[provider.wyoming]\nbase_url = \"127.0.0.1:10300\"\nkey = \"hush\"",
            "line 3: provider.wyoming.key: leave it out: wyoming has no keys",
        ),
        (
            "[provider.anthropic]\nkey = \"x\"\nvoice = \"alloy\"",
            "provider.anthropic.voice = \"alloy\": anthropic has no such setting",
        ),
        (
            "[provider.gemini]\nkey = \"x\"\nlanguage = \"en\"",
            "gemini has no such setting",
        ),
        (
            "[provider.deepgram]\nkey = \"x\"\ntext_to_speech_model = \"m\"",
            "deepgram has no such setting",
        ),
        (
            "[provider.openai]\nkey = \"x\"\ntimeout_ms = 1",
            "must be from 100 to 120000",
        ),
        (
            "[provider.openai]\nkey = \"x\"\nkey_file = \"y\"",
            "stands beside `key`",
        ),
        (
            "[provider.openai]\nkey = \"x\"\nmodell = \"y\"",
            "did you mean \"model\"?",
        ),
        (
            "[provider.command]\nkind = \"openai\"\nkey = \"x\"",
            "is the voice of [speech]",
        ),
        (
            "[provider.anthropic]\nkey = \"x\"\nkey_header = \"api-key\"",
            "anthropic has no such setting",
        ),
        (
            "[provider.openai]\nkey = \"x\"\nkey_header = \"x-key\"",
            "must be one of \"authorization\", \"api-key\"",
        ),
        ("provider = []", "must be sections with names"),
    ] {
        let problem = problem(text);
        assert!(problem.contains(says), "{text}\n{problem}\n{says}");
    }
}

#[test]
fn no_key_of_a_provider_is_shown_anywhere() {
    let config = parse(&agent(""));
    let shown = format!("{config:?}");
    assert!(shown.contains("anthropic"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    for text in [
        "[provider.openai]\nkey = \"s3cret${\"",
        "[provider.openai]\nkey = \"x\"\nbase_url = \"ftp://h/v1?key=s3cret\"",
        "[provider.openai]\nkey = \"x\"\nbase_url = \"https://u:s3cret@h/v1\"",
        "[provider.vosk]\nbase_url = \"http://127.0.0.1:2700\"\nkey = \"s3cret\"",
        "[provider.openai]\nkey = \"s3cret\"\nkey_file = \"y\"",
    ] {
        let problem = problem(text);
        assert!(!problem.contains("s3cret"), "{problem}");
    }
    let config = parse("[provider.openai]\nbase_url = \"https://h/v1?key=s3cret\"");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[cfg(feature = "openai")]
#[tokio::test]
async fn the_key_goes_into_the_header_that_azure_wants() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let text = format!(
        "[provider.openai]\nkey = \"k3y\"\nkey_header = \"api-key\"\nbase_url = \"http://{address}/openai/v1\""
    );
    let provider = parse(&text).providers.remove(0);
    let asked = async {
        let (mut socket, _) = server.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        socket.write_all(answer).await.unwrap();
        String::from_utf8(head).unwrap()
    };
    let (looked, head) = tokio::join!(provider.look(), asked);
    assert!(looked.unwrap());
    assert!(head.contains("\r\napi-key: k3y\r\n"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
}

#[test]
fn a_key_comes_from_a_file_of_its_own() {
    let text = "[provider.openai]\nkey_file = \"secret\"";
    let config = load_with_secret_file(text, b"sk-from-a-file\n", [0o600; 2]).unwrap();
    let key = config.providers[0].key.as_ref().unwrap();
    assert_eq!(key.expose_secret(), "sk-from-a-file");
    let everybody = load_with_secret_file(text, b"sk-from-a-file\n", [0o600, 0o644]).unwrap();
    let [risk] = &everybody.risks[..] else {
        panic!("{:?}", everybody.risks);
    };
    assert_eq!(risk.kind, "permissions");
    assert_eq!(risk.problem.key, "provider.openai.key_file");
}

#[test]
fn what_a_key_crosses_the_network_with_is_encrypted() {
    let warned = |text| risks(text).join("\n");
    let model = "[provider.local]\nkind = \"openai\"\nbase_url = \"http://10.0.0.7/v1\"";
    assert!(warned(model).contains("provider.local.base_url: the key, and what is said"));
    let voice = "[provider.wyoming]\nbase_url = \"tcp://10.0.0.7:10200\"";
    assert!(
        warned(voice).contains("what is said in your calls"),
        "{}",
        warned(voice)
    );
    assert_eq!(
        warned("[provider.wyoming]\nbase_url = \"127.0.0.1:10200\""),
        ""
    );
}

#[test]
fn a_model_is_the_one_of_the_role_that_agents_use_the_section_for() {
    let with = |roles: &str, more: &str| {
        format!(
            "[provider.openai]\nkey = \"x\"\nmodel = \"m\"\n{more}\n[provider.anthropic]\nkey = \"x\"\n[provider.deepgram]\nkey = \"x\"\n[agent.a]\ninstructions = \"x\"\n{roles}"
        )
    };
    let models = |text: &str| {
        let config = parse(text);
        let openai = config.providers.iter().find(|one| one.name == "openai");
        let openai = openai.unwrap().clone();
        (
            openai.speech_to_text_model,
            openai.model,
            openai.text_to_speech_model,
        )
    };
    let m = || Some("m".to_owned());
    let thinks = "speech_to_text = \"openai\"\nlanguage_model = \"openai\"\n";
    assert_eq!(models(&with(thinks, "")), (None, m(), None));
    let hears = "speech_to_text = \"openai\"\nlanguage_model = \"anthropic\"\n";
    assert_eq!(models(&with(hears, "")), (m(), None, None));
    let speaks = "speech_to_text = \"deepgram\"\nlanguage_model = \"anthropic\"\ntext_to_speech = \"openai\"";
    assert_eq!(models(&with(speaks, "")), (None, None, m()));
    let both = format!("{hears}text_to_speech = \"openai\"");
    assert!(problem(&with(&both, "")).contains("line 3: provider.openai.model = \"m\": is it for"));
    let (ears, _, voice) = models(&with(&both, "speech_to_text_model = \"w\""));
    assert_eq!((ears.as_deref(), voice), (Some("w"), m()));
}

#[test]
fn speech_to_speech_stands_in_place_of_the_three() {
    let with = |lines: &str| {
        format!(
            "[provider.openai]\nkey = \"x\"\nmodel = \"m\"\nvoice = \"cedar\"\n[provider.anthropic]\nkey = \"x\"\n[agent.a]\ninstructions = \"x\"\nspeech_to_speech = {lines}"
        )
    };
    let config = parse(&with("\"openai\""));
    let agent = &config.agents[0];
    assert_eq!(agent.speech_to_speech, ["openai"]);
    assert!(agent.text_to_speech.is_empty() && !agent.needs_speech());
    let openai = config.providers.iter().find(|one| one.name == "openai");
    let openai = openai.unwrap();
    assert_eq!(openai.speech_to_speech_model.as_deref(), Some("m"));
    assert_eq!(openai.model, None);
    for (lines, says) in [
        (
            "\"anthropic\"",
            "\"anthropic\" is anthropic, which is for language_model; for speech_to_speech there are gemini, openai",
        ),
        (
            "\"openai\"\nlanguage_model = \"anthropic\"",
            "agent.a.language_model = \"anthropic\": leave it out: speech_to_speech stands in its place",
        ),
        (
            "[\"openai\", \"openai\"]",
            "agent.a.speech_to_speech = [\"openai\", \"openai\"]: names \"openai\" twice",
        ),
        (
            "\"openai\"\npreemptive = true",
            "agent.a.preemptive = true: leave it out: a speech_to_speech thinks while it listens",
        ),
    ] {
        let told = problem(&with(lines));
        assert!(told.contains(says), "{told}");
    }
    let two = with("[\"openai\", \"gemini\"]\nfiller = { after_ms = 500, say = \"Hm\" }");
    let two = parse(&two.replace("[agent.a]", "[provider.gemini]\nkey = \"x\"\n[agent.a]"));
    assert_eq!(two.agents[0].speech_to_speech, ["openai", "gemini"]);
    assert!(two.agents[0].filler.is_some());
    let both = with(
        "\"openai\"\n[agent.b]\ninstructions = \"x\"\nspeech_to_text = \"openai\"\nlanguage_model = \"anthropic\"",
    );
    let told = problem(&both);
    let which = "is it for speech_to_text or speech_to_speech?";
    assert!(told.contains(which), "{told}");
}

#[test]
fn what_depends_on_the_program_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("voxtra.toml");
    let text = r#"
[[audiosocket]]
uuid = "8ff3ad1c-5e62-4b4c-9fd7-7d4a0d55e9b6"
extension = "1"
[provider.wyoming]
base_url = "127.0.0.1:10300"
[agent.a]
instructions_file = "a.md"
speech_to_text = "wyoming"
language_model = "openai"
text_to_speech = "wyoming"
[provider.openai]
base_url = "http://127.0.0.1:8080/v1"
"#;
    std::fs::write(&file, text).unwrap();
    let told = || {
        let config = Config::load(&file).unwrap();
        let problems = config.problems(Some(&["echo"]), &[]);
        let mut told: Vec<_> = problems.iter().map(Problem::to_string).collect();
        // Whether they are built in depends on how this test is.
        told.retain(|one| !one.contains("built without"));
        told
    };
    let [unreadable] = &told()[..] else {
        panic!("{:?}", told());
    };
    assert!(
        unreadable.starts_with("line 8: agent.a.instructions_file: ")
            && unreadable.contains("a.md can't be read"),
        "{unreadable}"
    );
    std::fs::write(folder.path().join("a.md"), " \n").unwrap();
    assert!(told()[0].contains("a.md is empty"), "{:?}", told());
    std::fs::write(folder.path().join("a.md"), "Be brief.").unwrap();
    assert!(told().is_empty(), "{:?}", told());
    let routed = format!("{text}[[route]]\ndefault = true\nagent = \"a\"\n");
    std::fs::write(&file, &routed).unwrap();
    assert!(told().is_empty(), "{:?}", told());
    std::fs::write(&file, routed.replace("agent = \"a\"", "agent = \"b\"")).unwrap();
    assert!(told()[0].contains("there is no agent \"b\": there are a, echo"));
    let second = text.replace("[agent.a]", "[agent.b]\ninstructions = \"x\"\nspeech_to_text = \"wyoming\"\nlanguage_model = \"openai\"\ntext_to_speech = \"wyoming\"\n[agent.a]");
    std::fs::write(&file, second).unwrap();
    assert!(
        told()[0].contains("there are several agents"),
        "{:?}",
        told()
    );
}

/// An agent without a network.
#[cfg(all(feature = "openai", feature = "wyoming"))]
const LOCAL: &str = r#"
[media]
listen = "127.0.0.1:9092"
[speech]
voice = "none"
[provider.wyoming]
base_url = "127.0.0.1:10300"
[provider.local]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1"
[agent.a]
instructions = "Be brief."
speech_to_text = "wyoming"
language_model = "local"
text_to_speech = "wyoming"
"#;

#[cfg(all(feature = "openai", feature = "wyoming"))]
#[tokio::test]
async fn an_agent_that_is_alone_takes_all_calls_and_several_need_routes() {
    let start = async |text: &str| {
        let mut config = parse(text);
        config.media.listen.set_port(0);
        Application::builder()
            .config(&config)
            .unwrap()
            .start()
            .await
    };
    assert!(start(LOCAL).await.is_ok());
    let second = LOCAL.replace("[agent.a]", "[agent.b]");
    let (_, second) = second.split_once("[agent.b]").unwrap();
    let two = format!("{LOCAL}[agent.b]{second}");
    match start(&two).await {
        Err(StartError::Route(RouteError::Unrouted(agents))) => assert_eq!(agents, "a, b"),
        other => panic!("{other:?}"),
    }
    // The program's own handler takes them.
    let mut config = parse(&two);
    config.media.listen.set_port(0);
    let own = Application::builder().config(&config).unwrap();
    assert!(own.default(|_| async {}).start().await.is_ok());
    let routed = format!("{two}[[route]]\nextension = \"1\"\nagent = \"b\"\n");
    assert!(start(&routed).await.is_ok());
}

#[test]
fn an_agent_that_can_not_be_set_up_keeps_the_program_from_starting() {
    let mut config = parse(&agent(
        "text_to_speech = \"openai\"\n[speech]\nvoice = \"none\"",
    ));
    config.providers.retain(|provider| provider.name != "ears");
    let refused = Application::builder().config(&config).unwrap_err();
    assert!(
        matches!(&refused, SpeechError::Agent { agent, .. } if agent == "a"),
        "{refused}"
    );
    assert!(refused.to_string().contains("[provider.ears]"), "{refused}");
}

/// Two agents, the first with this line.
fn two(line: &str) -> String {
    let second = "[agent.billing]\ninstructions = \"Bills.\"\nspeech_to_text = \"ears\"\nlanguage_model = \"anthropic\"\n";
    format!("{}{second}", agent(line))
}

#[test]
fn agents_that_hand_over_name_each_other() {
    let config = parse(&two(
        "tools = [\"hand_over\"]\nhand_over = [\"billing\"]\ncontext = { max_tokens = 8_000, summarise = true }\n",
    ));
    let settings = config.agents[0].settings().unwrap();
    assert_eq!(settings.hand_over, ["billing"]);
    assert_eq!(settings.context, ContextLimit::tokens(8_000).summarised());
    let billing = config.agents[1].settings().unwrap();
    assert_eq!(billing.context, ContextLimit::default());
    let problem = problem(&two("tools = [\"hand_over\"]\nhand_over = \"biling\"\n"));
    assert!(
        problem.contains("there is no [agent.biling]; did you mean \"billing\"?"),
        "{problem}"
    );
}

#[test]
fn nobody_is_transferred_without_asterisk() {
    for lines in [
        "tools = [\"transfer\"]\ntransfer = { sales = \"PJSIP/200\" }",
        "tools = [\"send_dtmf\"]",
        "on_failure = { then = \"transfer PJSIP/200\" }",
        "no_input = { after_ms = 8000, then = \"transfer PJSIP/200\" }",
    ] {
        let text = format!(
            "[[audiosocket]]\nuuid = \"*\"\nextension = \"1\"\n{}",
            agent(lines)
        );
        let problem = problem(&text);
        assert!(problem.contains("needs [asterisk]"), "{lines}\n{problem}");
    }
}

#[test]
fn a_look_up_and_variables_are_read() {
    let text = agent(
        "greeting = \"Hello, {{lookup.name}}, {{caller_id|you}}. {{{{\"\ntime_zone = \"Africa/Blantyre\"\n[agent.a.lookup]\nurl = \"https://h/{{caller_id}}?key=1\"\nmethod = \"POST\"\nheaders = { authorization = \"Bearer ${OPENAI_API_KEY}\", accept-language = \"en\" }\ntimeout_ms = 500\ndefault = { name = \"friend\" }",
    );
    let config = parse(&text);
    let lookup = config.agents[0].lookup.as_ref().unwrap();
    assert_eq!(lookup.http.method, "POST");
    assert_eq!(lookup.http.timeout, Some(Duration::from_millis(500)));
    let (name, value) = &lookup.http.headers[1];
    assert_eq!(
        (name.as_str(), value.expose_secret()),
        ("authorization", "Bearer sk-s3cret")
    );
    let settings = config.agents[0].settings().unwrap();
    assert!(settings.lookup.is_some());
    assert_eq!(settings.time_zone.as_deref(), Some("Africa/Blantyre"));
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("key=1"),
        "{shown}"
    );
}

#[test]
fn unknown_variables_and_wrong_look_ups_are_refused_in_their_place() {
    let lookup = |more: &str| format!("lookup = {{ default = {{ name = \"\" }}, {more} }}");
    for (lines, says) in [
        (
            "greeting = \"{{calle_id}}\"".to_owned(),
            "line 14: agent.a.greeting = \"{{calle_id}}\": there is no variable {{calle_id}}; did you mean {{caller_id}}?",
        ),
        (
            "filler = { after_ms = 1000, say = \"{{x y}}\" }".to_owned(),
            "agent.a.filler.say = \"{{x y}}\": `{{x y}}` is no variable",
        ),
        (
            "no_input = { after_ms = 8000, say = [\"a\", \"{{unknown}}\"] }".to_owned(),
            "agent.a.no_input.say = [\"a\", \"{{unknown}}\"]: there is no variable {{unknown}}; there are caller_id,",
        ),
        (
            "on_failure = { say = \"{{lookup.name}}\" }".to_owned(),
            "there is no variable {{lookup.name}}",
        ),
        (
            "time_zone = \"Mars\"".to_owned(),
            "agent.a.time_zone = \"Mars\": there is no time zone \"Mars\"",
        ),
        (
            "lookup = { url = \"http://127.0.0.1/\" }".to_owned(),
            "agent.a.lookup.default: is missing",
        ),
        (lookup(""), "agent.a.lookup.url: is missing"),
        (
            lookup("url = \"http://h.example/{{who}}/s3cret\""),
            "agent.a.lookup.url = \"http://h.example/…: there is no variable {{who}}",
        ),
        (
            lookup("url = \"https://{{caller_id}}/\""),
            "has a variable in its host",
        ),
        (
            lookup("url = \"https://h/\", headers = { a = 1 }"),
            "agent.a.lookup.headers.a: must be a string in quotes",
        ),
        (
            lookup("url = \"https://h/\", headers = { \"a b\" = \"1\" }"),
            "\"a b\" is no header's name",
        ),
        (
            lookup("url = \"https://h/\", headers = { a = { file = \"x\" } }"),
            "agent.a.lookup.headers.a.file = \"x\": no file is read here",
        ),
        (
            lookup("url = \"https://h/\", headers = { a = \"s3cret${\" }"),
            "agent.a.lookup.headers.a: has a broken `${…}`",
        ),
        (
            lookup("url = \"https://h/\", timeout_ms = 60000"),
            "must be from 100 to 20000",
        ),
    ] {
        let problem = problem(&agent(&lines));
        assert!(problem.contains(says), "{lines}\n{problem}\n{says}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
    let found = agent(
        "greeting = \"{{lookup.nam}}\"\nlookup = { url = \"https://h/\", default = { name = \"\" } }",
    );
    assert!(problem(&found).contains("did you mean {{lookup.name}}?"));
    let clear = agent(&lookup("url = \"http://h.example/\""));
    assert!(
        risks(&clear)
            .join("\n")
            .contains("agent.a.lookup.url: who calls")
    );
}

/// A tool with these lines.
fn tool(lines: &str) -> String {
    format!("[tool.orders]\ndescription = \"Tells where an order is.\"\n{lines}")
}

#[test]
fn tools_are_read_with_either_form_of_parameters() {
    let text = agent("tools = [\"wait\", \"orders\", \"cancel\"]\n")
        + &tool(
            "url = \"https://h/{{number}}?by={{caller_id}}\"\nparameters = { number = \"the number\" }\nheaders = { x-key = \"s3cret\" }\n",
        )
        + "[tool.cancel]\ndescription = \"Cancels.\"\nurl = \"https://h/\"\nmethod = \"POST\"\nconfirm = true\ntimeout_ms = 60_000\n[tool.cancel.parameters]\ntype = \"object\"\nrequired = [\"n\"]\nproperties = { n = { type = \"integer\", minimum = 1 } }\n";
    let config = parse(&text);
    let settings = config.agents[0].settings().unwrap();
    let specs: Vec<_> = settings.tools.iter().map(|tool| tool.spec()).collect();
    let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["wait", "orders", "cancel"]);
    assert_eq!(
        specs[1].parameters["properties"]["number"]["description"],
        "the number"
    );
    assert_eq!(specs[2].parameters["properties"]["n"]["minimum"], 1);
    assert!(!settings.tools[1].confirms() && settings.tools[2].confirms());
    assert_eq!(settings.tools[2].time_limit(), Duration::from_secs(60));
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn wrong_tools_are_refused_in_their_place() {
    for (text, says) in [
        (tool(""), "line 1: tool.orders.url: is missing"),
        (
            tool("url = \"https://h/{{number}}\""),
            "line 3: tool.orders.url = \"https://h/…: there is no variable {{number}}",
        ),
        (
            tool("url = \"https://h/\"\nparameters = { n = 1 }"),
            "tool.orders.parameters = { n = 1 }: must be names with what they are",
        ),
        (
            tool("url = \"https://h/\"\nparameters = \"n\""),
            "must be a table",
        ),
        (
            tool("url = \"https://h/\"\nmethod = \"TRACE\""),
            "must be one of \"GET\"",
        ),
        (
            "[tool.transfer]\ndescription = \"x\"\nurl = \"https://h/\"".to_owned(),
            "is the name of a ready tool",
        ),
        (
            "[tool.\"a b\"]\ndescription = \"x\"\nurl = \"https://h/\"".to_owned(),
            "is no name that models take",
        ),
        (
            "[tool.a]\nurl = \"https://h/\"".to_owned(),
            "tool.a.description: is missing",
        ),
        (
            agent("tools = [\"order\"]\n") + &tool("url = \"https://h/\""),
            "there is no tool \"order\"; did you mean \"orders\"?",
        ),
        (
            agent("tools = [\"orders\", \"orders\"]\n") + &tool("url = \"https://h/\""),
            "names \"orders\" twice",
        ),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(says), "{text}\n{problem}\n{says}");
    }
}

#[test]
fn prices_and_transcripts_are_read() {
    let config = parse(&format!(
        r#"{PROVIDERS}
price = {{ currency = "EUR", per_minute_heard = "0.0043", per_million_characters = 15 }}
[transcripts]
folder = "told"
summary = true
summary_instruction = "In one sentence."
summary_model = "anthropic"
summary_timeout_ms = 2500
"#
    ));
    let price = Price::in_currency("EUR")
        .per_minute_heard(0.0043)
        .per_million_characters(15.0);
    let priced = |name: &str| {
        let found = config.providers.iter().find(|one| one.name == name);
        found.unwrap().price.clone()
    };
    assert_eq!(priced("ears"), Some(price));
    assert_eq!(priced("openai"), None);
    let transcripts = config.transcripts.unwrap();
    assert_eq!(
        transcripts.folder.as_deref(),
        Some(std::path::Path::new("told"))
    );
    assert!(transcripts.summarise);
    assert_eq!(transcripts.summary_model.as_deref(), Some("anthropic"));
    assert_eq!(transcripts.summary_within, Duration::from_millis(2_500));
    assert!(parse("[transcripts]\n").transcripts.is_some());
}

#[test]
fn prices_and_transcripts_that_make_no_sense_are_refused() {
    for (text, reason) in [
        ("price = { per_minute_heard = 1 }", "currency"),
        ("price = { currency = \"EUR\" }", "names no price"),
        (
            "price = { currency = \"EUR\", per_minute_heard = -1 }",
            "must be an amount",
        ),
        (
            "price = { currency = \"EUR\", per_minute_heard = nan }",
            "must be an amount",
        ),
        (
            "price = { currency = \"EUR\", per_minute = 1 }",
            "per_minute",
        ),
        ("[transcripts]\nsummary_timeout_ms = 500", "summary = true"),
        (
            "[transcripts]\nsummary = true\nsummary_model = \"ears\"",
            "no language model",
        ),
        (
            "[transcripts]\nsummary = true\nsummary_model = \"openia\"",
            "there is no [provider.openia]",
        ),
    ] {
        let problems = problems(&format!("{PROVIDERS}{text}\n")).join("\n");
        assert!(problems.contains(reason), "{text}: {problems}");
    }
}

#[test]
fn background_tools_have_more_time() {
    let text = |more: &str| {
        agent("tools = [\"orders\"]\n") + &tool("url = \"https://h/\"\nbackground = true\n") + more
    };
    for (more, seconds) in [("", 120), ("timeout_ms = 600_000", 600)] {
        let settings = parse(&text(more)).agents[0].settings().unwrap();
        assert!(settings.tools[0].in_background());
        assert_eq!(settings.tools[0].time_limit(), Duration::from_secs(seconds));
    }
    let problem = problem(&tool("url = \"https://h/\"\ntimeout_ms = 600_000"));
    assert!(problem.contains("from 100 to 120000"), "{problem}");
}
