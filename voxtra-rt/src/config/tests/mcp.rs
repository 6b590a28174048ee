//! `[mcp.NAME]`.

use super::agents::agent;
use super::*;
use crate::mcp::McpPlace;

/// A server with these lines.
fn crm(lines: &str) -> String {
    format!("[mcp.crm]\n{lines}\n")
}

#[test]
fn servers_are_read_and_agents_have_their_tools() {
    let text = agent("tools = [\"crm.lookup\", \"hang_up\", \"crm.delete.all\", \"shop.*\"]\n")
        + &crm(
            "command = [\"bin/crm\", \"--quiet\"]\nenv = { CRM_KEY = \"s3cret\" }\ntools = [\"lookup\", \"delete.all\"]\nconfirm = [\"delete.all\"]\nbackground = [\"lookup\"]\nrequired = true\ntimeout_ms = 20_000\nstart_timeout_ms = 30_000",
        )
        + "[mcp.shop]\nurl = \"https://shop.example.com/mcp?k=qu3ry\"\nheaders = { authorization = \"Bearer s3cret\" }\n";
    let mut config = parse(&text);
    let tools: Vec<_> = config.agents[0]
        .mcp_tools
        .iter()
        .map(|tools| (tools.server.as_str(), tools.only.clone()))
        .collect();
    let only = ["lookup", "delete.all"].map(str::to_owned).to_vec();
    assert_eq!(tools, [("crm", Some(only.clone())), ("shop", None)]);
    let settings = &config.mcp[0].settings;
    assert_eq!(settings.tools, Some(only));
    assert_eq!(settings.confirm, ["delete.all"]);
    assert_eq!(settings.background, ["lookup"]);
    assert!(settings.required && !config.mcp[1].settings.required);
    assert_eq!(settings.timeout, Duration::from_secs(20));
    assert_eq!(settings.start_timeout, Duration::from_secs(30));
    assert_eq!(config.mcp[1].settings.timeout, Duration::from_secs(10));
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("qu3ry"),
        "{shown}"
    );
    config.anchor("/etc".as_ref());
    let McpPlace::Command {
        program, arguments, ..
    } = &config.mcp[0].settings.place
    else {
        panic!("{:?}", config.mcp);
    };
    assert_eq!(program, std::path::Path::new("/etc/bin/crm"));
    assert_eq!(arguments, &["--quiet"]);
}

#[test]
fn a_program_without_a_path_is_looked_for_in_path() {
    let mut config = parse(&crm("command = [\"npx\"]"));
    config.anchor("/etc".as_ref());
    let McpPlace::Command { program, .. } = &config.mcp[0].settings.place else {
        panic!("{:?}", config.mcp);
    };
    assert_eq!(program, std::path::Path::new("npx"));
}

#[test]
fn wrong_servers_are_refused_in_their_place() {
    let sound = crm("command = [\"crm\"]\ntools = [\"lookup\"]");
    for (text, says) in [
        (crm(""), "mcp.crm.command: is missing: the program"),
        (crm("command = []"), "names no program"),
        (crm("command = \"crm\""), "must be a list"),
        (
            crm("command = [\"crm\"]\nurl = \"https://h/\""),
            "mcp.crm.url = \"https://h/\": stands beside `command`",
        ),
        (
            crm("command = [\"crm\"]\nheaders = { a = \"s3cret\" }"),
            "mcp.crm.headers: are for a `url`",
        ),
        (
            crm("url = \"https://h/\"\nenv = { A = \"s3cret\" }"),
            "mcp.crm.env: is for a `command`",
        ),
        (
            crm("url = \"ftp://h/\""),
            "must begin with http:// or https://",
        ),
        (crm("url = \"https://h/\"\ntools = []"), "names no tool"),
        (
            crm("url = \"https://h/\"\ntools = [\"a\"]\nconfirm = [\"b\"]"),
            "\"b\" is not among `tools`",
        ),
        (
            crm("url = \"https://h/\"\ntools = [\"a\"]\nbackground = [\"*\", \"b\"]"),
            "mcp.crm.background",
        ),
        (
            crm("url = \"https://h/\"\ntimeouts_ms = 1"),
            "did you mean \"timeout_ms\"?",
        ),
        (
            "[mcp.a__b]\nurl = \"https://h/\"".to_owned(),
            "is no name that can begin a tool's",
        ),
        (
            sound.clone() + "[tool.crm__x]\ndescription = \"x\"\nurl = \"https://h/\"",
            "tool.crm__x: begins as the tools of [mcp.crm] do",
        ),
        (
            agent("tools = [\"cmr.lookup\"]\n") + &sound,
            "there is no [mcp.cmr]; did you mean \"crm\"?",
        ),
        (
            agent("tools = [\"crm.delete\"]\n") + &sound,
            "[mcp.crm] allows only lookup",
        ),
        (
            agent("tools = [\"crm.\"]\n") + &sound,
            "which tool? `*` is all of them",
        ),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(says), "{text}\n{problem}\n{says}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
}

#[test]
fn what_is_said_in_calls_goes_in_the_clear_only_with_a_warning() {
    let risks = risks(&crm("url = \"http://shop.example.com/mcp\"")).join("\n");
    assert!(
        risks.starts_with("cleartext: ") && risks.contains("mcp.crm.url"),
        "{risks}"
    );
}
