use voxtra_core::voxtra;

// Everything an event needs but `PartialEq`.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Money {
    cents: i64,
}

voxtra! {
    events {
        order.placed { total: Money }
    }
}

fn main() {}
