//! A cable that can be cut in the middle of a call.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What connections pass through, until it is cut.
pub struct Cable {
    /// Where it begins.
    pub address: SocketAddr,
    to: Arc<Mutex<Option<SocketAddr>>>,
    cuts: watch::Sender<u32>,
}

impl Cable {
    /// One that leads nowhere yet.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let to = Arc::new(Mutex::new(None));
        let (cuts, cut) = watch::channel(0);
        let goal: Arc<Mutex<Option<SocketAddr>>> = to.clone();
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let Some(address) = *goal.lock().unwrap() else {
                    continue;
                };
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut there) = TcpStream::connect(address).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut there) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, to, cuts }
    }

    /// Where connections lead from now on; nowhere, and they are closed.
    pub fn leads_to(&self, address: Option<SocketAddr>) {
        *self.to.lock().unwrap() = address;
    }

    /// Cuts every connection that is up.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}
