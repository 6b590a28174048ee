use voxtra::voxtra;

voxtra! {
    session Clock {
        after 10 {}
        after 10s of agent.silence {}
        after user.silence {}
        every 0s {}
        every 2d {}
        every 30s of user.silence {}
        every 1s {}
        every 1000ms {}
        every 2s;
    }
}

fn main() {}
