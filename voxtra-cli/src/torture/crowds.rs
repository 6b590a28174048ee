//! Many connections at once.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::case::{Family, Lane, millis, seconds};
use super::target::{After, SOON, Target};
use super::wire::Peer;

/// Connections that are begun at the same time.
const AT_ONCE: usize = 250;
/// Honest calls beside a crowd.
const HONEST: usize = 10;
/// How long a crowd may stay.
const PATIENCE: Duration = Duration::from_secs(15);
const STORM: usize = 300;

pub(super) fn family() -> Family {
    Family::new("crowds")
        .case(
            "storm",
            Lane::InTurn,
            "places 300 calls in the same moment",
            "serves them all",
            storm,
        )
        .case(
            "silent-crowd",
            Lane::InTurn,
            "opens 5,000 connections (--connections) that never identify themselves, and places honest calls beside them",
            "serves every honest call, and closes the others within 15 s",
            silent_crowd,
        )
}

async fn storm(target: Target) -> Result<String, String> {
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..STORM {
        calls.spawn(async move {
            let mut peer = target.call().await?;
            match target.goes_on(&mut peer).await {
                After::GoesOn => Ok(peer),
                other => Err(other.words()),
            }
        });
    }
    let mut served = Vec::new();
    let mut refused = Vec::new();
    while let Some(call) = calls.join_next().await {
        match call.map_err(|error| error.to_string()).flatten() {
            // It stays up, so that all are up in the end.
            Ok(peer) => served.push(peer),
            Err(why) => refused.push(why),
        }
    }
    match refused.first() {
        None => Ok(format!(
            "{STORM} calls served within {}",
            seconds(began.elapsed())
        )),
        Some(why) => Err(format!(
            "{} of {STORM} were not served: {why}",
            refused.len()
        )),
    }
}

async fn silent_crowd(target: Target) -> Result<String, String> {
    let mut crowd: Vec<Peer> = Vec::with_capacity(target.crowd);
    let (mut refused, mut reason) = (0, String::new());
    while crowd.len() + refused < target.crowd {
        let mut connecting = JoinSet::new();
        for _ in 0..AT_ONCE.min(target.crowd - crowd.len() - refused) {
            connecting.spawn(Peer::connect(target.address));
        }
        while let Some(connected) = connecting.join_next().await {
            match connected.map_err(|error| error.to_string()).flatten() {
                Ok(peer) => crowd.push(peer),
                Err(why) => {
                    refused += 1;
                    reason = why;
                }
            }
        }
    }
    if refused > crowd.len() {
        return Err(format!(
            "{refused} of {} connections did not come about: {reason}",
            target.crowd
        ));
    }
    let gathered = Instant::now();
    let mut slowest = Duration::ZERO;
    for n in 1..=HONEST {
        let began = Instant::now();
        let mut honest = target
            .call()
            .await
            .map_err(|why| format!("honest call {n}: {why}"))?;
        match target.goes_on(&mut honest).await {
            After::GoesOn => slowest = slowest.max(began.elapsed()),
            other => return Err(format!("honest call {n} of {HONEST}: {}", other.words())),
        }
    }
    let mut leaving = JoinSet::new();
    for peer in crowd {
        leaving.spawn(shown_out(peer));
    }
    let (mut stayed, mut spoken_to) = (0, 0);
    while let Some(left) = leaving.join_next().await {
        match left.map_err(|error| error.to_string()).flatten() {
            Ok((_, 0)) => {}
            Ok(_) => spoken_to += 1,
            Err(_) => stayed += 1,
        }
    }
    if stayed > 0 {
        return Err(format!(
            "{stayed} of {} connections without an id were open after {}",
            target.crowd,
            seconds(PATIENCE)
        ));
    }
    if spoken_to > 0 {
        return Err(format!(
            "it sent audio to {spoken_to} connections without an id"
        ));
    }
    if slowest > SOON {
        return Err(format!("an honest call waited {}", seconds(slowest)));
    }
    Ok(format!(
        "{HONEST} honest calls served, the slowest within {}; {} strangers gone after {}",
        millis(slowest),
        target.crowd - refused,
        seconds(gathered.elapsed())
    ))
}

/// Waits for the server to close, with the sending half open: its end would be an end that we made.
async fn shown_out(mut peer: Peer) -> Result<(Duration, usize), String> {
    peer.reader.closed(PATIENCE).await
}
