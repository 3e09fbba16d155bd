//! Visitors and agents on all nodes who go on whatever happens, and the proof of what became of their words.

use crate::{
    Result,
    api::{Agent, World},
    check::{self, Faults},
    clock,
    nodes::{Nodes, owners},
    people::{self, Visitor},
    socket,
    spread::rounded,
    writer::Writer,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::watch, task::JoinSet};

const AGENTS: usize = 6;
/// A visitor who is not served for so long will not be.
const GIVE_UP: Duration = Duration::from_secs(60);

pub struct Load {
    world: World,
    consoles: JoinSet<()>,
    writing: JoinSet<Result<Writer>>,
    progress: Vec<watch::Receiver<usize>>,
    stop: watch::Sender<bool>,
}

impl Load {
    /// On empty nodes.
    pub async fn begin(nodes: &Nodes, visitors: usize) -> Result<Load> {
        let doors = nodes.doors();
        let token = nodes.servers[0].set_up_token().await?;
        let chats_each = visitors.div_ceil(AGENTS) + 2;
        let world = World::set_up(doors[0], &token, AGENTS, chats_each).await?;
        let (stop, stopped) = watch::channel(false);
        let mut consoles = JoinSet::new();
        for (number, agent) in world.agents.iter().cloned().enumerate() {
            consoles.spawn(serve(agent, number, doors.clone(), stopped.clone()));
        }
        let mut came = vec![];
        for number in 0..visitors {
            let door = doors[number % doors.len()];
            came.push((number, Visitor::come(door, world.widget, number).await?));
        }
        let zero = clock::now();
        let (mut writing, mut progress) = (JoinSet::new(), vec![]);
        for (number, visitor) in came {
            let mut doors = doors.clone();
            let first = number % doors.len();
            doors.rotate_left(first);
            let writer = Writer::new(visitor, doors, world.widget);
            progress.push(writer.progress());
            writing.spawn(writer.write(zero, stopped.clone()));
        }
        Ok(Load { world, consoles, writing, progress, stop })
    }

    /// Until each visitor has so many more acknowledgements.
    pub async fn goes_on(&mut self, messages: usize) -> Result<()> {
        let enough: Vec<usize> = self.progress.iter().map(|acked| *acked.borrow() + messages).collect();
        let all = async {
            for (acked, enough) in self.progress.iter_mut().zip(enough) {
                acked.wait_for(|it| *it >= enough).await?;
            }
            Result::<()>::Ok(())
        };
        tokio::time::timeout(GIVE_UP, all).await.map_err(|_| "visitors are not served any more")?
    }

    /// Everyone finishes; then the store is asked what became of it all, and the nodes end.
    pub async fn end(mut self, nodes: Nodes) -> Result<Value> {
        self.stop.send(true)?;
        let (mut faults, mut acked, mut silence) = (Faults::default(), 0, Duration::ZERO);
        while let Some(writer) = self.writing.join_next().await {
            let writer = writer??;
            acked += writer.acked.len();
            silence = silence.max(writer.silence);
            let visitor = &writer.visitor;
            let stored = check::stored(&self.world.admin, visitor.conversation, visitor.tab).await?;
            faults += check::compare(&writer.acked, &stored);
        }
        self.consoles.shutdown().await;
        let chain = self.world.admin.get("/audit/verify").await?;
        let logs = nodes.end().await?;
        let panics = logs.iter().flat_map(|log| log.lines()).filter(|line| line.contains("panicked")).count();
        let owners = owners(&logs);
        Ok(json!({
            "lost": faults.lost,
            "doubled": faults.doubled,
            "reordered": faults.reordered,
            "longest_silence_ms": rounded(silence.as_secs_f64() * 1_000.0),
            "owners_max": owners.values().copied().max().unwrap_or_default(),
            "take_overs": owners.len(),
            "panics": panics,
            "acked": acked,
            "chain_broken_at": chain["broken_at"],
        }))
    }
}

/// What no fault may change.
#[cfg(test)]
pub fn assert_whole(figures: &Value) {
    for key in ["lost", "doubled", "reordered", "panics"] {
        assert_eq!(figures[key], 0, "{key}: {figures}");
    }
    assert_eq!(figures["owners_max"], 1, "{figures}");
    assert!(figures["chain_broken_at"].is_null(), "{figures}");
    assert!(figures["acked"].as_u64() > Some(100), "{figures}");
}

/// An agent who signs on again wherever a door is open.
async fn serve(agent: Agent, number: usize, doors: Vec<SocketAddr>, stopped: watch::Receiver<bool>) {
    let mut door = number;
    while !*stopped.borrow() {
        door += 1;
        if let Ok(mut socket) = people::be_ready(doors[door % doors.len()], &agent, number).await {
            while socket::next(&mut socket).await.is_ok() {}
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
