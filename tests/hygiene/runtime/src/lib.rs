//! `voxtra!` in a crate that has `voxtra-rt` alone, and glob-imports nothing.
#![forbid(unsafe_code)]
#![deny(warnings)]

voxtra_rt::voxtra! {
    events Doors {
        /// Somebody is at the door.
        door.knocked { times: u8 = 2, note: voxtra_rt::core::event::Text<8> = "please" }
    }

    /// Opens.
    session Porter {
        route default;
        on call.started { call.emit(DoorKnocked::default()).await; }
        on door.knocked(times: 2, note: "please") { call.hangup().await?; }
    }
}

#[cfg(test)]
mod tests {
    use voxtra_rt::rehearsal::Rehearsal;

    #[tokio::test(start_paused = true)]
    async fn the_session_runs() {
        let rehearsal = Rehearsal::new().session::<super::Porter>();
        let conversation = rehearsal.call("1000").await.ended().await;
        assert_eq!(conversation.count("door.knocked"), 1, "{conversation}");
    }
}
