//! Hours with a receiver that misbehaves, in virtual time.

use super::*;

const SESSIONS: u32 = 20;

/// One event a second of each session, for so long. Returns the most that waited at once.
async fn busy(rig: &Rig, how_long: Duration) -> u64 {
    let mut most = 0;
    for number in 0..u32::try_from(how_long.as_secs()).unwrap() {
        for session in 0..SESSIONS {
            rig.enqueue(event(&session.to_string(), &format!("{session} {number}")));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        most = most.max(rig.counters().queued);
    }
    most
}

fn everything_came_in_order(rig: &Rig, events: u32) {
    for session in 0..SESSIONS {
        let delivered = delivered_of(rig, &format!("{session} "));
        assert_eq!(delivered, (0..events).collect::<Vec<_>>());
    }
    let expected = WebhookCounters {
        delivered: u64::from(SESSIONS * events),
        retries: rig.counters().retries,
        ..WebhookCounters::default()
    };
    assert_eq!(rig.counters(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_flaps_for_an_hour_gets_everything_in_order() {
    let hour = Duration::from_secs(3_600);
    let mut receiver = Receiver::new(Duration::from_millis(10));
    // Away for every second half minute.
    receiver.flaps = Some(Duration::from_secs(30));
    let rig = delivery_to(settings(), receiver);
    let most = busy(&rig, hour).await;
    // What came in its worst half minute, until the next probe, and until the window has grown.
    assert!(most <= u64::from(SESSIONS) * 95, "{most} waited");
    assert!(most >= u64::from(SESSIONS) * 29, "it was never away");
    tokio::time::sleep(Duration::from_secs(120)).await;
    everything_came_in_order(&rig, 3_600);
}

/// Its answers take half a minute: by then the sender has hung up (`timeout`).
#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_too_slow_for_an_hour_is_not_overrun_and_then_gets_everything() {
    let hour = Duration::from_secs(3_600);
    let mut receiver = Receiver::new(Duration::from_millis(10)).away(hour);
    receiver.takes_while_away = Some(settings().timeout);
    let rig = delivery_to(
        WebhookSettings {
            queue: 200_000,
            session_queue: 10_000,
            ..settings()
        },
        receiver,
    );
    let most = busy(&rig, hour).await;
    assert_eq!(most, u64::from(SESSIONS) * 3_600);
    let attempts = ids(&rig).len();
    // Five in a row, those that were under way beside them, and then one at a time: none begins
    // before the one before has failed and half of the wait has passed.
    assert!(attempts <= 16 + 3_600 / 25 + 5, "{attempts} attempts");
    tokio::time::sleep(Duration::from_secs(180)).await;
    everything_came_in_order(&rig, 3_600);
}
