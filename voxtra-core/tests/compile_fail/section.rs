use voxtra_core::voxtra;

voxtra! {
    event { lost {} }
    something_else { lost {} }
    /// About nothing.
    events {
        @realtim clock.ticked {}
        #[derive(Eq)]
        clock.stopped {}
        clock.wound
        clock.started {}
        {}
        "clock" {}
        clock set {}
        self {}
    }
    catalogue {}
    42
}

fn main() {
    let _ = (ClockTicked {}, ClockStopped {}, ClockWound {}, ClockStarted {}, ClockSet {});
}
