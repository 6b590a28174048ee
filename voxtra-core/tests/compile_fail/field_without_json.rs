use voxtra_core::voxtra;

// Everything an event needs but its JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Money {
    cents: i64,
}

voxtra! {
    events {
        order.placed { items: u8, total: Money }
    }
}

fn main() {}
