//! Rates, clocks that drift, and networks that stand still.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use voxtra_core::audio::SampleRate;
use voxtra_core::audiosocket::kind;

use super::case::{Family, Lane, Verdict, goes_on, millis};
use super::target::{After, FRAME, FRAME_BYTES, Manner, Target};
use super::wire::{Peer, Received, mark};

/// How long a clock drifts: at 1 %, that makes 120 ms.
const DRIFT: Duration = Duration::from_secs(12);
/// How much of a drift may be left standing in the server, to grow with every minute of the call.
const STANDING: Duration = Duration::from_millis(40);
const STALL: Duration = Duration::from_secs(3);
/// Who sends a frame later than this sends several at once.
const OWN: Duration = Duration::from_millis(60);
/// Asterisk hangs up when nothing has passed in either direction for so long.
const ASTERISK_WAITS: Duration = Duration::from_secs(2);

/// All nine rates.
pub(super) fn rates() -> Family {
    SampleRate::ALL
        .iter()
        .fold(Family::new("rates"), |family, &rate| {
            family.judged(
                format!("rate-{}", rate.hz()),
                Lane::Beside,
                "speaks for half a second at this rate, as Asterisk's channel driver may",
                "takes the rate that the frames say, and loses nothing",
                move |target| async move {
                    let mut own = Duration::ZERO;
                    let found = at_rate(target, rate, &mut own).await;
                    judge(found, own)
                },
            )
        })
}

pub(super) fn family() -> Family {
    let keeps_up = "keeps up: loses nothing, and no delay builds up";
    Family::new("timing")
        .judged(
            "clock-fast",
            Lane::Beside,
            "speaks 1 % too fast for 12 s",
            keeps_up,
            |target| drift(target, Duration::from_micros(19_800)),
        )
        .judged(
            "clock-slow",
            Lane::Beside,
            "speaks 1 % too slowly for 12 s",
            keeps_up,
            |target| drift(target, Duration::from_micros(20_200)),
        )
        .case(
            "stall",
            Lane::Beside,
            "sends and reads nothing for 3 s, and then everything at once",
            "goes on",
            stall,
        )
        .case(
            "silent-caller",
            Lane::Beside,
            "sends nothing for 5 s: a muted caller",
            "sends something at least every 2 s, or Asterisk hangs up",
            silent_caller,
        )
}

/// What a case is worth in which we were so late ourselves. Frames that we sent late were a burst
/// that no telephone sends, and we did not read meanwhile: what was lost then may be our fault.
fn judge(found: Result<String, String>, own: Duration) -> Verdict {
    match found {
        Err(why) if own > OWN => Verdict::Skip(format!(
            "can't be judged: this machine kept the suite itself waiting for {}; {why}",
            millis(own)
        )),
        found => found.into(),
    }
}

/// Speaks at this rate; `own` becomes how late we were ourselves.
async fn at_rate(target: Target, rate: SampleRate, own: &mut Duration) -> Result<String, String> {
    let (kind, bytes) = (kind::of_audio(rate), 2 * rate.frame_samples());
    let mut peer = target.call().await?;
    match target.goes_on_at(&mut peer, kind, bytes).await {
        After::GoesOn => {}
        other => return Err(other.words()),
    }
    let run = run(&mut peer, target, kind, bytes, FRAME, 25 * FRAME, own).await?;
    run.nothing_lost(target)?;
    Ok("nothing lost".into())
}

/// Frames sent and what came back of them.
#[derive(Debug, Default)]
struct Run {
    sent: Vec<(Vec<u8>, Instant)>,
    /// How long each echo took, in the order of the frames.
    turn_around: Vec<Duration>,
    heard: usize,
}

impl Run {
    fn nothing_lost(&self, target: Target) -> Result<(), String> {
        let lost = self.sent.len() - self.turn_around.len();
        match target.manner {
            Manner::Echoes if lost > 0 => Err(format!(
                "{lost} of {} frames never came back",
                self.sent.len()
            )),
            Manner::Talks if self.heard == 0 => Err("it fell silent".into()),
            _ => Ok(()),
        }
    }
}

/// Speaks a frame every `pace` for so long, and listens to the end of the echo. `own` becomes how
/// late the latest frame was.
async fn run(
    peer: &mut Peer,
    target: Target,
    kind: u8,
    bytes: usize,
    pace: Duration,
    long: Duration,
    own: &mut Duration,
) -> Result<Run, String> {
    let began = Instant::now();
    let mut run = Run::default();
    let mut next = began;
    let end = began + long;
    let mut patience = end + super::target::SOON;
    loop {
        let now = Instant::now();
        if now >= next && next < end {
            *own = (*own).max(now - next);
            let frame = mark(bytes);
            peer.writer.try_audio(kind, &frame)?;
            run.sent.push((frame, now));
            next += pace;
            continue;
        }
        let speaking = next < end;
        if !speaking && (target.manner != Manner::Echoes || run.turn_around.len() == run.sent.len())
        {
            return Ok(run);
        }
        patience = patience.max(next);
        match peer
            .reader
            .next_until(if speaking { next } else { patience })
            .await
        {
            Received::Audio {
                kind: heard,
                payload,
            } => {
                run.heard += 1;
                let Some((expected, at)) = run.sent.get(run.turn_around.len()) else {
                    continue;
                };
                if payload == *expected {
                    if heard != kind {
                        return Err(format!("it echoes kind {kind:#04x} as {heard:#04x}"));
                    }
                    run.turn_around.push(at.elapsed());
                } else if run.sent.iter().any(|(frame, _)| *frame == payload) {
                    return Err(format!(
                        "frame {} never came back",
                        run.turn_around.len() + 1
                    ));
                }
            }
            Received::Wrong(what) => return Err(what),
            Received::HangUp | Received::Closed => return Err("it ended the call".into()),
            Received::Nothing if speaking => {}
            Received::Nothing => return Ok(run),
        }
    }
}

async fn drift(target: Target, pace: Duration) -> Verdict {
    let mut own = Duration::ZERO;
    let found = drifts(target, pace, &mut own).await;
    judge(found, own)
}

async fn drifts(target: Target, pace: Duration, own: &mut Duration) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let run = run(&mut peer, target, 0x10, FRAME_BYTES, pace, DRIFT, own).await?;
    run.nothing_lost(target)?;
    let frames = run.turn_around.len();
    if target.manner != Manner::Echoes {
        return Ok("the call goes on".into());
    }
    // The shortest of many is what the machine's own load has the least part in.
    let shortest = |part: &[Duration]| part.iter().min().copied().unwrap_or_default();
    let (first, last) = (
        shortest(run.turn_around.get(..frames / 6).unwrap_or_default()),
        shortest(
            run.turn_around
                .get(frames - frames / 6..)
                .unwrap_or_default(),
        ),
    );
    if last > first + STANDING {
        return Err(format!(
            "turn-around grew from {} to {}",
            millis(first),
            millis(last)
        ));
    }
    Ok(format!(
        "{frames} frames, none lost, turn-around {} at the end",
        millis(last)
    ))
}

async fn stall(target: Target) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let began = Instant::now();
    sleep_until(began + STALL).await;
    // What a caller has said meanwhile comes bunched.
    let frames = STALL.as_millis() / FRAME.as_millis();
    for _ in 0..frames {
        peer.writer
            .audio(0x10, &mark(FRAME_BYTES))
            .await
            .map_err(|why| format!("after the stall: {why}"))?;
    }
    goes_on(target.goes_on(&mut peer).await)
}

async fn silent_caller(target: Target) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    let began = Instant::now();
    let (mut last, mut longest, mut frames) = (began, Duration::ZERO, 0u32);
    while began.elapsed() < Duration::from_secs(5) {
        match peer
            .reader
            .next(ASTERISK_WAITS + Duration::from_millis(500))
            .await
        {
            Received::Audio { .. } => {
                frames += 1;
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            Received::Wrong(what) => return Err(what),
            Received::HangUp | Received::Closed => return Err("it ended the call".into()),
            Received::Nothing => {
                return Err(
                    "it sent nothing for more than 2 s, after which Asterisk hangs up".into(),
                );
            }
        }
    }
    if longest > ASTERISK_WAITS {
        return Err(format!(
            "it sent nothing for {}, and Asterisk hangs up after 2 s",
            millis(longest)
        ));
    }
    Ok(format!(
        "{frames} frames, none more than {} after another",
        millis(longest)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_case_in_which_we_were_late_ourselves_is_excused() {
        let lost = || Err("1 of 25 frames never came back".to_owned());
        assert!(matches!(judge(lost(), OWN), Verdict::Fail(_)));
        let Verdict::Skip(why) = judge(lost(), 2 * OWN) else {
            panic!("it was excused")
        };
        assert!(why.contains("120.0 ms") && why.contains("1 of 25"), "{why}");
        let fine = judge(Ok("nothing lost".into()), 2 * OWN);
        assert_eq!(fine, Verdict::Pass("nothing lost".into()));
    }
}
