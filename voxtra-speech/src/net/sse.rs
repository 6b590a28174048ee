//! Server-sent events, as language models stream them:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.

use super::super::ProviderError;
use super::{Body, Endpoint};

/// Most bytes of one event.
const MAX_EVENT: usize = 1 << 20;

/// The `data` of a stream's events, however its bytes are cut.
pub(crate) struct Sse {
    endpoint: Endpoint,
    body: Body,
    lines: Lines,
    data: Option<String>,
}

impl Sse {
    pub(crate) fn new(endpoint: Endpoint, body: Body) -> Self {
        Self {
            endpoint,
            body,
            lines: Lines::default(),
            data: None,
        }
    }

    /// Waits for the data of the next event; `None` at the end. An event that the stream's end cuts
    /// is no event.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ProviderError> {
        loop {
            while let Some(line) = self.lines.next() {
                let line = String::from_utf8(line)
                    .map_err(|_| self.endpoint.nonsense("its events are not UTF-8"))?;
                if line.is_empty() {
                    if let Some(data) = self.data.take() {
                        return Ok(Some(data));
                    }
                } else if let Some(value) = field(&line, "data") {
                    match &mut self.data {
                        Some(data) => {
                            data.push('\n');
                            data.push_str(value);
                        }
                        None => self.data = Some(value.to_owned()),
                    }
                }
            }
            let held = self
                .lines
                .len()
                .saturating_add(self.data.as_ref().map_or(0, String::len));
            if held > MAX_EVENT {
                return Err(self
                    .endpoint
                    .nonsense("one of its events is longer than 1 MiB"));
            }
            match self.body.next().await? {
                Some(bytes) => self.lines.push(&bytes),
                None => return Ok(None),
            }
        }
    }
}

/// The value of a line `name: value`; one space behind the colon is not part of it.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.strip_prefix(name)?;
    if value.is_empty() {
        return Some(value);
    }
    let value = value.strip_prefix(':')?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

/// Bytes as lines, which end in LF, CR LF or CR.
#[derive(Default)]
struct Lines {
    held: Vec<u8>,
    /// Bytes of `held` that have been searched.
    searched: usize,
    /// The last line ended in CR: an LF behind it belongs to it.
    after_cr: bool,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    fn len(&self) -> usize {
        self.held.len()
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        if !self.held.is_empty() && std::mem::take(&mut self.after_cr) {
            self.held
                .drain(..usize::from(self.held.first() == Some(&b'\n')));
        }
        let rest = self.held.get(self.searched..)?;
        let Some(found) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.searched = self.held.len();
            return None;
        };
        let end = self.searched.saturating_add(found);
        let mut line: Vec<u8> = self.held.drain(..=end).collect();
        self.after_cr = line.pop() == Some(b'\r');
        self.searched = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], piece: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for bytes in text.chunks(piece) {
            lines.push(bytes);
            while let Some(line) = lines.next() {
                all.push(line);
            }
        }
        all
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let text = "data: a\r\n\r\ndata: é\n\n\rx\r\n\n".as_bytes();
        let expected: [&[u8]; 7] = [b"data: a", b"", "data: é".as_bytes(), b"", b"", b"x", b""];
        for piece in 1..=text.len() {
            assert_eq!(lines(text, piece), expected, "{piece}");
        }
    }

    #[test]
    fn only_fields_of_that_name_count() {
        assert_eq!(field("data: x", "data"), Some("x"));
        assert_eq!(field("data:x", "data"), Some("x"));
        assert_eq!(field("data:  x", "data"), Some(" x"));
        assert_eq!(field("data", "data"), Some(""));
        assert_eq!(field("database: x", "data"), None);
        assert_eq!(field(": data: x", "data"), None);
    }
}
