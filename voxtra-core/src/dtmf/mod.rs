//! DTMF digits that come as tones in the caller's audio.
//!
//! Most lines signal digits beside the audio (RFC 4733), and Asterisk passes them on as frames of
//! their own. Some don't: an analogue gateway, a trunk without telephone events, a phone that is
//! held to another. There the tones are all there is. [`DtmfDetector`] hears them; [`KeyPresses`]
//! reports a press once, even if it is both signalled and heard.
//!
//! The tones are those of ITU-T Q.23 (11/88). What a receiver must take and leave is from ITU-T
//! Q.24 (11/88), annex A, in the column of AT&T where administrations differ. It has no figures for
//! noise, of which receivers are usually rated for as much as here, nor for dial tone, of which
//! those in exchanges bear more: nobody in a call hears it. Levels are per tone:
//!
//! | | accepted | refused |
//! |---|---|---|
//! | frequency | ±(1.5 % + 2 Hz) | from ±3.5 % |
//! | level | 0 to -25 dBm0 | from -31 dBm0 |
//! | twist, low tone louder ("normal") | 8 dB (up to 10) | from 12 dB |
//! | twist, high tone louder ("reverse") | 4 dB (up to 5) | from 6.5 dB |
//! | duration | from 40 ms (from 36) | up to 25 ms |
//! | pause, before the same digit again | from 40 ms (from 36) | up to 28 ms: one digit |
//! | white noise | up to -15 dB of the digit's power | |
//! | dial tone, 350 and 440 Hz | each up to 6 dB softer than each tone | |
//!
//! A sine at full scale is +3.17 dBm0 in µ-law (ITU-T G.711) and -3.01 dBFS
//! ([`Level`](crate::audio::Level)), so 0 dBm0 is -6.18 dBFS, and -25 dBm0 is -31.18 dBFS. Two
//! tones of 0 dBm0 are more than fits: they are accepted with their peaks cut off.
//!
//! With a twist of 8 dB and noise of -15 dB together, one in 25 tones of 40 ms is missed; longer
//! ones have more chances.
//!
//! **Talk-off.** In 29 hours of speech (4.8 hours of recorded and synthetic voices, at six levels
//! and alignments to frames) it heard 2 digits, both in one cry; in 24 hours of music and 4.2 hours
//! of conversation before noise none; in 4.6 hours of effects of games 11, in two sounds.

mod band;
mod detector;
mod presses;
mod run;
mod tones;

pub use detector::DtmfDetector;
pub use presses::{DtmfSource, KeyPresses};
