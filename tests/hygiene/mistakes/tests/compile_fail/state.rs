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

voxtra! {
    session Early {
        on call.started { state.attempts += 1; }
        state { attempts: u8 = 0 }
        on call.answered { state.attempt += 1; state.reset(); }
    }

    session Without {
        on call.started { state.visits += 1; }
    }
}

impl Early {
    fn reset(&mut self) {
        self.attempts = 0;
    }
}

fn main() {}
