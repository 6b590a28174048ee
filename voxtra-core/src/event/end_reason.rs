//! Why a call ended.

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use super::Text;

/// Why a call ended or failed. The `reason` of `call.ended` and `call.failed` is its
/// [`as_str`](Self::as_str).
///
/// ```
/// use voxtra_core::event::EndReason;
///
/// assert_eq!(EndReason::from_q850(17), Some(EndReason::UserBusy));
/// assert_eq!("user_busy".parse(), Ok(EndReason::UserBusy));
/// assert_eq!(EndReason::UserBusy.to_string(), "user_busy");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// A cause that has no variant of its own, in words.
    Other(Text<48>),
    /// A party that gave up before the call was answered.
    Abandoned,
    /// Asterisk could not be reached, or did not answer.
    AsteriskUnreachable,
    /// Q.850 cause 21: the far end refused the call.
    CallRejected,
    /// Q.850 cause 44: the channel asked for is not available.
    ChannelUnavailable,
    /// Q.850 cause 34: no circuit or channel is available.
    Congestion,
    /// Q.850 cause 27.
    DestinationOutOfOrder,
    /// The call's handler failed.
    HandlerFailed,
    /// Q.850 cause 127. Asterisk's for a SIP CANCEL.
    Interworking,
    /// Q.850 cause 28.
    InvalidNumberFormat,
    /// The call went on elsewhere: it was transferred or sent back into the dialplan.
    LeftApplication,
    /// Asterisk doesn't know the call any more, and has not said why.
    LostWithAsterisk,
    /// The process that had the call was killed.
    LostWithVoxtra,
    /// The audio's connection broke the protocol.
    MediaError,
    /// The audio's connection was lost, and another one could not be made.
    MediaLost,
    /// The audio's connection was idle for too long, or reached its longest duration.
    MediaTimeout,
    /// Q.850 cause 38.
    NetworkOutOfOrder,
    /// Q.850 cause 19: it rang, and nobody answered.
    NoAnswer,
    /// Q.850 cause 3: there is no route to the destination.
    NoRoute,
    /// Asterisk has no such endpoint.
    NoSuchEndpoint,
    /// Q.850 cause 18: the far end's telephone did not respond.
    NoUserResponse,
    /// Q.850 cause 16: a party hung up.
    NormalClearing,
    /// Q.850 cause 31.
    NormalUnspecified,
    /// Asterisk refused the order because of the user's rights.
    NotAuthorized,
    /// Q.850 cause 20.
    SubscriberAbsent,
    /// Q.850 cause 41.
    TemporaryFailure,
    /// Q.850 cause 1: nobody has this number.
    UnallocatedNumber,
    /// The reason is unknown.
    Unknown,
    /// Q.850 cause 17.
    UserBusy,
}

/// Every reason that has a variant, its word, and its cause in ITU-T Q.850 where it has one.
const WORDS: [(EndReason, &str, i32); 28] = [
    (EndReason::Abandoned, "abandoned", NONE),
    (EndReason::AsteriskUnreachable, "asterisk_unreachable", NONE),
    (EndReason::CallRejected, "call_rejected", 21),
    (EndReason::ChannelUnavailable, "channel_unavailable", 44),
    (EndReason::Congestion, "congestion", 34),
    (
        EndReason::DestinationOutOfOrder,
        "destination_out_of_order",
        27,
    ),
    (EndReason::HandlerFailed, "handler_failed", NONE),
    (EndReason::Interworking, "interworking", 127),
    (EndReason::InvalidNumberFormat, "invalid_number_format", 28),
    (EndReason::LeftApplication, "left_application", NONE),
    (EndReason::LostWithAsterisk, "lost_with_asterisk", NONE),
    (EndReason::LostWithVoxtra, "lost_with_voxtra", NONE),
    (EndReason::MediaError, "media_error", NONE),
    (EndReason::MediaLost, "media_lost", NONE),
    (EndReason::MediaTimeout, "media_timeout", NONE),
    (EndReason::NetworkOutOfOrder, "network_out_of_order", 38),
    (EndReason::NoAnswer, "no_answer", 19),
    (EndReason::NoRoute, "no_route", 3),
    (EndReason::NoSuchEndpoint, "no_such_endpoint", NONE),
    (EndReason::NoUserResponse, "no_user_response", 18),
    (EndReason::NormalClearing, "normal_clearing", 16),
    (EndReason::NormalUnspecified, "normal_unspecified", 31),
    (EndReason::NotAuthorized, "not_authorized", NONE),
    (EndReason::SubscriberAbsent, "subscriber_absent", 20),
    (EndReason::TemporaryFailure, "temporary_failure", 41),
    (EndReason::UnallocatedNumber, "unallocated_number", 1),
    (EndReason::Unknown, "unknown", NONE),
    (EndReason::UserBusy, "user_busy", 17),
];

/// No cause of Q.850.
const NONE: i32 = -1;

impl EndReason {
    /// The reason that a cause of ITU-T Q.850 stands for, if it has a variant.
    #[must_use]
    pub fn from_q850(cause: i32) -> Option<Self> {
        let found = WORDS
            .iter()
            .find(|(_, _, code)| *code == cause && cause != NONE);
        found.map(|(reason, _, _)| *reason)
    }

    /// The reason in words, as in an event.
    #[must_use]
    pub fn as_str(&self) -> &str {
        if let Self::Other(words) = self {
            return words.as_str();
        }
        let found = WORDS.iter().find(|(reason, _, _)| reason == self);
        found.map_or("unknown", |(_, word, _)| word)
    }

    /// A cause that somebody else put into words: `Normal Clearing` is `normal_clearing`. Cut after
    /// 48 bytes; without any it is [`Unknown`](Self::Unknown).
    #[must_use]
    pub fn from_words(text: &str) -> Self {
        let letters = text.chars().flat_map(|character| {
            let letter = if character.is_alphanumeric() {
                character
            } else {
                '_'
            };
            letter.to_lowercase()
        });
        let mut words = heapless::String::<48>::new();
        for letter in letters {
            if words.push(letter).is_err() {
                break;
            }
        }
        let known = WORDS.iter().find(|(_, word, _)| *word == words);
        match known {
            Some((reason, _, _)) => *reason,
            None if words.is_empty() => Self::Unknown,
            None => Self::Other(Text::truncated(&words)),
        }
    }
}

impl FromStr for EndReason {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from_words(text))
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::ToOwned as _;
    use std::string::ToString as _;

    #[test]
    fn each_reason_has_one_word_that_means_it() {
        for (reason, word, cause) in WORDS {
            assert_eq!(reason.as_str(), word);
            assert_eq!(reason.to_string(), word);
            assert_eq!(word.parse(), Ok(reason));
            let code = EndReason::from_q850(cause);
            assert_eq!(code, (cause != NONE).then_some(reason));
        }
    }

    #[test]
    fn what_has_no_variant_keeps_its_words() {
        assert_eq!(
            EndReason::from_words("Normal Clearing"),
            EndReason::NormalClearing
        );
        assert_eq!(
            EndReason::from_words("Response to STATUS").as_str(),
            "response_to_status"
        );
        assert_eq!(EndReason::from_words(""), EndReason::Unknown);
        assert_eq!(EndReason::from_q850(99), None);
        let long = "x".to_owned() + &"É".repeat(100) + "x";
        let cut = EndReason::from_words(&long);
        assert_eq!(cut.as_str(), "x".to_owned() + &"é".repeat(23));
    }
}
