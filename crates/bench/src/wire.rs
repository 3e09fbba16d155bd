//! A line between a node and a server that can be cut: what a network does, without a network.

use crate::Result;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

pub struct Wire {
    pub address: SocketAddr,
    is_cut: watch::Sender<bool>,
    /// Ends with the wire.
    _work: JoinSet<()>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> Result<Wire> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (is_cut, cut) = watch::channel(false);
        let mut work = JoinSet::new();
        work.spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                lines.spawn(carry(near, server, cut.clone()));
            }
        });
        Ok(Wire { address, is_cut, _work: work })
    }

    /// Everything that runs over it ends, and nothing new begins, until it is mended.
    pub fn cut(&self, is_cut: bool) {
        self.is_cut.send_replace(is_cut);
    }
}

async fn carry(mut near: TcpStream, server: SocketAddr, mut cut: watch::Receiver<bool>) {
    if *cut.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // Either end may close whenever it likes.
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}
