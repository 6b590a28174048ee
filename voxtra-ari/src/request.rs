//! An order to Asterisk: built by the generated operations, sent when it is awaited.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::read::{Json, Model};
use crate::text::clean;
use crate::{AriClient, AriError};

/// One operation of ARI, sent when it is awaited.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example(ari: voxtra_ari::AriClient) -> Result<(), voxtra_ari::AriError> {
/// ari.channel("1795362947.7").hold().await?;
/// let all = ari.channels().list().timeout(Duration::from_secs(30)).await?;
/// # Ok(()) }
/// ```
#[must_use = "an order is sent when it is awaited"]
pub struct Order<T> {
    ari: AriClient,
    request: Request,
    timeout: Duration,
    most: usize,
    read: Read<T>,
}

/// What an order makes of the answer.
type Read<T> = fn(Vec<u8>) -> Result<T, serde_json::Error>;

impl<T> Order<T> {
    /// Another time limit than the client's, from connecting to the last byte of the answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl<T: 'static> IntoFuture for Order<T> {
    type Output = Result<T, AriError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let label = self.request.label();
            let body = self.ari.exchange(self.request, self.timeout, self.most);
            (self.read)(body.await?).map_err(|error| AriError::Decode {
                request: label,
                // It may quote the answer.
                reason: clean(&error.to_string()),
            })
        })
    }
}

impl<T> std::fmt::Debug for Order<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order")
            .field("request", &self.request.label())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl AriClient {
    /// An order with this client's time limit.
    pub(crate) fn order<T: Answer>(&self, request: Request) -> Order<T> {
        Order {
            ari: self.clone(),
            request,
            timeout: self.timeout(),
            most: T::MOST,
            read: T::read,
        }
    }
}

/// What Asterisk answers with.
pub(crate) trait Answer: Sized {
    /// Most bytes that it may have; 0 when nothing of it matters.
    const MOST: usize;

    fn read(body: Vec<u8>) -> Result<Self, serde_json::Error>;
}

/// Most bytes of an answer about one thing: as many calls as are up may be waiting for theirs.
pub(crate) const MAX_ANSWER: usize = 64 << 10;
/// Most bytes of an answer about one thing with lists in it, such as a bridge with its channels:
/// 40,000 ids are shorter.
const MAX_LONG_ANSWER: usize = 1 << 20;
/// Most bytes of a list. A list of 20,000 channels is shorter.
const MAX_LIST: usize = 16 << 20;
/// Most bytes of a file: a recording of an hour and more.
const MAX_FILE: usize = 128 << 20;

impl Answer for () {
    const MOST: usize = 0;

    fn read(_: Vec<u8>) -> Result<Self, serde_json::Error> {
        Ok(())
    }
}

impl Answer for Vec<u8> {
    const MOST: usize = MAX_FILE;

    fn read(body: Vec<u8>) -> Result<Self, serde_json::Error> {
        Ok(body)
    }
}

impl<M: Model> Answer for M {
    const MOST: usize = if M::LONG { MAX_LONG_ANSWER } else { MAX_ANSWER };

    fn read(body: Vec<u8>) -> Result<Self, serde_json::Error> {
        serde_json::from_slice::<Entry<M>>(&body).map(|entry| entry.0)
    }
}

impl<M: Model> Answer for Vec<M> {
    const MOST: usize = MAX_LIST;

    fn read(body: Vec<u8>) -> Result<Self, serde_json::Error> {
        let entries = serde_json::from_slice::<Vec<Entry<M>>>(&body)?;
        Ok(entries.into_iter().map(|entry| entry.0).collect())
    }
}

/// One model of a list, so that no more than one is in memory as JSON.
struct Entry<M>(M);

impl<'de, M: Model> serde::Deserialize<'de> for Entry<M> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::read::model(from).map(Entry)
    }
}

/// What an operation sends.
pub(crate) struct Request {
    /// The operation as Rust knows it: `channel.hold`.
    operation: &'static str,
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    parameters: Json,
}

impl Request {
    pub(crate) fn get(operation: &'static str, path: &[&str]) -> Self {
        Self::new(Method::GET, operation, path)
    }

    pub(crate) fn post(operation: &'static str, path: &[&str]) -> Self {
        Self::new(Method::POST, operation, path)
    }

    pub(crate) fn put(operation: &'static str, path: &[&str]) -> Self {
        Self::new(Method::PUT, operation, path)
    }

    pub(crate) fn delete(operation: &'static str, path: &[&str]) -> Self {
        Self::new(Method::DELETE, operation, path)
    }

    pub(crate) fn set<P: Parameter + ?Sized>(mut self, name: &'static str, value: &P) -> Self {
        self.parameters.insert(name.to_owned(), value.value());
        self
    }

    pub(crate) fn option<P: Parameter>(self, name: &'static str, value: &Option<P>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    pub(crate) fn several<P: Parameter>(self, name: &'static str, values: &[P]) -> Self {
        if values.is_empty() {
            return self;
        }
        let values: Vec<Value> = values.iter().map(Parameter::value).collect();
        self.set(name, &Value::Array(values))
    }

    pub(crate) fn object(self, name: &'static str, object: &Json) -> Self {
        if object.is_empty() {
            return self;
        }
        self.set(name, &Value::Object(object.clone()))
    }

    /// A list of `ConfigTuple`.
    pub(crate) fn tuples(self, name: &'static str, tuples: &[(String, String)]) -> Self {
        if tuples.is_empty() {
            return self;
        }
        let tuples = tuples.iter().map(
            |(attribute, value)| serde_json::json!({ "attribute": attribute, "value": value }),
        );
        self.set(name, &Value::Array(tuples.collect()))
    }

    /// The whole body, in place of parameters.
    pub(crate) fn body(mut self, body: &Json) -> Self {
        self.parameters = body.clone();
        self
    }

    /// The operation, its method and path, for errors and logs. Parameters are left out: they may
    /// hold private data.
    pub(crate) fn label(&self) -> String {
        let mut label = format!("{} ({} ", self.operation, self.method);
        for segment in &self.path {
            label.push('/');
            label.push_str(&clean(segment));
        }
        label.push(')');
        label
    }

    /// Asterisk's module with the operations on this resource.
    pub(crate) fn module(&self) -> String {
        let resource = self.path.first().map(String::as_str).unwrap_or_default();
        let mut module = "res_ari_".to_owned();
        for letter in resource.chars() {
            if letter.is_ascii_uppercase() {
                module.push('_');
            }
            module.push(letter.to_ascii_lowercase());
        }
        module
    }

    /// Parameters for the body. Asterisk reads channel variables only there, its request line has
    /// 4 KiB at most, and a list whose entries have commas is whole only in JSON.
    pub(crate) fn json(&self) -> Option<&Json> {
        let has_body = matches!(self.method, Method::POST | Method::PUT);
        (has_body && !self.parameters.is_empty()).then_some(&self.parameters)
    }

    /// Parameters for the URL, where there is no body.
    pub(crate) fn query(&self) -> Vec<(&str, String)> {
        if matches!(self.method, Method::POST | Method::PUT) {
            return Vec::new();
        }
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let pairs = self.parameters.iter().map(|(name, value)| match value {
            Value::Array(entries) => {
                let entries: Vec<_> = entries.iter().map(text).collect();
                (name.as_str(), entries.join(","))
            }
            value => (name.as_str(), text(value)),
        });
        pairs.collect()
    }

    fn new(method: Method, operation: &'static str, path: &[&str]) -> Self {
        Self {
            operation,
            method,
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            parameters: Json::new(),
        }
    }
}

/// What a parameter can be.
pub(crate) trait Parameter {
    fn value(&self) -> Value;
}

impl Parameter for Value {
    fn value(&self) -> Value {
        self.clone()
    }
}

impl Parameter for str {
    fn value(&self) -> Value {
        self.into()
    }
}

impl Parameter for String {
    fn value(&self) -> Value {
        self.as_str().into()
    }
}

impl Parameter for i64 {
    fn value(&self) -> Value {
        (*self).into()
    }
}

impl Parameter for bool {
    fn value(&self) -> Value {
        (*self).into()
    }
}

/// One text or several: `"sound:beep"`, `["sound:beep", "sound:hello-world"]`.
pub trait Many {
    /// All of them.
    fn many(self) -> Vec<String>;
}

impl Many for &str {
    fn many(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl Many for String {
    fn many(self) -> Vec<String> {
        vec![self]
    }
}

impl Many for &String {
    fn many(self) -> Vec<String> {
        vec![self.clone()]
    }
}

impl<S: Into<String>> Many for Vec<S> {
    fn many(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<S: Into<String>, const N: usize> Many for [S; N] {
    fn many(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<S: AsRef<str>> Many for &[S] {
    fn many(self) -> Vec<String> {
        self.iter().map(|text| text.as_ref().to_owned()).collect()
    }
}
