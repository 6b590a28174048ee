use voxtra_core::voxtra;

voxtra! {
    session Support {
        on call.started {}
    }
}

fn main() {}
