//! A webhook that is asked something, and whose answer counts.

use bytes::Bytes;

use super::attempt::HttpPost;
use super::{OutgoingEvent, Sender, WebhookError, WebhookSettings};

/// A receiver that is asked: POSTed to and signed like an event, once, and its answer is read.
///
/// ```no_run
/// use voxtra_webhook::{OutgoingEvent, Question, Sender, WebhookSettings};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = WebhookSettings::new("https://example.com/who-is-this".parse()?);
/// let question = Question::new(&Sender::new("acme"), &settings)?;
/// let answer = question
///     .ask(&OutgoingEvent {
///         wire: "order.routing".into(),
///         id: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
///         session_id: "order 17".into(),
///         sequence: None,
///         body: r#"{"order":17}"#.into(),
///     })
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Question {
    post: HttpPost,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// The receiver was not reached, or its answer did not come in whole or in time.
    #[error("{0}")]
    Transport(String),
    /// The receiver answered with another status than 2xx.
    #[error("it answered {0}")]
    Status(u16),
    /// The answer is longer than [`Question::MOST`].
    #[error("its answer is longer than 64 KiB")]
    TooLong,
}

impl Question {
    /// Most bytes of an answer.
    pub const MOST: usize = 64 << 10;

    /// Asks where `settings` say. What they say of retries, batches and events does not count.
    ///
    /// # Errors
    /// As [`Webhooks::new`](super::Webhooks::new).
    pub fn new(sender: &Sender, settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let mut settings = settings.clone();
        settings.batch = None;
        let post = HttpPost::new(sender, &settings)?;
        Ok(Self { post })
    }

    /// The body of the answer. It is there within [`timeout`](WebhookSettings::timeout), however
    /// slowly it drips.
    ///
    /// # Errors
    /// There is none that counts.
    pub async fn ask(&self, question: &OutgoingEvent) -> Result<Bytes, QuestionError> {
        let mut answer = self.post.send(&[question]).await.map_err(no_answer)?;
        if !answer.status().is_success() {
            return Err(QuestionError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
            if body.len().saturating_add(chunk.len()) > Self::MOST {
                return Err(QuestionError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }
}

fn no_answer(error: reqwest::Error) -> QuestionError {
    QuestionError::Transport(super::attempt::reason_of(error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::Signer;

    /// A receiver that answers with these pieces, some time apart, and tells what it was asked.
    async fn receiver(
        pieces: Vec<Vec<u8>>,
        apart: Duration,
    ) -> (WebhookSettings, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") && socket.read_buf(&mut request).await.unwrap() > 0 {}
            for piece in pieces {
                if socket.write_all(&piece).await.is_err() {
                    break;
                }
                tokio::time::sleep(apart).await;
            }
            String::from_utf8(request).unwrap()
        });
        let mut settings = WebhookSettings::new(url.parse().unwrap());
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
        settings.secret = Some("s3cret".into());
        (settings, asked)
    }

    async fn ask(settings: &WebhookSettings) -> Result<Bytes, QuestionError> {
        let question = Question::new(&Sender::new("acme"), settings).unwrap();
        question
            .ask(&OutgoingEvent {
                wire: "order.routing".into(),
                id: "17".to_owned(),
                session_id: "s".into(),
                sequence: None,
                body: Bytes::from_static(b"{}"),
            })
            .await
    }

    fn answer(head: &str, body: &[u8]) -> Vec<u8> {
        let mut answer = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
        answer.extend_from_slice(body);
        answer
    }

    #[tokio::test]
    async fn the_question_is_signed_and_the_answer_is_read() {
        let pieces = vec![
            answer("200 OK\r\ncontent-length: 8", b"{\"a\":"),
            b"17}".to_vec(),
        ];
        let (mut settings, asked) = receiver(pieces, Duration::from_millis(1)).await;
        // Of no meaning here.
        settings.batch = Some(crate::BatchSettings::new(crate::BatchFormat::Ndjson));
        assert_eq!(ask(&settings).await.unwrap(), "{\"a\":17}");
        let asked = asked.await.unwrap();
        let signature = Signer::new(&"s3cret".into()).sign(b"{}");
        let signature = format!("x-acme-signature: {signature}");
        for header in ["x-acme-event: order.routing", "webhook-id: 17", &signature] {
            assert!(asked.contains(header), "{header}: {asked}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_bounded_however_long_it_goes_on() {
        let many = vec![b'x'; 16 << 10];
        let mut pieces = vec![answer("200 OK\r\nconnection: close", b"")];
        pieces.extend(std::iter::repeat_n(many, 100));
        let (settings, _) = receiver(pieces, Duration::ZERO).await;
        assert_eq!(ask(&settings).await, Err(QuestionError::TooLong));
    }

    #[tokio::test]
    async fn an_answer_that_drips_is_not_waited_for() {
        let mut pieces = vec![answer("200 OK\r\ncontent-length: 100000", b"")];
        pieces.extend(std::iter::repeat_n(b" ".to_vec(), 100_000));
        let (mut settings, _) = receiver(pieces, Duration::from_millis(5)).await;
        settings.timeout = Duration::from_millis(100);
        let error = ask(&settings).await.unwrap_err();
        let expected = "it did not answer in time".to_owned();
        assert_eq!(error, QuestionError::Transport(expected));
    }

    #[tokio::test]
    async fn another_status_is_no_answer_and_a_redirect_is_not_followed() {
        for (head, status) in [
            ("500 Oh\r\ncontent-length: 0", 500),
            ("302 Found\r\nlocation: /x\r\ncontent-length: 0", 302),
        ] {
            let (settings, _) = receiver(vec![answer(head, b"")], Duration::ZERO).await;
            assert_eq!(ask(&settings).await, Err(QuestionError::Status(status)));
        }
        let mut settings = WebhookSettings::new("http://10.0.0.1/".parse().unwrap());
        let refused = Question::new(&Sender::new("acme"), &settings).unwrap_err();
        assert!(refused.to_string().contains("a private network"));
        settings.url = "http://gone.invalid/".parse().unwrap();
        let error = ask(&settings).await.unwrap_err();
        assert!(matches!(error, QuestionError::Transport(_)), "{error}");
    }
}
