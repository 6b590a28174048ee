//! `[[route]]`.

use std::collections::HashSet;

use super::super::Place;
use super::super::document::Section;
use super::super::settings::RouteSettings;
use super::read_word;
use crate::session::Route;

pub(super) fn read_routes(root: &Section<'_>, places: &mut Vec<Place>) -> Vec<RouteSettings> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for section in root.sections("route") {
        section.require("agent", "the name of the agent that takes these calls");
        let agent = read_word(&section, "agent");
        let extension = read_word(&section, "extension");
        let number = read_word(&section, "number");
        let default = section.boolean("default");
        if let Some(number) = &number
            && let Err(reason) = check_number(number)
        {
            section.refuse("number", reason);
        }
        if default == Some(false) {
            section.refuse("default", "can only be true; leave it out otherwise");
        }
        let rule = match (extension, number, default) {
            (Some(extension), None, None) => Some(Route::Extension(extension)),
            (None, Some(number), None) => Some(Route::Number(number)),
            (None, None, Some(_)) => Some(Route::Default),
            _ => {
                if section.is_sound() {
                    section.refuse(
                        "",
                        "must have exactly one of extension, number and default = true",
                    );
                }
                None
            }
        };
        if let (Some(rule), Some(agent)) = (rule, agent) {
            if seen.insert(format!("{rule:?}")) {
                all.push(RouteSettings { rule, agent });
                places.push(section.place("agent"));
            } else {
                section.refuse("agent", "an earlier [[route]] already takes these calls");
            }
        }
        section.finish();
    }
    all
}

fn check_number(number: &str) -> Result<(), &'static str> {
    let digits = number.strip_suffix('*').unwrap_or(number);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.contains('*') {
        return Err("may have `*` only at its end");
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(
            "must be digits after an optional +, with or without `*` at the end, such as +265*",
        );
    }
    Ok(())
}
