//! Tickets: opened by HTTP, and read when there are many.

use crate::{
    Result,
    api::World,
    clock, fill,
    server::{Folder, Server},
    spread::{Spread, rounded},
};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use yingda_core::{
    At,
    actor::Actor,
    config::{
        Choice, EscalationStep, Field, FieldShape, Record, TicketClock, TicketMove, TicketPhase, TicketState,
        TicketType,
    },
    directory::Directory,
    id::{IdMaker, TicketId, TicketTypeId},
    lang::Text,
    ticket::{self, NewTicket, Scene, Ticket},
};
use yingda_store::{Batch, Db, ticket as rows};

#[derive(Args, Clone, Debug)]
pub struct Tickets {
    #[arg(long, default_value_t = 1_000_000)]
    count: usize,
    /// Opened by HTTP while many are stored.
    #[arg(long, default_value_t = 20_000)]
    opened: usize,
    /// Requests of each kind.
    #[arg(long, default_value_t = 200)]
    requests: usize,
}

const AGENTS: usize = 50;
/// So many open tickets at once.
const CALLERS: usize = 64;
const DAY: At = 86_400_000;
/// One of so many is not closed.
const OPEN_OF: usize = 19;
const CAUSES: usize = 20;

fn text(key: &str) -> Text {
    Text::new(key, key)
}

/// A complaint with two fields to filter by, two clocks and four states.
pub fn kind() -> TicketType {
    let state =
        |key: &str, phase| TicketState { key: key.into(), name: text(key), phase, ..TicketState::default() };
    let way = |key: &str, from: &str, to: &str| TicketMove {
        key: key.into(),
        name: text(key),
        from: vec![from.into()],
        to: to.into(),
        ..TicketMove::default()
    };
    let option = |n: usize| Choice { key: format!("c{n}"), label: text(&format!("c{n}")), children: vec![] };
    TicketType {
        name: text("complaint"),
        prefix: "TS".into(),
        severity: 3,
        fields: vec![
            Field {
                key: "cause".into(),
                label: text("cause"),
                shape: FieldShape::Choice,
                options: (0..CAUSES).map(option).collect(),
                ..Field::default()
            },
            Field { key: "order".into(), label: text("order"), ..Field::default() },
        ],
        states: vec![
            state("new", TicketPhase::Open),
            state("doing", TicketPhase::Open),
            state("solved", TicketPhase::Solved),
            state("closed", TicketPhase::Closed),
        ],
        moves: vec![
            way("start", "new", "doing"),
            way("solve", "doing", "solved"),
            way("close", "solved", "closed"),
        ],
        clocks: vec![TicketClock {
            key: "handling".into(),
            name: text("handling"),
            minutes: 48 * 60,
            stops_in: vec!["closed".into()],
            steps: vec![EscalationStep { percent: 100, severity: 4, ..EscalationStep::default() }],
            ..TicketClock::default()
        }],
        ..TicketType::default()
    }
}

/// A server with agents and one kind of ticket, stopped again.
pub struct Office {
    pub folder: Folder,
    pub address: std::net::SocketAddr,
    pub world: World,
    pub of: TicketTypeId,
}

impl Office {
    pub async fn set_up() -> Result<Office> {
        let folder = Folder::new()?;
        let server = Server::start(folder.path()).await?;
        let address = server.address;
        let mut world = World::set_up(address, &server.set_up_token().await?, AGENTS, 5).await?;
        let of = TicketTypeId(world.admin.make(Record::TicketType(Box::new(kind()))).await?.0);
        world.admin = world.admin.sign_in("admin").await?;
        server.stop().await?;
        Ok(Office { folder, address, world, of })
    }

    pub async fn store(&self) -> Result<Db> {
        Ok(Db::open(&format!("sqlite:{}", fill::store_file(self.folder.path()).display())).await?)
    }

    /// A ticket as if it had been opened then.
    pub fn ticket(&self, n: usize, id: i64, at: At, of: &TicketType) -> Result<Ticket> {
        let owner = self.world.agents[n % AGENTS].id;
        let mut directory = Directory::default();
        directory.users.insert(owner, Default::default());
        let cause = format!("c{}", n % CAUSES);
        let values = [("cause".to_owned(), cause), ("order".to_owned(), format!("YQ{n:09}"))];
        let new = NewTicket {
            of: self.of,
            title: format!("第{n}张投诉：包裹破损，要求换货"),
            severity: Some((n % 4 + 1) as u8),
            owner: Some(owner),
            customer: Some(fill::customer(n as i64)),
            line: Some(self.world.line),
            values: values.into(),
            ..NewTicket::default()
        };
        let scene =
            Scene { directory: &directory, of, by: Actor::System, now: at, open_tasks: 0, consents: &[] };
        let opened = ticket::open(new, TicketId(id), format!("TS{n:012}"), 1, scene);
        Ok(opened.map_err(|refused| format!("a ticket could not be opened: {refused:?}"))?.ticket)
    }
}

/// Closes a ticket as if by the way.
fn closed(mut it: Ticket, at: At) -> Ticket {
    (it.state, it.phase, it.closed_at) = ("closed".into(), TicketPhase::Closed, Some(at));
    it.clocks.iter_mut().for_each(|clock| clock.stopped_at = Some(at));
    it
}

impl Tickets {
    pub async fn run(self) -> Result<Value> {
        let office = Office::set_up().await?;
        let start = clock::now();
        self.fill(&office).await?;
        let filled_s = clock::ms_since(start) / 1_000.0;
        eprintln!("stored {} tickets in {filled_s:.0} s", self.count);
        let server = Server::start_at(office.folder.path(), office.address).await?;
        let mut figures = self.measure(&office).await?;
        figures["created_per_s"] = json!(rounded(self.open(&office).await?));
        figures["store_mb"] =
            json!(std::fs::metadata(fill::store_file(office.folder.path()))?.len() / 1_000_000);
        figures["server_rss_mib"] = json!(rounded(server.rss_mib()?));
        server.stop().await?;
        Ok(figures)
    }

    async fn fill(&self, office: &Office) -> Result<()> {
        let db = office.store().await?;
        let of = kind();
        let directory = Directory::default();
        let mut ids = IdMaker::new(1, 0);
        let now = clock::wall();
        let mut batch = Batch::default();
        for n in 0..self.count {
            let at = now - 90 * DAY + 89 * DAY * n as i64 / self.count as i64;
            let mut it = office.ticket(n, ids.next(at), at, &of)?;
            if n % OPEN_OF != 0 {
                it = closed(it, at + DAY);
            }
            batch.statements.extend(rows::insert(&it, &of, &directory, None));
            if batch.statements.len() >= 4_000 {
                db.commit(std::mem::take(&mut batch)).await?;
            }
        }
        db.commit(batch).await?;
        db.close().await;
        Ok(())
    }

    async fn measure(&self, office: &Office) -> Result<Value> {
        let api = &office.world.admin;
        let (mut list, mut ids, mut cursor) = (vec![], vec![], String::new());
        for _ in 0..self.requests {
            let (page, ms) = api.timed(&format!("/tickets?limit=50{cursor}")).await?;
            list.push(ms);
            let items = page["items"].as_array().ok_or("a list has items")?;
            ids.extend(items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)));
            cursor = page["next"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        let mut open = vec![];
        for id in ids.iter().step_by((ids.len() / self.requests).max(1)) {
            open.push(api.timed(&format!("/tickets/{id}")).await?.1);
        }
        let (mut filters, mut worst) = (serde_json::Map::new(), 0.0_f64);
        let of = office.of;
        for name in ["state_severity_owner", "cause_state_severity", "customer", "due", "mine_late", "order"]
        {
            let mut spans = vec![];
            for n in 0..self.requests {
                let owner = office.world.agents[n * 7 % AGENTS].id;
                let (severity, cause) = (n % 4 + 1, n % CAUSES);
                let query = match name {
                    "state_severity_owner" => {
                        format!("of={of}&state=closed&severity={severity}&owner={owner}")
                    }
                    "cause_state_severity" => {
                        format!("of={of}&field=cause&value=c{cause}&state=new&severity={severity}")
                    }
                    "customer" => format!("customer={}&open=true", fill::customer(n as i64 * 7_919)),
                    "due" => "open=true&sort=due".to_owned(),
                    "mine_late" => format!("open=true&owner={owner}&due_until={}", clock::wall()),
                    _ => format!("of={of}&field=order&value=YQ{:09}", n * 4_999 % self.count),
                };
                spans.push(api.timed(&format!("/tickets?limit=50&{query}")).await?.1);
            }
            let p95 = Spread::new(spans).at(0.95);
            worst = worst.max(p95);
            filters.insert(name.into(), json!(rounded(p95)));
        }
        let mut board = vec![];
        for _ in 0..self.requests.min(50) {
            board.push(api.timed(&format!("/tickets/board?of={of}")).await?.1);
        }
        Ok(json!({
            "list_p95_ms": rounded(Spread::new(list).at(0.95)),
            "open_p95_ms": rounded(Spread::new(open).at(0.95)),
            "filter_p95_ms": rounded(worst),
            "filters_p95_ms": filters,
            "board_p95_ms": rounded(Spread::new(board).at(0.95)),
        }))
    }

    /// How many a second are opened, each durable before its answer.
    async fn open(&self, office: &Office) -> Result<f64> {
        let mut callers = JoinSet::new();
        let start = clock::now();
        for caller in 0..CALLERS {
            let (api, of, count) = (office.world.admin.clone(), office.of, self.opened / CALLERS);
            callers.spawn(async move {
                for n in 0..count {
                    let values = json!({ "cause": "c1", "order": format!("N{caller}-{n}") });
                    let body = json!({ "of": of, "title": "新的投诉", "values": values });
                    api.send(Method::POST, "/tickets", Some(&body)).await?;
                }
                Ok::<_, crate::Error>(count)
            });
        }
        let mut opened = 0;
        while let Some(done) = callers.join_next().await {
            opened += done??;
        }
        Ok(opened as f64 / (clock::ms_since(start) / 1_000.0))
    }
}
