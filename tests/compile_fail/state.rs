use voxtra::voxtra;

voxtra! {
    session Support {
        state {
            attempts: u8 = 0,
            attempts: u16 = 1,
            names: Vec<String>,
            asked,
            total: u32 = 1 +,
            loud: bool = "yes",
            last: char = 'x' next: char = 'y',
        }
        on call.started {
            state.attempts += 1;
            state.names.clear();
        }
    }
}

fn main() {}
