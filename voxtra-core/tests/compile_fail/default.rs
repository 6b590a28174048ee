use std::time::Duration;

use voxtra_core::{event::Text, voxtra};

voxtra! {
    events {
        order.placed {
            items: u8 = "three",
            note: Text<4> = "far too long",
            by: card | cash = crad,
            to: home | shop = 1 + 1,
            wait: Duration = 3,
            gift: bool = ,
            tries: Option<u8> = 300,
            word: Option<Text<4>> = "far too long as well",
            count: u8 = 1,
        }
    }
}

fn main() {
    // What was right is there.
    let _ = OrderPlaced::default().count;
}
