//! The documents say what the code does.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

use voxtra::core::event::CATALOGUE;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_events_page_has_every_event_with_every_field() {
    let page = read("docs/events.md");
    for event in &CATALOGUE {
        let quoted = format!("`{}`", event.wire);
        let row = page
            .lines()
            .find(|line| {
                line.starts_with('|')
                    && line
                        .split('|')
                        .nth(1)
                        .is_some_and(|cell| cell.contains(&quoted))
            })
            .unwrap_or_else(|| panic!("docs/events.md has no row for {}", event.wire));
        for field in event.fields {
            assert!(
                row.contains(&format!("`{}`", field.name)),
                "{}: {} is missing",
                event.wire,
                field.name
            );
            for value in field.ty.split(" | ").filter(|_| field.ty.contains(" | ")) {
                assert!(
                    row.contains(&format!("`{value}`")),
                    "{}: {value} is missing",
                    event.wire
                );
            }
        }
    }
}

#[test]
fn the_architecture_page_draws_the_tree_as_it_is() {
    let page = read("ARCHITECTURE.md");
    for (top, code) in [
        ("voxtra-core", "voxtra-core/src"),
        ("voxtra-macros", "voxtra-macros/src"),
        ("voxtra-ari", "voxtra-ari/src"),
        ("voxtra-speech", "voxtra-speech/src"),
        ("voxtra-webhook", "voxtra-webhook/src"),
        ("voxtra-rt", "voxtra-rt/src"),
        ("voxtra-cli", "voxtra-cli/src"),
    ] {
        let section: String = page
            .lines()
            .skip_while(|line| !line.trim_start().starts_with(&format!("{top}/")))
            .enumerate()
            .take_while(|(index, line)| *index == 0 || line.starts_with("        "))
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        assert!(!section.is_empty(), "ARCHITECTURE.md does not draw {top}");
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(code)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() && name != "snapshots" {
                assert!(
                    section.contains(&format!("{name}/")),
                    "ARCHITECTURE.md does not draw {code}/{name}"
                );
            }
        }
    }
}

#[test]
fn what_the_documents_point_to_is_there() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "docs/asterisk.md",
        "docs/call.md",
        "docs/operations.md",
        "docs/providers.md",
        "docs/command.md",
        "docs/configuration.md",
        "docs/events.md",
        "docs/first-conversation.md",
        "docs/webhooks.md",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(document)
            .parent()
            .unwrap()
            .to_owned();
        let text = read(document);
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap();
            if !target.contains("://") && !path.is_empty() {
                assert!(
                    folder.join(path).exists(),
                    "{document} points to {target}, which is not there"
                );
            }
        }
    }
}

#[test]
fn the_page_on_webhooks_shows_the_receivers_that_are_tested() {
    let page = read("docs/webhooks.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/receivers");
    let mut shown = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = read(&format!("docs/receivers/{name}"));
        let block = format!("\n{code}```\n");
        assert!(
            page.contains(&block),
            "docs/webhooks.md does not show {name}"
        );
        shown += 1;
    }
    assert_eq!(shown, page.matches("](receivers/").count());
}

#[test]
fn the_readme_shows_the_agent_that_voxtra_new_writes() {
    let written = read("voxtra-cli/src/new/main.rs");
    let from = written.find("use voxtra::prelude").unwrap();
    let to = written.find("\n#[cfg(test)]").unwrap();
    assert!(read("README.md").contains(&written[from..to]));
}

#[test]
fn every_method_of_a_call_is_on_its_page_and_has_an_example() {
    let page = read("docs/call.md");
    let mut methods = 0;
    let files = [
        "call",
        "line",
        "say",
        "speak",
        "listen",
        "caller_audio",
        "leg",
    ];
    for file in files {
        let text = read(&format!("voxtra-rt/src/session/{file}.rs"));
        let after = text.split("\nimpl Call {").nth(1).unwrap();
        let body = after.split("\n}\n").next().unwrap();
        let mut has_example = false;
        for line in body.lines() {
            // A blank line ends a method.
            has_example = !line.is_empty() && (has_example || line.starts_with("    /// ```"));
            let signature = line.strip_prefix("    pub ").unwrap_or_default();
            let signature = signature.strip_prefix("async ").unwrap_or(signature);
            let Some(rest) = signature.strip_prefix("fn ") else {
                continue;
            };
            let name = rest.split(['(', '<']).next().unwrap();
            assert!(
                page.contains(&format!("`{name}(")),
                "docs/call.md lacks {name}"
            );
            assert!(has_example, "{name} has no example");
            methods += 1;
        }
    }
    assert!(methods > 25, "{methods}");
}
