//! Orders about channels: originate, answer, hang up, keys, variables, return to the dialplan.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::Request;
use super::{AriClient, AriError, Channel};

impl AriClient {
    /// `GET /channels`: every channel in Asterisk, ours or not.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn channels(&self) -> Result<Vec<Channel>, AriError> {
        self.send(Request::get(["channels"]).list()).await
    }

    /// `GET /channels/{id}`.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn channel(&self, channel: &str) -> Result<Channel, AriError> {
        self.send(Request::get(["channels", channel])).await
    }

    /// `POST /channels` or `POST /channels/{id}`: places a call. Returns at once, long before
    /// anybody answers. The outcome comes as events (`Dial`, `StasisStart`, `ChannelDestroyed` with
    /// the cause).
    ///
    /// # Errors
    /// See [`AriClient`]. `Status` 400 when the endpoint's technology or syntax is unknown,
    /// `Conflict` when the channel id is taken.
    pub async fn originate(&self, originate: Originate) -> Result<Channel, AriError> {
        let body = originate.body(self.app())?;
        let request = match &originate.channel_id {
            Some(id) => Request::post(["channels", id]),
            None => Request::post(["channels"]),
        };
        self.send(request.body(body)).await
    }

    /// `POST /channels/{id}/answer`.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn answer(&self, channel: &str) -> Result<(), AriError> {
        self.order(Request::post(["channels", channel, "answer"]))
            .await
    }

    /// `POST /channels/{id}/ring`: plays ringing to the caller.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn ring(&self, channel: &str) -> Result<(), AriError> {
        self.order(Request::post(["channels", channel, "ring"]))
            .await
    }

    /// `DELETE /channels/{id}`.
    ///
    /// # Errors
    /// See [`AriClient`]; `NotFound` means that the channel has gone already.
    pub async fn hangup(&self, channel: &str, reason: HangupReason) -> Result<(), AriError> {
        self.order(Request::delete(["channels", channel]).query("reason", reason.as_str()))
            .await
    }

    /// `POST /channels/{id}/dtmf`: sends keys to the channel's far end, 100 ms each with 100 ms
    /// between.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn send_dtmf(&self, channel: &str, digits: &str) -> Result<(), AriError> {
        self.order(Request::post(["channels", channel, "dtmf"]).query("dtmf", digits))
            .await
    }

    /// `POST /channels/{id}/continue`: returns the channel to the dialplan, at the next step or
    /// elsewhere.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn continue_in_dialplan(
        &self,
        channel: &str,
        at: &ContinueAt,
    ) -> Result<(), AriError> {
        let mut request = Request::post(["channels", channel, "continue"]);
        if let Some(context) = &at.context {
            request = request.query("context", context);
        }
        if let Some(extension) = &at.extension {
            request = request.query("extension", extension);
        }
        if let Some(priority) = at.priority {
            request = request.query("priority", priority.to_string());
        }
        self.order(request).await
    }

    /// `POST /channels/{id}/redirect`: sends an inbound caller elsewhere. How depends on the
    /// technology: SIP answers 302 before the call is up and sends a REFER after; `Local` channels
    /// can't.
    ///
    /// # Errors
    /// See [`AriClient`]. `endpoint` must be of the channel's own technology.
    pub async fn redirect(&self, channel: &str, endpoint: &str) -> Result<(), AriError> {
        self.order(Request::post(["channels", channel, "redirect"]).query("endpoint", endpoint))
            .await
    }

    /// `POST /channels/{id}/variable`.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn set_variable(
        &self,
        channel: &str,
        name: &str,
        value: &str,
    ) -> Result<(), AriError> {
        let body = json!({ "variable": name, "value": value });
        self.order(Request::post(["channels", channel, "variable"]).body(body))
            .await
    }

    /// `GET /channels/{id}/variable`: a variable or a dialplan function such as `CALLERID(num)`.
    /// `None` when the variable was never set.
    ///
    /// # Errors
    /// See [`AriClient`].
    pub async fn get_variable(
        &self,
        channel: &str,
        name: &str,
    ) -> Result<Option<String>, AriError> {
        #[derive(Deserialize)]
        struct Variable {
            #[serde(deserialize_with = "super::text::value")]
            value: String,
        }
        let request = Request::get(["channels", channel, "variable"]).query("variable", name);
        match self.send::<Variable>(request).await {
            Ok(variable) => Ok(Some(variable.value)),
            // The status is the same if the channel does not exist; only the message differs.
            Err(AriError::NotFound { message, .. })
                if message.to_ascii_lowercase().contains("variable") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A call to place: made with [`Originate::to_stasis`] or [`Originate::to_dialplan`], refined with
/// the other methods.
///
/// ```
/// use std::time::Duration;
/// use voxtra_ari::Originate;
///
/// let call = Originate::to_stasis("PJSIP/200")
///     .args(["survey", "42"])
///     .channel_id("survey-42")
///     .caller_id("Acme <1000>")
///     .timeout(Duration::from_secs(20))
///     .variable("CUSTOMER", "42");
/// # let _ = call;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originate {
    /// The endpoint to call: `PJSIP/200`, `Local/100@internal` …
    pub endpoint: String,
    /// Where the channel goes once it is answered.
    pub route: OriginateRoute,
    /// What the called party sees: `Name <number>` or a number.
    pub caller_id: Option<String>,
    /// How long to ring, in whole seconds, at least 1. Asterisk's own default is 30 s.
    pub timeout: Option<Duration>,
    /// The id of the new channel.
    pub channel_id: Option<String>,
    /// For `Local` channels: the id of the second half.
    pub other_channel_id: Option<String>,
    /// Channel variables, set before dialling starts. Channels that this one makes inherit a name
    /// that begins with `_`; with `__`, so do theirs. Functions such as `CALLERID(num)` work too.
    pub variables: BTreeMap<String, String>,
    /// Codecs to offer, `ulaw,slin16`; without it Asterisk chooses.
    pub formats: Option<String>,
}

/// Where an originated channel goes once it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginateRoute {
    /// Into a Stasis application; its events come as soon as the channel is made.
    Stasis {
        /// Name of the application; ours if `None`.
        app: Option<String>,
        /// Arguments, which arrive with `StasisStart`.
        args: Vec<String>,
    },
    /// Into the dialplan. Asterisk sends us no events unless we
    /// [subscribe](AriClient::subscribe_channel).
    Dialplan {
        /// Context.
        context: String,
        /// Extension.
        extension: String,
        /// Priority, from 1.
        priority: u32,
    },
}

impl Originate {
    /// Calls `endpoint` and puts the party that answers into our Stasis application.
    pub fn to_stasis(endpoint: impl Into<String>) -> Self {
        Self::new(
            endpoint.into(),
            OriginateRoute::Stasis {
                app: None,
                args: Vec::new(),
            },
        )
    }

    /// Calls `endpoint` and sends the party that answers to the dialplan, at priority 1.
    pub fn to_dialplan(
        endpoint: impl Into<String>,
        context: impl Into<String>,
        extension: impl Into<String>,
    ) -> Self {
        let route = OriginateRoute::Dialplan {
            context: context.into(),
            extension: extension.into(),
            priority: 1,
        };
        Self::new(endpoint.into(), route)
    }

    /// Arguments for the Stasis application; no effect on a call into the dialplan.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, new: impl IntoIterator<Item = S>) -> Self {
        if let OriginateRoute::Stasis { args, .. } = &mut self.route {
            *args = new.into_iter().map(Into::into).collect();
        }
        self
    }

    /// What the called party sees: `Name <number>` or a number.
    #[must_use]
    pub fn caller_id(mut self, caller_id: impl Into<String>) -> Self {
        self.caller_id = Some(caller_id.into());
        self
    }

    /// How long to ring.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The id of the new channel, so that no event can come before we know it.
    #[must_use]
    pub fn channel_id(mut self, id: impl Into<String>) -> Self {
        self.channel_id = Some(id.into());
        self
    }

    /// Sets a channel variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn new(endpoint: String, route: OriginateRoute) -> Self {
        Self {
            endpoint,
            route,
            caller_id: None,
            timeout: None,
            channel_id: None,
            other_channel_id: None,
            variables: BTreeMap::new(),
            formats: None,
        }
    }

    /// All parameters go into the body: Asterisk reads variables only there, and accepts the rest.
    fn body(&self, our_app: &str) -> Result<Value, AriError> {
        let mut body = Map::new();
        body.insert("endpoint".into(), self.endpoint.as_str().into());
        match &self.route {
            OriginateRoute::Stasis { app, args } => {
                body.insert("app".into(), app.as_deref().unwrap_or(our_app).into());
                // Asterisk splits the list itself and interprets these characters.
                if args
                    .iter()
                    .any(|arg| arg.contains([',', '"', '\\', '(', ')']))
                {
                    return Err(AriError::InvalidRequest {
                        request: "POST /channels".to_owned(),
                        reason: "an argument of the application must not contain , \" \\ ( or ): use a variable",
                    });
                }
                if !args.is_empty() {
                    body.insert("appArgs".into(), args.join(",").into());
                }
            }
            OriginateRoute::Dialplan {
                context,
                extension,
                priority,
            } => {
                body.insert("context".into(), context.as_str().into());
                body.insert("extension".into(), extension.as_str().into());
                body.insert("priority".into(), (*priority).into());
            }
        }
        if let Some(timeout) = self.timeout {
            // 0 would mean "for ever" to some technologies.
            body.insert("timeout".into(), timeout.as_secs().max(1).into());
        }
        let optional = [
            ("callerId", &self.caller_id),
            ("otherChannelId", &self.other_channel_id),
            ("formats", &self.formats),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                body.insert(name.into(), value.as_str().into());
            }
        }
        if !self.variables.is_empty() {
            body.insert("variables".into(), json!(self.variables));
        }
        Ok(Value::Object(body))
    }
}

/// Where [`AriClient::continue_in_dialplan`] goes on. Fields left out stay as they were; the
/// default is the step after `Stasis()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContinueAt {
    /// Context.
    pub context: Option<String>,
    /// Extension.
    pub extension: Option<String>,
    /// Priority, from 1.
    pub priority: Option<u32>,
}

/// The reason for a hang-up, as the far end learns it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HangupReason {
    /// The call is over.
    #[default]
    Normal,
    /// We are busy.
    Busy,
    /// No resources.
    Congestion,
    /// Nobody answered.
    NoAnswer,
    /// We reject the call.
    Rejected,
    /// There is no such number.
    Unallocated,
    /// Something went wrong.
    Failure,
}

impl HangupReason {
    /// ARI's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Busy => "busy",
            Self::Congestion => "congestion",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Unallocated => "unallocated",
            Self::Failure => "failure",
        }
    }
}
