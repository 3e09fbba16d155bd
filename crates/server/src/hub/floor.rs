//! What a console may see of queues and agents that are not its own.

use hashbrown::HashSet;
use yingda_core::{
    access::{self, Action, Reach},
    actor::Actor,
    directory::Directory,
    id::*,
};

/// Computed when the console connects and whenever access changes.
pub struct View {
    queues: Seen<QueueId>,
    agents: Seen<UserId>,
    pub visitors: bool,
}

enum Seen<T> {
    All,
    These(HashSet<T>),
}

impl<T: std::hash::Hash + Eq> Seen<T> {
    fn holds(&self, item: &T) -> bool {
        match self {
            Seen::All => true,
            Seen::These(items) => items.contains(item),
        }
    }
}

impl View {
    pub fn of(directory: &Directory, user: UserId) -> Self {
        let actor = Actor::User { id: user };
        let mut queues: HashSet<QueueId> = HashSet::new();
        if access::scope(directory, actor, Action::ConversationServe).is_some() {
            queues.extend(directory.queues_of(user));
        }
        let visitors = access::scope(directory, actor, Action::VisitorRead).is_some();
        // Who hands conversations over has to see which colleague could take one.
        let hands_over = access::scope(directory, actor, Action::ConversationTransfer).is_some();
        let agents = |seen: HashSet<UserId>| if hands_over { Seen::All } else { Seen::These(seen) };
        match access::scope(directory, actor, Action::FloorRead) {
            Some(Reach::Everything) => Self { queues: Seen::All, agents: Seen::All, visitors },
            Some(Reach::Users(users)) => {
                let overseen = directory
                    .queues
                    .iter()
                    .filter(|(_, queue)| users.iter().any(|it| directory.serves(*it, queue)));
                queues.extend(overseen.map(|(id, _)| *id));
                Self { queues: Seen::These(queues), agents: agents(users.into_iter().collect()), visitors }
            }
            None => {
                Self { queues: Seen::These(queues), agents: agents(HashSet::from_iter([user])), visitors }
            }
        }
    }

    pub fn sees(&self, queue: Option<QueueId>, agent: Option<UserId>) -> bool {
        queue.is_some_and(|queue| self.queues.holds(&queue))
            || agent.is_some_and(|agent| self.agents.holds(&agent))
    }

    pub fn sees_queue(&self, queue: QueueId) -> bool {
        self.queues.holds(&queue)
    }

    pub fn sees_agent(&self, agent: UserId) -> bool {
        self.agents.holds(&agent)
    }
}
