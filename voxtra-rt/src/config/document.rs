//! Reading a TOML document key by key, noting every problem on the way instead of stopping at the
//! first.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::expand;
use super::{ConfigError, Place, Problem, Risk};

/// The file, and its problems so far.
pub(super) struct Document<'i> {
    text: &'i str,
    root: Spanned<DeTable<'i>>,
    env: &'i dyn Fn(&str) -> Option<String>,
    files: &'i dyn Fn(&Path) -> Result<String, String>,
    problems: RefCell<Vec<Problem>>,
    risks: RefCell<Vec<Risk>>,
    /// Secrets in the file itself.
    written_secrets: RefCell<Vec<Place>>,
    /// Secrets in other files.
    secret_files: RefCell<Vec<(Place, PathBuf)>>,
    /// Every key that was read, so that a test can compare the documentation with it.
    offered: RefCell<Vec<String>>,
}

impl<'i> Document<'i> {
    /// `env` looks up the value of `${NAME}`, and `files` reads a secret from a file of its own.
    pub(super) fn new(
        text: &'i str,
        env: &'i dyn Fn(&str) -> Option<String>,
        files: &'i dyn Fn(&Path) -> Result<String, String>,
    ) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let document = Self {
            text,
            root,
            env,
            files,
            problems: RefCell::default(),
            risks: RefCell::default(),
            written_secrets: RefCell::default(),
            secret_files: RefCell::default(),
            offered: RefCell::default(),
        };
        for error in errors {
            // Only the message: the error's own display quotes the line, which may hold a secret.
            document.note(
                error.span().unwrap_or_default(),
                String::new(),
                None,
                format!("not valid TOML: {}", error.message()),
            );
        }
        document
    }

    /// The top of the file.
    pub(super) fn root(&self) -> Section<'_> {
        Section {
            document: self,
            path: String::new(),
            span: 0..0,
            table: Some(self.root.get_ref()),
            keys: RefCell::default(),
            problems_before: Cell::new(self.problems.borrow().len()),
        }
    }

    /// Unsafe settings, in the order of the file.
    pub(super) fn risks(&self) -> Vec<Risk> {
        let mut risks = self.risks.borrow().clone();
        risks.sort_by_key(|risk| risk.problem.line);
        risks
    }

    /// The first secret in the file itself.
    pub(super) fn written_secret(&self) -> Option<Place> {
        self.written_secrets.borrow().first().cloned()
    }

    /// The files that hold secrets, each with the key that names it.
    pub(super) fn secret_files(&self) -> Vec<(Place, PathBuf)> {
        self.secret_files.borrow().clone()
    }

    /// All problems in the order of the file, if there are any.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let mut problems = self.problems.into_inner();
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|problem| problem.line);
        problems.dedup();
        Err(ConfigError::Invalid {
            path: None,
            problems,
        })
    }

    #[cfg(test)]
    pub(super) fn offered(&self) -> Vec<String> {
        self.offered.borrow().clone()
    }

    fn note(&self, span: Range<usize>, key: String, value: Option<String>, reason: String) {
        let line = self.line(&span);
        self.problems.borrow_mut().push(Problem {
            line,
            key,
            value,
            reason,
        });
    }

    /// The line on which a span begins, from 1.
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// The text of a value as written, shortened to its first line.
    fn written(&self, span: Range<usize>) -> Option<String> {
        let text = self.text.get(span)?;
        let first = text.lines().next().unwrap_or_default();
        let mut written = without_credentials(first);
        if first.len() < text.len() {
            written.push_str(" …");
        }
        Some(written)
    }
}

/// One table of the file. A missing value reads as `None`, and so does a wrong one, whose problem
/// was noted.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    path: String,
    span: Range<usize>,
    table: Option<&'d DeTable<'d>>,
    keys: RefCell<Vec<&'static str>>,
    problems_before: Cell<usize>,
}

type Value<'d> = &'d Spanned<DeValue<'d>>;

impl<'d> Section<'d> {
    /// The table `[key]`; an empty table if it is missing.
    pub(super) fn section(&self, key: &'static str) -> Section<'d> {
        let value = self.value(key);
        let table = value.and_then(|value| {
            let table = value.get_ref().as_table();
            if table.is_none() {
                self.refuse(key, format!("must be a section: [{key}]"));
            }
            table
        });
        self.inner(self.path_of(key), value, table)
    }

    /// The tables `[key.NAME]`, each with its name.
    pub(super) fn named(&self, key: &'static str) -> Vec<(String, Section<'d>)> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(table) = value.get_ref().as_table() else {
            self.refuse(key, format!("must be sections with names: [{key}.NAME]"));
            return Vec::new();
        };
        let path = self.path_of(key);
        let sections = table.iter().filter_map(|(name, one)| {
            let name: &str = name.get_ref();
            let parent = self.inner(path.clone(), Some(value), Some(table));
            let Some(inner) = one.get_ref().as_table() else {
                parent.refuse(name, format!("must be a section: [{path}.NAME]"));
                return None;
            };
            let section = self.inner(parent.path_of(name), Some(one), Some(inner));
            Some((name.to_owned(), section))
        });
        sections.collect()
    }

    /// A table of strings, each with its `${ENV}` replaced: pairs of key and value.
    pub(super) fn entries(&self, key: &'static str) -> Option<Vec<(String, String)>> {
        let value = self.value(key)?;
        let pairs = value.get_ref().as_table().map(|table| {
            let pair = |(name, one): (&Spanned<_>, &'d Spanned<DeValue<'d>>)| {
                let name: &Cow<'_, str> = name.get_ref();
                Some((name.to_string(), one.get_ref().as_str()?))
            };
            table.iter().map(pair).collect::<Option<Vec<_>>>()
        });
        let Some(Some(pairs)) = pairs else {
            self.refuse(key, "must be a table of strings: { NAME = \"…\" }");
            return None;
        };
        let expanded: Result<Vec<_>, String> = pairs
            .into_iter()
            .map(|(name, text)| Ok((name, expand(text, self.document.env)?)))
            .collect();
        expanded.map_err(|reason| self.refuse(key, reason)).ok()
    }

    /// A string, or a list of strings.
    pub(super) fn text_or_texts(&self, key: &'static str) -> Option<Vec<String>> {
        match self.value(key)?.get_ref() {
            DeValue::String(_) => self.text(key).map(|text| vec![text]),
            DeValue::Array(_) => self.texts(key),
            _ => {
                self.refuse(key, "must be a string in quotes, or a list of them");
                None
            }
        }
    }

    /// The tables `[[key]]`, in the order of the file.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let tables = value
            .get_ref()
            .as_array()
            .map(|array| array.iter().collect::<Vec<_>>());
        let Some(tables) =
            tables.filter(|tables| tables.iter().all(|one| one.get_ref().is_table()))
        else {
            self.refuse(key, format!("must be a list of sections: [[{key}]]"));
            return Vec::new();
        };
        tables
            .into_iter()
            .enumerate()
            .map(|(index, one)| {
                let path = format!("{}[{}]", self.path_of(key), index + 1);
                self.inner(path, Some(one), one.get_ref().as_table())
            })
            .collect()
    }

    /// The place of the value of `key`, or of the section if `key` is missing.
    pub(super) fn place(&self, key: &str) -> Place {
        let span = self
            .find(key)
            .map_or_else(|| self.span.clone(), Spanned::span);
        Place {
            line: self.document.line(&span),
            key: self.path_of(key),
        }
    }

    /// Whether the file has the table.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether no problem was noted since this section was opened.
    pub(super) fn is_sound(&self) -> bool {
        self.document.problems.borrow().len() == self.problems_before.get()
    }

    /// A string with its `${ENV}` replaced.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.refuse(key, "must be a string in quotes");
            return None;
        };
        expand(text, self.document.env)
            .map_err(|reason| self.refuse(key, reason))
            .ok()
    }

    /// Like `text`; but its value never appears in an error.
    pub(super) fn secret(&self, key: &'static str) -> Option<SecretString> {
        let value = self.value(key)?;
        let secret = self.as_secret(key, value)?;
        self.is_secret(key);
        Some(secret)
    }

    /// A table of secrets: names, and values or `{ file = "…", prefix = "…" }`, whose file has the
    /// secret behind the prefix.
    pub(super) fn secrets(&self, key: &'static str) -> Option<Vec<(String, SecretString)>> {
        let value = self.value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.refuse_secret(key, "must be a table: { NAME = \"…\" }");
            return None;
        };
        let parent = self.inner(self.path_of(key), Some(value), Some(table));
        let all = table.iter().map(|(name, one)| {
            let name: &str = name.get_ref();
            let secret = match one.get_ref().as_table() {
                None => {
                    let secret = parent.as_secret(name, one)?;
                    if may_be_secret(name) {
                        parent.is_secret(name);
                    }
                    secret
                }
                Some(inner) => {
                    let inner = self.inner(parent.path_of(name), Some(one), Some(inner));
                    inner.require("file", "the file with the secret");
                    let prefix = inner.text("prefix").unwrap_or_default();
                    let secret = inner.secret_in("file");
                    inner.finish();
                    format!("{prefix}{}", secret?.expose_secret()).into()
                }
            };
            Some((name.to_owned(), secret))
        });
        // Every problem is found.
        let all: Vec<Option<_>> = all.collect();
        all.into_iter().collect()
    }

    fn as_secret(&self, key: &str, value: Value<'_>) -> Option<SecretString> {
        let span = value.span();
        let refuse = |reason: String| {
            self.document
                .note(span.clone(), self.path_of(key), None, reason);
        };
        let Some(text) = value.get_ref().as_str() else {
            refuse("must be a string in quotes".to_owned());
            return None;
        };
        match expand(text, self.document.env) {
            Ok(secret) if secret.is_empty() => {
                refuse("is empty".to_owned());
                None
            }
            Ok(secret) => Some(secret.into()),
            // A secret that happens to hold `${` must not be quoted back, but a variable's name may
            // be.
            Err(reason) if reason.contains("is not set") => {
                refuse(reason);
                None
            }
            Err(_) => {
                refuse("has a broken `${…}` (write `$${` for a literal one)".to_owned());
                None
            }
        }
    }

    /// Like `secret`; or from the file that `file_key` names.
    pub(super) fn secret_or_file(
        &self,
        key: &'static str,
        file_key: &'static str,
    ) -> Option<SecretString> {
        let secret = self.secret(key);
        if self.value(file_key).is_none() {
            return secret;
        }
        if self.find(key).is_some() {
            self.refuse(
                file_key,
                format!("stands beside `{key}`: leave out one of them"),
            );
            return None;
        }
        self.secret_in(file_key)
    }

    /// The secret in the file that `file_key` names.
    fn secret_in(&self, file_key: &'static str) -> Option<SecretString> {
        let path = self.text(file_key).map(PathBuf::from)?;
        match (self.document.files)(&path) {
            Ok(secret) => {
                let named = (self.place(file_key), path);
                self.document.secret_files.borrow_mut().push(named);
                Some(secret.into())
            }
            Err(reason) => {
                self.refuse(file_key, reason);
                None
            }
        }
    }

    /// Whether the file has the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Notes that the value of `key` is a secret, if it is in the file itself.
    pub(super) fn is_secret(&self, key: &str) {
        let text = self.find(key).and_then(|value| value.get_ref().as_str());
        if text.is_some_and(|text| !text.contains("${")) {
            let place = self.place(key);
            self.document.written_secrets.borrow_mut().push(place);
        }
    }

    /// Notes that the value of `key` is not safe. The value is not shown.
    pub(super) fn warn(&self, key: &str, kind: &'static str, reason: impl Into<String>) {
        let Place { line, key } = self.place(key);
        self.document.risks.borrow_mut().push(Risk {
            kind,
            problem: Problem {
                line,
                key,
                value: None,
                reason: reason.into(),
            },
        });
    }

    /// A list of strings, each with its `${ENV}` replaced.
    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let items = value.get_ref().as_array().map(|array| {
            array
                .iter()
                .map(|one| one.get_ref().as_str())
                .collect::<Option<Vec<_>>>()
        });
        let Some(Some(items)) = items else {
            self.refuse(key, "must be a list of strings: [\"…\", \"…\"]");
            return None;
        };
        let expanded: Result<Vec<String>, String> = items
            .into_iter()
            .map(|item| expand(item, self.document.env))
            .collect();
        expanded.map_err(|reason| self.refuse(key, reason)).ok()
    }

    /// A value as JSON, each of its strings with its `${ENV}` replaced.
    pub(super) fn json(&self, key: &'static str) -> Option<serde_json::Value> {
        let value = self.value(key)?;
        as_json(value.get_ref(), self.document.env)
            .map_err(|reason| self.refuse(key, reason))
            .ok()
    }

    /// A string that `T` can be parsed from.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, must: &str) -> Option<T> {
        let text = self.text(key)?;
        text.parse().map_err(|_| self.refuse(key, must)).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.refuse(key, format!("must be one of {}", all.join(", ")));
        }
        found
    }

    /// A whole number in `range`; may also be a string, so that it can come from the environment.
    pub(super) fn integer<T>(&self, key: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<u64> + PartialOrd + std::fmt::Display,
    {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => {
                u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
            }
            DeValue::String(_) => self.text(key)?.trim().parse().ok(),
            _ => {
                self.refuse(key, "must be a whole number");
                return None;
            }
        };
        let number = number
            .and_then(|n| T::try_from(n).ok())
            .filter(|n| range.contains(n));
        if number.is_none() {
            self.refuse(
                key,
                format!("must be from {} to {}", range.start(), range.end()),
            );
        }
        number
    }

    /// A number, with or without a fraction; may also be a string, so that it can come from the
    /// environment.
    pub(super) fn number(&self, key: &'static str) -> Option<f32> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(integer) => integer.as_str().replace('_', "").parse().ok(),
            DeValue::String(_) => self.text(key)?.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.refuse(key, "must be a number");
        }
        number
    }

    /// An amount from 0 to `most`, with all of its decimals.
    pub(super) fn amount(&self, key: &'static str, most: f64) -> Option<f64> {
        let value = self.value(key)?;
        let amount: Option<f64> = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(integer) => integer.as_str().replace('_', "").parse().ok(),
            DeValue::String(_) => self.text(key)?.trim().parse().ok(),
            _ => None,
        };
        let amount = amount.filter(|amount| (0.0..=most).contains(amount));
        if amount.is_none() {
            self.refuse(key, format!("must be an amount from 0 to {most}"));
        }
        amount
    }

    /// `true` or `false`; may also be a string, so that it can come from the environment.
    pub(super) fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let boolean = match value.get_ref() {
            DeValue::Boolean(boolean) => Some(*boolean),
            DeValue::String(_) => self.text(key)?.parse().ok(),
            _ => None,
        };
        if boolean.is_none() {
            self.refuse(key, "must be true or false");
        }
        boolean
    }

    /// Notes that the value of `key` is wrong.
    pub(super) fn refuse(&self, key: &str, reason: impl Into<String>) {
        let (span, value) = match self.find(key) {
            // The path and the query of such an address often contain a password.
            Some(value)
                if key == "url" && self.has_private_url()
                    || key == "base_url" && self.path.starts_with("provider") =>
            {
                let written = self.document.written(value.span());
                (value.span(), written.as_deref().map(without_path))
            }
            Some(value) => (value.span(), self.document.written(value.span())),
            None => (self.span.clone(), None),
        };
        // The section as a whole, unless it has a key without a name.
        let path = match key.is_empty() && value.is_none() {
            true => self.path.clone(),
            false => self.path_of(key),
        };
        self.document.note(span, path, value, reason.into());
    }

    fn has_private_url(&self) -> bool {
        let private = ["webhook", "tool.", "mcp."];
        private.iter().any(|path| self.path.starts_with(path)) || self.path.ends_with(".lookup")
    }

    /// Like `refuse`, for a value that must not be shown.
    pub(super) fn refuse_secret(&self, key: &str, reason: impl Into<String>) {
        let span = self
            .find(key)
            .map_or_else(|| self.span.clone(), Spanned::span);
        self.document
            .note(span, self.path_of(key), None, reason.into());
    }

    /// Notes that `key` is needed, unless it is there (then its own problem was noted).
    pub(super) fn require(&self, key: &'static str, what: &str) {
        if self.find(key).is_none() {
            self.document.note(
                self.span.clone(),
                self.path_of(key),
                None,
                format!("is missing: {what}"),
            );
        }
    }

    /// Notes every key that was not read. The last step of a section.
    pub(super) fn finish(self) {
        let known = self.keys.borrow();
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let reason = match nearest(name, &known) {
                Some(near) => format!("unknown key; did you mean {near:?}?"),
                None => format!("unknown key; known here: {}", known.join(", ")),
            };
            self.document
                .note(key.span(), self.path_of(name), None, reason);
        }
    }

    fn value(&self, key: &'static str) -> Option<Value<'d>> {
        if !self.keys.borrow().contains(&key) {
            self.keys.borrow_mut().push(key);
            self.document.offered.borrow_mut().push(self.path_of(key));
        }
        self.find(key)
    }

    fn find(&self, key: &str) -> Option<Value<'d>> {
        self.table?
            .iter()
            .find(|(name, _)| *name.get_ref() == key)
            .map(|(_, value)| value)
    }

    fn path_of(&self, key: &str) -> String {
        // As written in the file: there a key that is not a plain word has quotes, and may hold
        // anything.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let key = if !key.is_empty() && key.bytes().all(is_plain) {
            Cow::Borrowed(key)
        } else {
            Cow::Owned(format!("{key:?}"))
        };
        if self.path.is_empty() {
            key.into_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn inner(
        &self,
        path: String,
        value: Option<Value<'d>>,
        table: Option<&'d DeTable<'d>>,
    ) -> Section<'d> {
        Section {
            document: self.document,
            path,
            span: value.map_or(0..0, Spanned::span),
            table,
            keys: RefCell::default(),
            problems_before: Cell::new(self.document.problems.borrow().len()),
        }
    }
}

fn as_json(
    value: &DeValue<'_>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<serde_json::Value, String> {
    use serde_json::Value;
    Ok(match value {
        DeValue::String(text) => Value::String(expand(text, env)?),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            let number = i64::from_str_radix(&digits, number.radix());
            Value::from(number.map_err(|_| "has a number that is too large")?)
        }
        DeValue::Float(number) => {
            let number = number.as_str().replace('_', "").parse::<f64>();
            Value::from(number.map_err(|_| "has a number that is none")?)
        }
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(at) => Value::String(at.to_string()),
        DeValue::Array(all) => {
            let all = all.iter().map(|one| as_json(one.get_ref(), env));
            Value::Array(all.collect::<Result<_, _>>()?)
        }
        DeValue::Table(all) => {
            let all = all.iter().map(|(name, one)| {
                let name: &str = name.get_ref();
                Ok((name.to_owned(), as_json(one.get_ref(), env)?))
            });
            Value::Object(all.collect::<Result<_, String>>()?)
        }
    })
}

/// Whether the value of a header of this name is one.
fn may_be_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["auth", "cookie", "key", "password", "secret", "token"];
    words.iter().any(|word| name.contains(word))
}

/// `text` without the part before the `@` of a URL, which may be a password.
fn without_credentials(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, rest)), Some((_, host))) if rest.contains('@') => {
            format!("{scheme}://…@{host}")
        }
        _ => text.to_owned(),
    }
}

/// The address `text`, in quotes, up to its host.
fn without_path(text: &str) -> String {
    let host = text.find("://").map_or(0, |at| at.saturating_add(3));
    let (before, after) = text.split_at_checked(host).unwrap_or((text, ""));
    match after.find(['/', '?', '#', '\\']) {
        Some(at) if after.get(at..) != Some("/\"") => {
            format!("{before}{}/…", after.get(..at).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// The known name that `name` was most likely meant to be.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|known| {
            // `listen_on` for `listen` is as likely a slip as a swapped letter.
            let contains = name.contains(known) || (!name.is_empty() && known.contains(name));
            let distance = strsim::osa_distance(name, known);
            (if contains { distance.min(2) } else { distance }, *known)
        })
        .filter(|(distance, known)| *distance <= 2 || *distance * 3 <= known.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
