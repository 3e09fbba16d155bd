//! Lists of conversations: what each filter shows, whose eyes they are for, and which index they read.

use crate::rows::{DAY, conversation, write};
use yingda_core::{
    actor::Actor,
    conversation::{Conversation, Phase},
    customer::{Customer, CustomerSettings},
    id::*,
};
use yingda_peers::Scratch;
use yingda_store::{
    Batch, Db,
    conversation::{Filter, list},
    customer, event as log, statements, visitor,
};

const NOTHING: [i64; 0] = [];

on_both!(filters_show_what_they_say);

/// Forty conversations, each differing by its number.
fn numbered(id: i64) -> Conversation {
    let agent = (id % 4 != 0).then_some(UserId(id % 4));
    let closed_at = (id % 5 != 0).then_some(DAY + 1000 + id);
    Conversation {
        agent,
        queue: Some(QueueId(40 + id % 2)),
        customer: (id % 10 == 3).then_some(CustomerId(500)),
        phase: if closed_at.is_some() { Phase::Closed } else { Phase::Active },
        closed_at,
        tags: if id % 7 == 0 { [TagId(900), TagId(901)].into_iter().collect() } else { [].into() },
        record_due: (id % 8 == 1).then_some(FormId(5)),
        // What began first is due last.
        follow_up_at: (id % 6 == 2).then_some(DAY - id),
        preview: format!("Order {id} 很慢"),
        ..conversation(id)
    }
}

async fn filters_show_what_they_say(db: &Db) {
    db.migrate().await.unwrap();
    let conversations: Vec<_> = (1..=40).map(|id| write(&numbered(id))).collect();
    let wang = customer::Customer {
        id: CustomerId(500),
        card: Customer { name: "王芳".into(), phone: "13800138000".into(), ..Customer::default() },
        ..Default::default()
    };
    let guest = visitor::Visitor { id: VisitorId(1004), name: "路过".into(), ..Default::default() };
    let mut statements = customer::insert(&wang, &CustomerSettings::default(), DAY);
    statements.push(visitor::seen(&guest));
    db.commit(Batch { conversations, statements, ..Batch::default() }).await.unwrap();

    let ids = async |filter: Filter| {
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = list(db, &filter, cursor.as_deref(), 3).await.unwrap();
            all.extend(page.items.iter().map(|line| line.id.0));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return all,
            }
        }
    };
    let among = |wanted: fn(i64) -> bool| (1..=40).rev().filter(|id| wanted(*id)).collect::<Vec<_>>();
    let any = Filter::default;
    assert_eq!(ids(any()).await, among(|_| true), "pages join without a gap or a double");
    assert_eq!(ids(Filter { open: true, ..any() }).await, among(|id| id % 5 == 0));
    assert_eq!(ids(Filter { phase: Some(Phase::Active), ..any() }).await, among(|id| id % 5 == 0));
    assert_eq!(ids(Filter { queue: Some(QueueId(41)), ..any() }).await, among(|id| id % 2 == 1));
    assert_eq!(ids(Filter { agent: Some(UserId(2)), ..any() }).await, among(|id| id % 4 == 2));
    assert_eq!(ids(Filter { customer: Some(CustomerId(500)), ..any() }).await, among(|id| id % 10 == 3));
    assert_eq!(ids(Filter { tag: Some(TagId(901)), ..any() }).await, among(|id| id % 7 == 0));
    assert_eq!(ids(Filter { record_due: true, ..any() }).await, among(|id| id % 8 == 1));
    let until = |at: i64| Filter { follow_up_until: Some(at), ..any() };
    assert_eq!(
        ids(until(i64::MAX)).await,
        [38, 32, 26, 20, 14, 8, 2],
        "the most urgent first, over all pages"
    );
    assert_eq!(ids(until(DAY - 26)).await, [38, 32, 26], "what is due");
    assert_eq!(ids(Filter { to: Some(DAY + 20), agent: Some(UserId(2)), ..until(i64::MAX) }).await, [14, 2]);
    assert_eq!(ids(Filter { q: "order 3".into(), ..until(i64::MAX) }).await, [38, 32]);
    let period = Filter { from: Some(DAY + 10), to: Some(DAY + 20), ..any() };
    assert_eq!(ids(period).await, among(|id| (10..20).contains(&id)));
    let all_at_once = Filter {
        queue: Some(QueueId(41)),
        agent: Some(UserId(3)),
        tag: Some(TagId(900)),
        from: Some(DAY + 8),
        ..any()
    };
    assert_eq!(ids(all_at_once).await, among(|id| id % 4 == 3 && id % 7 == 0 && id > 8));

    // `own` sees what one holds or held; a team sees what its members do; nobody sees nothing.
    let seen_by = |users: &[i64]| Some(users.iter().copied().map(UserId).collect::<Vec<_>>());
    assert_eq!(ids(Filter { visible_to: seen_by(&[2]), ..any() }).await, among(|id| id % 4 == 2));
    assert_eq!(
        ids(Filter { visible_to: seen_by(&[1, 2, 99]), ..any() }).await,
        among(|id| matches!(id % 4, 1 | 2))
    );
    assert_eq!(ids(Filter { visible_to: seen_by(&[]), ..any() }).await, NOTHING);
    let own = |filter: Filter| Filter { visible_to: seen_by(&[3]), ..filter };
    assert_eq!(
        ids(own(Filter { customer: Some(CustomerId(500)), ..any() })).await,
        among(|id| id % 10 == 3 && id % 4 == 3)
    );
    assert_eq!(ids(own(Filter { open: true, ..any() })).await, among(|id| id % 5 == 0 && id % 4 == 3));
    assert_eq!(
        ids(own(Filter { tag: Some(TagId(900)), ..any() })).await,
        among(|id| id % 7 == 0 && id % 4 == 3)
    );
    assert_eq!(ids(own(Filter { agent: Some(UserId(2)), ..any() })).await, NOTHING);
    assert_eq!(ids(own(Filter { queue: Some(QueueId(41)), ..any() })).await, among(|id| id % 4 == 3));

    let q = |text: &str| Filter { q: text.into(), ..any() };
    assert_eq!(ids(q("8000")).await, among(|id| id % 10 == 3), "the end of the customer's phone");
    assert_eq!(ids(q("wangf")).await, among(|id| id % 10 == 3), "pinyin");
    assert_eq!(ids(q("17")).await, [17], "an id, which is also in the preview");
    assert_eq!(ids(q("order 2")).await, [29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 2]);
    assert_eq!(ids(q("路过")).await, [4]);
    assert_eq!(ids(own(q("wangf"))).await, among(|id| id % 10 == 3 && id % 4 == 3));
    assert_eq!(ids(q("' OR 1=1 --")).await, NOTHING);

    let page = list(db, &Filter { tag: Some(TagId(900)), ..any() }, None, 1).await.unwrap();
    let line = &page.items[0];
    assert_eq!((line.id.0, &line.tags[..]), (35, &[TagId(900), TagId(901)][..]));
    assert_eq!(list(db, &any(), Some("x"), 1).await.unwrap_err(), yingda_store::ReadError::BadCursor);
    let named = list(db, &Filter { customer: Some(CustomerId(500)), ..any() }, None, 1).await.unwrap();
    assert_eq!(named.items[0].customer_name, "王芳");

    // An untagged one leaves the tag's list.
    let untagged = Conversation { tags: [].into(), ..numbered(35) };
    db.commit(Batch { conversations: vec![write(&untagged)], ..Batch::default() }).await.unwrap();
    assert_eq!(ids(Filter { tag: Some(TagId(900)), ..any() }).await, among(|id| id % 7 == 0 && id != 35));
}

/// Each way into the list reads its index in order: nothing is sorted, no table is read whole.
#[tokio::test]
async fn each_list_reads_one_index_in_order() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    let sqlite = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    let expected = [
        ("EVERY", "conversation_started"),
        ("OPEN", "conversation_open"),
        ("RECORD_DUE", "conversation_record_due"),
        ("FOLLOW_UP", "conversation_follow_up"),
        ("OF_QUEUE", "conversation_queue"),
        ("OF_CUSTOMER", "conversation_customer"),
        ("OF_AGENT", "conversation_agent_list"),
        ("WITH_TAG", "conversation_tag_list"),
        ("RECENT_LIKE", "conversation_started"),
    ];
    for (list, index) in expected {
        let found =
            statements().into_iter().find(|(noun, name, _)| (*noun, *name) == ("conversation_list", list));
        let (.., sql) = found.unwrap();
        let plan = plan(&sqlite, sql);
        assert!(plan.contains(&format!("INDEX {index} ")), "{list}:\n{plan}");
        assert!(!plan.contains("USE TEMP B-TREE FOR ORDER BY"), "{list}:\n{plan}");
    }
}

/// A conversation of a long log is read by going from each of its events to the one before, never by scanning the log.
#[tokio::test]
async fn a_conversation_is_walked() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await;
    let sqlite = rusqlite::Connection::open(scratch.path().join("yingda.db")).unwrap();
    let walks: Vec<_> = statements().into_iter().filter(|(noun, ..)| *noun == "walk").collect();
    assert_eq!(walks.len(), 4);
    for (_, name, sql) in walks {
        let plan = plan(&sqlite, sql);
        assert!(
            !plan.contains("seq>?") && !plan.contains("seq<?") && !plan.contains("SCAN event"),
            "{name}:\n{plan}"
        );
    }
}

fn plan(sqlite: &rusqlite::Connection, sql: &str) -> String {
    let mut statement = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps: Vec<String> =
        statement.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
    steps.join("\n")
}

/// One person's deeds in a long log: each page searches a part of it and says where the next begins, so that no
/// request reads the whole.
#[tokio::test]
async fn the_audit_log_of_one_person_is_searched_piece_by_piece() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.sqlite()).await.unwrap();
    db.migrate().await.unwrap();
    // Positions between them hold what others did; to the search that is the same as nothing.
    let mut event = crate::rows::event(None, "tagged", 1);
    for (seq, actor_id) in [(1, 8), (170_000, 8), (170_001, 8), (250_000, 7)] {
        (event.seq, event.actor_id) = (seq, actor_id);
        db.commit(Batch { events: vec![event.clone()], ..Batch::default() }).await.unwrap();
    }
    let mut filter = log::AuditFilter { by: Some(Actor::User { id: UserId(8) }), ..Default::default() };
    let mut pages = vec![];
    loop {
        let page = log::audit(&db, &filter, 1).await.unwrap();
        pages.push((page.events.iter().map(|it| it.seq).collect::<Vec<_>>(), page.next));
        filter.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    let expected = [(vec![170_001], Some(170_001)), (vec![170_000], Some(70_001)), (vec![1], None)];
    assert_eq!(pages, expected);
}
