//! The table that people read, and the object that programs read.

use std::io::{self, Write as _};

use serde::Serialize;

use super::case::Case;
use super::results::Results;
use crate::Failure;
use crate::terminal::Paint;

/// Width of the column of names.
const NAME: usize = 20;

/// Prints what was found.
pub(super) fn print(results: &Results, json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if json {
        return json_line(&mut out, results);
    }
    let paint = Paint::stdout();
    let mut family = "";
    for row in &results.rows {
        if row.family != family {
            family = row.family;
            writeln!(out, "{}", paint.strong(family))?;
        }
        let result = match row.result {
            "pass" => paint.good("pass"),
            "fail" => paint.error("FAIL"),
            other => paint.soft(other),
        };
        writeln!(out, "  {:<NAME$} {result}  {}", row.name, row.reason)?;
    }
    writeln!(
        out,
        "{} passed, {} failed, {} skipped in {:.1} s; {} {}",
        results.count("pass"),
        results.failed(),
        results.count("skip"),
        results.seconds,
        results.address,
        results.manner,
    )?;
    Ok(())
}

/// A case as `--list` shows it.
#[derive(Serialize)]
struct Listed<'a> {
    family: &'a str,
    name: &'a str,
    does: &'a str,
    good: &'a str,
}

/// Prints what there is.
pub(super) fn list(cases: &[Case], json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if json {
        let listed: Vec<Listed<'_>> = cases
            .iter()
            .map(|case| Listed {
                family: case.family,
                name: &case.name,
                does: case.does,
                good: case.good,
            })
            .collect();
        return json_line(&mut out, &listed);
    }
    let paint = Paint::stdout();
    let mut family = "";
    for case in cases {
        if case.family != family {
            family = case.family;
            writeln!(out, "{}", paint.strong(family))?;
        }
        writeln!(out, "  {:<NAME$} {}", case.name, case.does)?;
        writeln!(
            out,
            "  {:<NAME$} {}",
            "",
            paint.soft(format_args!("a good server {}", case.good))
        )?;
    }
    Ok(())
}

fn json_line(out: &mut impl io::Write, value: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value)
        .map_err(|error| Failure::failed(format_args!("can't write JSON: {error}")))?;
    writeln!(out, "{line}")?;
    Ok(())
}
