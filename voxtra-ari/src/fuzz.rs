//! Asterisk's input to us: messages of the event websocket and answers of the REST interface.

use std::sync::LazyLock;

use reqwest::StatusCode;
use serde_json::Value;

use super::request::{Answer, Request};
use super::{
    Application, AriClient, AriError, AriEvent, AriSettings, AsteriskInfo, Bridge, Channel, Module,
    Playback, RtpStat, StoredRecording, missing_modules, text,
};

/// Takes the input as a message of the websocket, as each kind of answer, as the explanation of
/// each refusal, and, in part, as the id of a channel. A parsed message is JSON of that type and
/// about the channel it names; an id stays within its part of an order's path.
pub fn ari(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        answers(data);
        return;
    };
    message(text);
    answers(data);
    id(text.get(..text.len().min(60)).unwrap_or_default());
}

fn message(text: &str) {
    let Ok(event) = AriEvent::parse(text) else {
        return;
    };
    let kind = event.kind().to_owned();
    assert_eq!(AriEvent::parse(text).ok().as_ref(), Some(&event));
    // A number may be out of range in a field that is not read.
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        let line = |at: &str| value.pointer(at).and_then(Value::as_str).map(text::clean);
        assert_eq!(line("/type"), Some(kind));
        if let AriEvent::StasisStart(start) = &event {
            let id = line("/channel/id");
            assert_eq!(id.as_ref(), Some(&start.channel.id));
            assert_eq!(event.channel_id(), id.as_deref());
        }
    }
    if let Some(channel) = event.channel() {
        assert_eq!(event.channel_id(), Some(&*channel.id));
    }
    let _ = format!("{event:?}");
}

fn answers(body: &[u8]) {
    answer::<Channel>(body);
    answer::<Vec<Channel>>(body);
    answer::<Vec<Bridge>>(body);
    answer::<Application>(body);
    answer::<Playback>(body);
    answer::<AsteriskInfo>(body);
    answer::<RtpStat>(body);
    answer::<Vec<StoredRecording>>(body);
    if let Some(modules) = answer::<Vec<Module>>(body) {
        let missing = missing_modules(&modules).len();
        assert!(missing + modules.len() >= super::REQUIRED_MODULES.len());
    }
    for status in [400_u16, 401, 403, 404, 409, 422, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let error = CLIENT.refused(
            "GET /channels/1".to_owned(),
            "res_ari_channels",
            status,
            body,
        );
        let is_there = matches!(error, AriError::NotServed { .. } | AriError::NoAri { .. });
        let is_not_found = status == StatusCode::NOT_FOUND && !is_there;
        assert_eq!(error.is_not_found(), is_not_found);
        let passes = status.is_server_error() || matches!(error, AriError::NoAri { .. });
        assert_eq!(error.is_transient(), passes);
        let _ = error.to_string();
    }
}

fn answer<T: Answer>(body: &[u8]) -> Option<T> {
    T::read(body.to_vec()).ok()
}

/// Ids come from Asterisk and from users; an id must not address another resource.
fn id(id: &str) {
    let request = Request::get("channel.answer", &["channels", id, "answer"]).set("reason", id);
    match CLIENT.url(&request, "GET /channels") {
        Ok(url) => {
            let path: Vec<_> = url.path_segments().into_iter().flatten().collect();
            let ["ari", "channels", own, "answer"] = path[..] else {
                panic!("{id:?} leads to {url}");
            };
            assert_eq!(decoded(own), id);
            assert_eq!(url.origin(), CLIENT.settings().url.origin());
            let query: Vec<_> = url.query_pairs().collect();
            assert!(matches!(&query[..], [(name, value)] if name == "reason" && value == id));
            assert_eq!(url.fragment(), None);
        }
        Err(error) => assert!(
            matches!(error, AriError::InvalidRequest { .. })
                && (matches!(id, "" | "." | "..") || id.contains(char::is_control)),
            "{id:?}: {error}"
        ),
    }
}

/// A path segment as Asterisk decodes it: a plus is a space, as in a query. There, `&` would be an
/// end.
fn decoded(segment: &str) -> String {
    let query = segment.replace('&', "%26");
    url::form_urlencoded::parse(query.replace('=', "%3d").as_bytes())
        .map(|(name, _)| name)
        .collect()
}

static CLIENT: LazyLock<AriClient> = LazyLock::new(|| {
    let client = "http://127.0.0.1:8088/ari"
        .parse()
        .ok()
        .and_then(|url| AriClient::new(AriSettings::new(url, "acme", "acme", "x")).ok());
    client.unwrap_or_else(|| panic!("a client of plain HTTP needs nothing"))
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    const CAPTURED: [&str; 3] = [
        include_str!("fixtures/events.jsonl"),
        include_str!("fixtures/info.json"),
        include_str!("fixtures/modules.json"),
    ];

    proptest! {
        #[test]
        fn any_text(text in ".{0,200}") {
            super::ari(text.as_bytes());
        }

        #[test]
        fn captured_messages_with_a_part_replaced(
            line: prop::sample::Index,
            at: prop::sample::Index,
            length in 0..12_usize,
            instead in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let lines: Vec<_> = CAPTURED.iter().flat_map(|text| text.lines()).collect();
            let mut data = line.get(&lines).as_bytes().to_vec();
            let at = at.index(data.len());
            let end = data.len().min(at + length);
            data.splice(at..end, instead);
            super::ari(&data);
        }
    }
}
