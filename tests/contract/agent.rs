//! An agent whose events have a field of each sort, for `check.sh`.
#![allow(missing_docs)]

use std::time::Duration;

use voxtra::prelude::*;

voxtra! {
    /// What the shop tells.
    events Shop {
        /// Somebody ordered.
        order.placed {
            /// How many.
            items: u8,
            note: Text<8> = "none",
            priority: low | normal | high = normal,
            wait: Duration = 1.5s,
            letter: char = 'a',
            tags: Vec<String> = Vec::new(),
            price: Option<f64>,
            details: serde_json::Value = serde_json::Value::Null,
        }
        shop.closed;
    }

    session Orders {
        route default;
        on call.started { call.answer().await?; call.emit(OrderPlaced::new(1)).await; }
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode, voxtra::Exit> {
    let application = Application::builder()
        .allow_any("1000")
        .events::<Shop>()
        .session::<Orders>();
    Ok(application.run().await?)
}
