use voxtra::prelude::*;

async fn answer(_: Call) -> Result<(), Box<dyn std::error::Error>> {
    Ok(())
}

fn main() {
    let _ = Application::builder().default(answer);
}
