//! Servers that are real programs: one of nobody's good will (`tests/mcp/hostile.py`), and one made
//! with the protocol's own library (`tests/mcp/server.py`), where it is installed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{McpServer, McpSettings};
use crate::session::{Tool, Toolbox as _, told};

fn script(name: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mcp");
    tests.join(name).to_str().unwrap().to_owned()
}

/// The hostile server, and the file with the ids of its processes.
struct Hostile {
    server: McpServer,
    starts: PathBuf,
    _folder: tempfile::TempDir,
}

impl Hostile {
    fn new(how: &str, change: impl FnOnce(&mut McpSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let starts = folder.path().join("starts");
        let arguments = [
            script("hostile.py"),
            how.to_owned(),
            starts.to_str().unwrap().to_owned(),
        ];
        let settings = McpSettings::command("python3", arguments)
            .secret("CRM_KEY", "s3cret-key")
            // A busy machine starts it late.
            .with(|settings| settings.start_timeout = Duration::from_secs(60))
            .with(change);
        let server = McpServer::new("crm", settings).unwrap();
        server.start();
        Self {
            server,
            starts,
            _folder: folder,
        }
    }

    fn at_once(how: &str) -> Self {
        Self::new(how, |settings| {
            settings.timeout = Duration::from_millis(500)
        })
    }

    async fn tools(&self) -> Vec<Arc<dyn Tool>> {
        self.server.all().tools().await.unwrap()
    }

    async fn error(&self) -> String {
        let tools = self.server.all().tools().await;
        tools.err().unwrap().to_string()
    }

    /// Its processes so far.
    fn processes(&self) -> Vec<i32> {
        let starts = std::fs::read_to_string(&self.starts).unwrap_or_default();
        starts.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let so = tokio::time::timeout(Duration::from_secs(120), so).await;
    assert!(so.is_ok(), "{what}");
}

fn lives(process: i32) -> bool {
    // One that has ended and that nobody has waited for is a zombie.
    std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim()
            .starts_with('Z')
    })
}

fn names(tools: &[Arc<dyn Tool>]) -> Vec<String> {
    tools.iter().map(|tool| tool.spec().name).collect()
}

#[tokio::test]
async fn tools_have_names_that_models_take_each_only_once() {
    let hostile = Hostile::at_once("names");
    let long = "x".repeat(59);
    let expected = [
        "crm__get_user".to_owned(),
        "crm__get_user_2".to_owned(),
        format!("crm__{long}"),
        format!("crm__{}_2", &long[2..]),
        "crm__gr__e".to_owned(),
    ];
    assert_eq!(names(&hostile.tools().await), expected);
    let some = hostile
        .server
        .only(["get_user", "größe"])
        .tools()
        .await
        .unwrap();
    assert_eq!(names(&some), ["crm__get_user_2", "crm__gr__e"]);
    let none = hostile.server.only(["nothing"]).tools().await;
    assert_eq!(
        none.err().unwrap().to_string(),
        "it has no tool named \"nothing\""
    );
    hostile.server.close().await;
}

#[tokio::test]
async fn a_server_that_does_not_start_says_why_and_no_secret() {
    let quits = Hostile::at_once("quits");
    let why = quits.error().await;
    assert!(why.contains("exit status: 7"), "{why}");
    assert!(why.contains("no licence for *** [31m"), "{why}");
    let soon = |settings: &mut McpSettings| settings.start_timeout = Duration::from_millis(500);
    let mute = Hostile::new("mute", soon);
    assert_eq!(mute.error().await, "it did not answer within 0.5 s");
    // It does start, on a busy machine too.
    let unlisted = Hostile::new("unlisted", |settings| {
        settings.start_timeout = Duration::from_secs(8);
    });
    let why = unlisted.error().await;
    assert_eq!(why, "it did not tell its tools within 8 s");
    let endless = Hostile::new("endless", |_| {});
    let why = endless.error().await;
    assert!(why.contains("closed") || why.contains("ended"), "{why}");
    let nowhere = McpSettings::command("/nowhere/crm", [""; 0]);
    let nowhere = McpServer::new("crm", nowhere).unwrap();
    nowhere.start();
    let why = nowhere.all().tools().await.err().unwrap().to_string();
    assert!(why.starts_with("/nowhere/crm can't be started"), "{why}");
    let unstarted = McpServer::new("crm", McpSettings::url("http://127.0.0.1:9/")).unwrap();
    let why = unstarted.all().tools().await.err().unwrap().to_string();
    assert!(why.starts_with("it was not started"), "{why}");
    unstarted.start();
    let why = unstarted.all().tools().await.err().unwrap().to_string();
    assert!(why.to_lowercase().contains("connect"), "{why}");
    assert!(!why.contains("127.0.0.1:9/"), "{why}");
}

#[tokio::test]
async fn what_is_no_message_is_passed_over() {
    let garbage = Hostile::new("garbage", |_| {});
    assert_eq!(names(&garbage.tools().await), ["crm__tool"]);
}

#[tokio::test]
async fn a_result_is_bounded_and_one_that_never_comes_is_given_up() {
    let refuses = Hostile::new("refuses", |_| {});
    let text = told(&refuses.tools().await[0], json!({})).await;
    assert!(
        text.starts_with("error: nnnn") && text.len() < 17 << 10,
        "{} bytes",
        text.len()
    );
    let large = Hostile::new("large", |_| {});
    let text = told(&large.tools().await[0], json!({})).await;
    assert!(
        text.starts_with("yyyy") && text.len() < 17 << 10,
        "{} bytes",
        text.len()
    );
    let never = Hostile::at_once("never");
    let tool = &never.tools().await[0];
    assert_eq!(
        told(tool, json!({})).await,
        "error: it took longer than 0.5 s"
    );
    // It goes on.
    assert_eq!(
        told(tool, json!({})).await,
        "error: it took longer than 0.5 s"
    );
    assert_eq!(never.processes().len(), 1);
    let chatty = Hostile::new("chatty", |_| {});
    assert_eq!(
        told(&chatty.tools().await[0], json!({})).await,
        "done, without words"
    );
}

#[tokio::test]
async fn a_server_that_dies_in_mid_call_fails_that_call_and_is_started_again() {
    for how in ["dies", "larger"] {
        let hostile = Hostile::new(how, |_| {});
        let tool = hostile.tools().await[0].clone();
        let failed = told(&tool, json!({})).await;
        assert!(
            failed.starts_with("error: it ended before it answered"),
            "{how}: {failed}"
        );
        until("it is started again", || hostile.processes().len() == 2).await;
        // The tools of a call go on with the new one.
        until("it is there again", || {
            futures_util::FutureExt::now_or_never(hostile.server.all().tools())
                .is_some_and(|tools| tools.is_ok())
        })
        .await;
        let failed = told(&tool, json!({})).await;
        assert!(
            failed.starts_with("error: it ended before it answered"),
            "{how}: {failed}"
        );
        let gone = hostile.processes()[0];
        assert!(!lives(gone), "{how}");
    }
}

#[tokio::test]
async fn a_program_ends_with_its_server_and_whatever_it_has_started_does() {
    for how in ["plain", "stays", "heir"] {
        for closed in [true, false] {
            let hostile = Hostile::new(how, |_| {});
            hostile.tools().await;
            let processes = hostile.processes();
            assert!(processes.iter().all(|process| lives(*process)), "{how}");
            let Hostile {
                server, _folder, ..
            } = hostile;
            if closed {
                server.close().await;
                assert!(!lives(processes[0]), "{how}");
            }
            drop(server);
            until("all have ended", || {
                !processes.iter().any(|process| lives(*process))
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_server_gets_neither_answers_of_the_caller_nor_secrets_of_ours_and_tells_none() {
    let asks = Hostile::new("asks", |_| {});
    let text = told(&asks.tools().await[0], json!({})).await;
    assert!(text.contains("error") || text.contains("decline"), "{text}");
    let quotes = Hostile::new("quotes", |_| {});
    assert_eq!(
        told(&quotes.tools().await[0], json!({})).await,
        "your key is ***"
    );
}

#[tokio::test]
async fn a_tool_that_is_described_with_a_secret_does_not_tell_it() {
    let tells = Hostile::new("tells", |_| {});
    let tools = tells.tools().await;
    let spec = format!("{:?}", tools[0].spec());
    assert!(!spec.contains("s3cret"), "{spec}");
    assert!(
        spec.contains("Opens ***.") && spec.contains("with ***"),
        "{spec}"
    );
    // It is called by the name that the server has for it.
    let failed = told(&tools[0], json!({})).await;
    assert!(!failed.contains("s3cret"), "{failed}");
}

#[tokio::test]
async fn a_secret_is_hidden_however_it_is_written() {
    for secret in [
        "quote \" and \\ 12",
        "first line\nsecond line",
        "CRM_KEY_2-secret",
    ] {
        let hostile = Hostile::new("structured", |settings| {
            *settings = settings
                .clone()
                .secret("CRM_KEY", secret)
                .secret("SHORT", "CRM_KEY_2");
        });
        let text = told(&hostile.tools().await[0], json!({})).await;
        assert_eq!(text, r#"{"key":"***"}"#);
    }
}

#[tokio::test]
async fn parameters_are_an_object_as_models_take_them_or_the_tool_is_left_out() {
    let hostile = Hostile::new("schemas", |_| {});
    let tools = hostile.tools().await;
    assert_eq!(names(&tools), ["crm__none", "crm__bare"]);
    for tool in tools {
        assert_eq!(
            tool.spec().parameters,
            json!({ "type": "object", "properties": {} })
        );
    }
}

#[tokio::test]
async fn the_time_to_start_is_one_for_the_answer_and_the_tools() {
    let slow = Hostile::new("slow", |settings| {
        settings.start_timeout = Duration::from_secs(3);
    });
    let why = slow.error().await;
    assert!(why.ends_with("within 3 s"), "{why}");
}

#[tokio::test]
async fn a_server_that_never_tells_its_tools_again_holds_up_no_end() {
    let hostile = Hostile::new("lists", |settings| {
        settings.start_timeout = Duration::from_secs(3_600);
    });
    assert_eq!(told(&hostile.tools().await[0], json!({})).await, "changed");
    until("it is asked again", || hostile.processes().len() == 2).await;
    let closed = tokio::time::timeout(Duration::from_secs(60), hostile.server.close()).await;
    assert!(closed.is_ok());
}

#[tokio::test]
async fn a_server_that_asks_and_reads_no_answer_is_ended() {
    let hostile = Hostile::new("pings", |settings| {
        settings.timeout = Duration::from_secs(30);
    });
    let failed = told(&hostile.tools().await[0], json!({})).await;
    assert!(
        failed.starts_with("error: it ended before it answered"),
        "{failed}"
    );
}

#[tokio::test]
async fn tools_that_change_are_those_of_the_next_call() {
    let hostile = Hostile::new("later", |_| {});
    let tools = hostile.tools().await;
    assert_eq!(names(&tools), ["crm__tool"]);
    assert_eq!(told(&tools[0], json!({})).await, "changed");
    until("they are listed again", || {
        let tools = futures_util::FutureExt::now_or_never(hostile.server.all().tools());
        tools.is_some_and(|tools| names(&tools.unwrap()).len() == 5)
    })
    .await;
}

#[tokio::test]
async fn a_server_with_tools_without_end_has_256() {
    let crowd = Hostile::new("crowd", |_| {});
    let tools = crowd.tools().await;
    assert_eq!(tools.len(), 256);
    assert_eq!(tools[0].spec().description.len(), 4 << 10);
    let pages = Hostile::new("pages", |_| {});
    assert_eq!(names(&pages.tools().await), ["crm__tool"]);
}

#[tokio::test]
async fn tools_in_the_background_are_those_that_the_settings_name() {
    for (names, goes_on, limit) in [
        (vec!["tool"], true, 120),
        (vec!["*"], true, 120),
        (vec![], false, 10),
    ] {
        let hostile = Hostile::new("plain", |settings| {
            settings.background = names.into_iter().map(str::to_owned).collect();
        });
        let tool = &hostile.tools().await[0];
        assert_eq!(tool.in_background(), goes_on);
        assert_eq!(tool.time_limit(), Duration::from_secs(limit));
    }
}

#[tokio::test]
async fn look_tells_what_there_is_and_what_is_lacking() {
    let sound = Hostile::new("plain", |settings| settings.confirm = vec!["*".to_owned()]);
    assert_eq!(sound.server.look().await.unwrap(), ["crm__tool"]);
    let why = sound.server.look_for(["tool", "tol"]).await.unwrap_err();
    assert_eq!(why.message, "it has no tool named tol");
    let lacks = Hostile::new("plain", |settings| {
        settings.tools = Some(vec!["tool".to_owned(), "other".to_owned()]);
    });
    let why = lacks.server.look().await.unwrap_err().to_string();
    assert!(why.ends_with("crm: it has no tool named other"), "{why}");
    until("only the first is left", || {
        lacks
            .processes()
            .iter()
            .filter(|process| lives(**process))
            .count()
            == 1
    })
    .await;
}

#[test]
fn nothing_that_is_secret_is_shown() {
    let url = "https://crm.example.com/mcp?key=in-the-query";
    let settings = McpSettings::url(url).secret("authorization", "Bearer s3cret-key");
    let server = McpServer::new("crm", settings).unwrap();
    let shown = format!("{server:?}");
    assert!(shown.contains("https://crm.example.com"), "{shown}");
    assert!(!shown.contains("key"), "{shown}");
    for (name, settings) in [
        ("", McpSettings::url("http://localhost/")),
        ("a__b", McpSettings::url("http://localhost/")),
        ("a_", McpSettings::url("http://localhost/")),
        ("crm", McpSettings::url("ftp://localhost/")),
        ("crm", McpSettings::url("http://user:password@localhost/")),
        (
            "crm",
            McpSettings::url("http://localhost/").secret("a", "b\n"),
        ),
    ] {
        let refused = McpServer::new(name, settings).unwrap_err().to_string();
        assert!(!refused.contains("password@"), "{refused}");
    }
}

/// A Python that has the protocol's own library, or that is said.
fn python() -> Option<String> {
    let python = std::env::var("VOXTRA_TEST_MCP_PYTHON").ok();
    if python.is_none() {
        eprintln!("VOXTRA_TEST_MCP_PYTHON is not set: tests/mcp/venv.sh makes one. Not run.");
    }
    python
}

/// What the tools of the real server do.
async fn talk_with(server: &McpServer) {
    let tools = server.all().tools().await.unwrap();
    let all = names(&tools);
    for name in ["crm__lookup", "crm__count", "crm__delete_customer"] {
        assert!(all.iter().any(|one| one == name), "{all:?}");
    }
    let tool = |name: &str| {
        let found = tools.iter().find(|tool| tool.spec().name == name);
        found.unwrap().clone()
    };
    let lookup = tool("crm__lookup").spec();
    assert_eq!(lookup.description, "Looks up a customer by name.");
    assert_eq!(lookup.parameters["required"], json!(["name"]));
    let asked: [(&str, Value, &str); 7] = [
        ("lookup", json!({ "name": "Phiri" }), "Phiri: 7 orders"),
        (
            "lookup",
            json!({ "name": "Phiri", "exact": true }),
            "Phiri: 7 orders, exactly",
        ),
        ("lookup", json!({ "name": 7 }), "error: name must be string"),
        (
            "delete_customer",
            json!({ "name": "Phiri" }),
            "Phiri is deleted",
        ),
        (
            "photo",
            json!({}),
            "(an image that can't be read here: image/png)",
        ),
        (
            "environment",
            json!({ "name": "CARGO_MANIFEST_DIR" }),
            "None",
        ),
        (
            "sleep",
            json!({ "seconds": 60 }),
            "error: it took longer than 8 s",
        ),
    ];
    for (name, arguments, expected) in asked {
        let tool = tool(&format!("crm__{name}"));
        assert_eq!(told(&tool, arguments).await, expected, "{name}");
    }
    let counted = told(&tool("crm__count"), json!({ "first": 1, "second": 2 })).await;
    let counted: Value = serde_json::from_str(&counted).unwrap();
    assert_eq!(counted, json!({ "sum": 3 }));
    let failed = told(&tool("crm__fails"), json!({})).await;
    assert!(
        failed.starts_with("error: ") && failed.contains("executing tool fails"),
        "{failed}"
    );
}

#[tokio::test]
async fn a_real_server_over_standard_input_and_output() {
    let Some(python) = python() else { return };
    let settings = McpSettings::command(python, [script("server.py")])
        .secret("CRM_KEY", "s3cret-key")
        .with(|settings| {
            settings.start_timeout = Duration::from_secs(60);
            settings.timeout = Duration::from_secs(8);
        });
    let server = McpServer::new("crm", settings).unwrap();
    server.start();
    talk_with(&server).await;
    let only = server.only(["environment"]).tools().await.unwrap();
    let given = told(&only[0], json!({ "name": "CRM_KEY" })).await;
    assert_eq!(given, "'***'");
    let end = server.only(["end"]).tools().await.unwrap();
    let failed = told(&end[0], json!({})).await;
    assert!(
        failed.starts_with("error: it ended before it answered"),
        "{failed}"
    );
    server.close().await;
}

#[tokio::test]
async fn a_real_server_over_http() {
    let Some(python) = python() else { return };
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut program = tokio::process::Command::new(python);
    program.args([script("server.py"), "http".to_owned(), port.to_string()]);
    // As a program that is started for its tools, it shall not know of it.
    program.env_remove("CARGO_MANIFEST_DIR");
    let mut program = program.kill_on_drop(true).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}/mcp");
    let settings = McpSettings::url(url).with(|settings| {
        settings.timeout = Duration::from_secs(8);
    });
    let server = McpServer::new("crm", settings).unwrap();
    // It isn't there yet, and is asked until it is.
    server.start();
    until("it is there", || {
        futures_util::FutureExt::now_or_never(server.all().tools())
            .is_some_and(|tools| tools.is_ok())
    })
    .await;
    talk_with(&server).await;
    let tools = server.only(["lookup"]).tools().await.unwrap();
    program.kill().await.unwrap();
    let failed = told(&tools[0], json!({ "name": "Phiri" })).await;
    assert!(failed.starts_with("error: "), "{failed}");
    until("it is known to be away", || {
        futures_util::FutureExt::now_or_never(server.all().tools())
            .is_some_and(|tools| tools.is_err())
    })
    .await;
    server.close().await;
}
