//! One story runs the whole store on both engines.

use crate::rows::{DAY, batch, conversation, event, events, write};
use std::collections::BTreeMap;
use yingda_core::{
    access::Action,
    actor::Actor,
    agent::{Agent, AgentState},
    chain::{self, Header, Kept},
    config::{Record, RecordKind, Tag},
    conversation::{Conversation, Phase, Source},
    event::{OfferEnd, QueueReason, Subject},
    fact,
    id::*,
    lang::Text,
    lead::{Deed, Lead, LeadDeed, LeadStatus},
    medium::Medium,
    pulse::Pulse,
};
use yingda_store::{
    AgentWrite, Batch, CommitError, Db, Statement, agent, api_key, consult, conversation as conversations,
    credential, event as log, fact as facts, idempotency, lead, preference, reader, record, session, visitor,
    webhook,
};

const NOTHING: [i64; 0] = [];

on_both!(story);

pub async fn story(db: &Db) {
    db.migrate().await.unwrap();
    db.migrate().await.expect("a second migration finds nothing to do");
    db.ping().await.unwrap();
    assert_eq!(db.highest_id().await.unwrap(), 0);
    the_log(db).await;
    conversations_and_agents(db).await;
    records(db).await;
    crate::customers::are_found(db).await;
    visitors(db).await;
    secrets(db).await;
    requests_and_forms(db).await;
    leads(db).await;
    deliveries(db).await;
    figures(db).await;
}

pub async fn store(db: &Db, statements: Vec<Statement>) -> Result<(), CommitError> {
    db.commit(Batch { statements, ..Batch::default() }).await
}

/// SYS-75: what happened is kept in order, byte for byte, and tampering would show.
async fn the_log(db: &Db) {
    assert_eq!(log::head(db).await.unwrap(), None);
    let mut written = events(None, 300, "message_posted");
    db.commit(batch(written.clone())).await.unwrap();
    let noted = event(written.last(), "tagged", 2);
    db.commit(batch(vec![noted.clone()])).await.unwrap();
    written.push(noted);

    let last = written.last().unwrap();
    assert_eq!(log::head(db).await.unwrap(), Some((301, last.hash)));
    let read = log::since(db, 0, 1000).await.unwrap();
    assert_eq!(read.len(), 301);
    for (stored, given) in read.iter().zip(&written) {
        assert_eq!(
            stored.body.as_ref(),
            Some(&given.body),
            "the body of {} comes back byte for byte",
            given.seq
        );
        assert_eq!((stored.seq, stored.at, &*stored.kind), (given.seq, given.at, given.kind));
        assert_eq!((stored.audited, &stored.private), (given.audited, &given.private));
    }
    let kept = read.iter().map(|it| Kept {
        header: Header {
            site: 1,
            seq: it.seq,
            at: it.at,
            on_kind: it.on_kind,
            on_id: it.on_id,
            kind: &it.kind,
            actor_kind: it.actor_kind,
            actor_id: it.actor_id,
            audience: it.audience,
        },
        salt: it.salt.as_deref(),
        body: it.body.as_deref(),
        private: it.private.as_deref(),
        digest: it.digest[..].try_into().unwrap(),
        hash: it.hash[..].try_into().unwrap(),
    });
    assert_eq!(chain::verify([0; 32], 0, kept), Ok(last.hash), "the chain holds over what was read back");

    let page = log::since(db, 290, 5).await.unwrap();
    assert_eq!(page.iter().map(|it| it.seq).collect::<Vec<_>>(), [291, 292, 293, 294, 295]);
    assert_eq!(log::one(db, 7).await.unwrap().unwrap().seq, 7);

    let of = |part, customer_only| log::of_conversation(db, ConversationId(2), part, 3, customer_only);
    let seqs = |found: Vec<log::StoredEvent>| found.iter().map(|it| it.seq as i64).collect::<Vec<_>>();
    assert_eq!(seqs(of(log::Part::Latest, false).await.unwrap()), [292, 297, 301]);
    assert_eq!(seqs(of(log::Part::Before(292), false).await.unwrap()), [277, 282, 287]);
    assert_eq!(seqs(of(log::Part::After(2), false).await.unwrap()), [7, 12, 17]);
    // what staff said among themselves, at odd positions here, is not for the customer.
    assert_eq!(seqs(of(log::Part::Latest, true).await.unwrap()), [272, 282, 292]);
    assert_eq!(
        seqs(log::of_kind(db, Subject::Conversation(ConversationId(2)), "tagged", 9).await.unwrap()),
        [301]
    );

    let audit = async |filter: log::AuditFilter| seqs(log::audit(db, &filter, 10).await.unwrap().events);
    let by = |id| Some(Actor::User { id: UserId(id) });
    let on = |id| Some(Subject::Conversation(ConversationId(id)));
    assert_eq!(audit(log::AuditFilter::default()).await, [301]);
    assert_eq!(audit(log::AuditFilter { kind: Some("tagged".into()), ..Default::default() }).await, [301]);
    assert_eq!(
        audit(log::AuditFilter { kind: Some("message_posted".into()), ..Default::default() }).await,
        NOTHING
    );
    assert_eq!(audit(log::AuditFilter { by: by(7), on: on(2), ..Default::default() }).await, [301]);
    assert_eq!(audit(log::AuditFilter { by: by(8), ..Default::default() }).await, NOTHING);
    assert_eq!(audit(log::AuditFilter { on: on(3), ..Default::default() }).await, NOTHING);
    let at = last.at;
    assert_eq!(audit(log::AuditFilter { from: Some(at), ..Default::default() }).await, [301]);
    assert_eq!(audit(log::AuditFilter { from: Some(at + 1), ..Default::default() }).await, NOTHING);
    assert_eq!(audit(log::AuditFilter { to: Some(at), ..Default::default() }).await, NOTHING);
    assert_eq!(audit(log::AuditFilter { before: Some(301), ..Default::default() }).await, NOTHING);
    let page = log::audit(db, &log::AuditFilter { by: by(7), ..Default::default() }, 10).await.unwrap();
    assert_eq!(page.next, None, "so short a log is searched to its beginning");
}

async fn conversations_and_agents(db: &Db) {
    let mut state = conversation(70);
    let source = Source { landing: "https://shop.example/a?b=c".into(), ..Source::default() };
    let first = yingda_store::ConversationWrite { source: Some(source), ..write(&state) };
    let other = write(&conversation(71));
    let agent = Agent { id: UserId(9), state: AgentState::Ready, since_at: DAY, ..Agent::default() };
    let agents = vec![AgentWrite { agent: agent.clone() }];
    db.commit(Batch { conversations: vec![first, other], agents, ..Batch::default() }).await.unwrap();
    assert_eq!(agent::all(db).await.unwrap(), std::slice::from_ref(&agent));
    assert_eq!(conversations::open_live(db).await.unwrap(), [state.clone(), conversation(71)]);

    // A pulse moves the last words on and leaves the rest.
    (state.last_at, state.last_seq, state.unread, state.preview) = (DAY + 9000, 12, 2, "最后一句".into());
    let busy = Agent { state: AgentState::NotReady, reason: "meal".into(), ..agent };
    let touched = Batch {
        pulses: vec![Pulse::of(&state)],
        agents: vec![AgentWrite { agent: busy.clone() }],
        ..Batch::default()
    };
    db.commit(touched).await.unwrap();
    assert_eq!(agent::all(db).await.unwrap(), [busy]);
    assert_eq!(conversations::get(db, state.id).await.unwrap().as_ref(), Some(&state));

    (state.phase, state.agent) = (Phase::WrapUp, Some(UserId(9)));
    (state.customer, state.closed_at) = (Some(CustomerId(500)), Some(DAY + 10_000));
    db.commit(both(&state)).await.unwrap();
    assert_eq!(conversations::open_live(db).await.unwrap().len(), 2, "wrap-up is live");
    (state.phase, state.agent, state.last_agent) = (Phase::Closed, None, Some(UserId(9)));
    db.commit(both(&state)).await.unwrap();
    assert_eq!(conversations::open_live(db).await.unwrap(), [conversation(71)], "a closed one is not live");
    let last_agent = Some((UserId(9), DAY + 9000));
    assert_eq!(conversations::last_agent_of(db, VisitorId(1070), None).await.unwrap(), last_agent);
    let of_customer = conversations::last_agent_of(db, VisitorId(1), Some(CustomerId(500))).await.unwrap();
    assert_eq!(of_customer, last_agent);
    assert_eq!(conversations::of_visitor(db, VisitorId(1070), 5).await.unwrap(), [state.clone()]);
    assert!(conversations::is_holder(db, state.id, UserId(9)).await.unwrap());
    assert!(!conversations::is_holder(db, state.id, UserId(8)).await.unwrap());
    let page = conversations::list(db, &conversations::Filter::default(), None, 9).await.unwrap();
    let line = page.items.iter().find(|line| line.id == state.id).unwrap();
    assert_eq!(line.source.landing, "https://shop.example/a?b=c", "later writes keep where they came from");
    assert_eq!(db.highest_id().await.unwrap(), 71);
}

/// A changed conversation, as the site writes it.
fn both(state: &Conversation) -> Batch {
    Batch { conversations: vec![write(state)], pulses: vec![Pulse::of(state)], ..Batch::default() }
}

/// a change that met another version is refused, and leaves nothing behind.
async fn records(db: &Db) {
    let tag = |zh: &str| Record::Tag(Tag { name: Text::new(zh, "Refund"), ..Tag::default() });
    let (kind, id) = (RecordKind::Tag, RecordId(900));
    store(db, vec![record::insert(id, &tag("退款"), b"tuikuan", DAY)]).await.unwrap();
    store(db, vec![record::insert(RecordId(901), &tag("投诉"), b"tousu", DAY)]).await.unwrap();
    store(db, vec![record::update(id, &tag("退货"), b"tuihuo", 1, DAY + 1)]).await.unwrap();
    let stale =
        vec![preference::put(UserId(1), &"lost".into()), record::update(id, &tag("x"), b"x", 1, DAY + 2)];
    assert_eq!(store(db, stale).await, Err(CommitError::Stale { statement: 1 }));
    assert_eq!(preference::get(db, UserId(1)).await.unwrap(), None, "the whole batch went back");
    let found = record::get(db, kind, id).await.unwrap().unwrap();
    assert_eq!((found.version, found.created_at, found.updated_at), (2, DAY, DAY + 1));
    assert_eq!(found.record, tag("退货"));

    let names = async |q: &str, deleted, cursor: Option<&str>, limit| {
        let page = record::list(db, kind, q, deleted, cursor, limit).await.unwrap();
        (page.items.iter().map(|it| it.record.name().zh).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = names("", false, None, 1).await;
    assert_eq!(first, ["投诉"]);
    assert_eq!(names("", false, next.as_deref(), 1).await, (vec!["退货".to_owned()], None));
    assert_eq!(names("退", false, None, 9).await.0, ["退货"]);
    assert_eq!(names("refund", false, None, 9).await.0.len(), 2);
    assert_eq!(names("%", false, None, 9).await.0.len(), 0, "a percent sign is a letter");

    store(db, vec![record::delete(kind, id, 2, DAY + 3)]).await.unwrap();
    assert_eq!(names("", false, None, 9).await.0, ["投诉"]);
    assert_eq!(names("", true, None, 9).await.0, ["退货"]);
    assert_eq!(record::all(db).await.unwrap().len(), 1);
    store(db, vec![record::restore(kind, id, 3, DAY + 4)]).await.unwrap();
    assert_eq!(record::all(db).await.unwrap().len(), 2);
}

async fn visitors(db: &Db) {
    let first = visitor::Visitor {
        id: VisitorId(600),
        name: "访客".into(),
        landing: "https://shop.example/".into(),
        last_seen_at: DAY,
        ..visitor::Visitor::default()
    };
    store(db, vec![visitor::seen(&first)]).await.unwrap();
    let again =
        visitor::Visitor { name: String::new(), landing: "/other".into(), last_seen_at: DAY + 5, ..first };
    store(
        db,
        vec![
            visitor::seen(&again),
            visitor::accept_notice(again.id, 3, true, DAY + 6),
            visitor::link(again.id, CustomerId(501)),
        ],
    )
    .await
    .unwrap();
    let found = visitor::get(db, again.id).await.unwrap().unwrap();
    assert_eq!((found.first_seen_at, found.last_seen_at, found.visits), (DAY, DAY + 5, 2));
    assert_eq!((&*found.name, &*found.landing), ("访客", "https://shop.example/"));
    assert_eq!((found.notice_version, found.notice_at, found.guardian), (3, Some(DAY + 6), true));
    assert_eq!(visitor::of_customer(db, CustomerId(501), 9).await.unwrap(), [found]);
    let page = |n: i64| visitor::PageView {
        visitor: again.id,
        at: DAY + n,
        url: format!("/{n}"),
        title: "商品".into(),
        referrer: String::new(),
    };
    store(db, (0..20).map(|n| visitor::viewed(&page(n))).collect()).await.unwrap();
    assert_eq!(visitor::pages(db, again.id, 2).await.unwrap(), [page(19), page(18)]);
}

/// credentials, sessions and keys.
async fn secrets(db: &Db) {
    let (user, other) = (UserId(9), UserId(10));
    assert!(!credential::any(db).await.unwrap());
    store(db, vec![credential::insert(user, "wang", "$argon2id$x", DAY)]).await.unwrap();
    let taken = store(db, vec![credential::insert(other, "wang", "$argon2id$y", DAY)]).await;
    assert!(matches!(&taken, Err(CommitError::Conflict { what }) if what.contains("login")), "{taken:?}");
    for _ in 0..5 {
        store(db, vec![credential::failed(user, 5, DAY + 900)]).await.unwrap();
    }
    let locked = credential::of_login(db, "wang").await.unwrap().unwrap();
    assert_eq!((locked.failed_count, locked.locked_until_at), (5, DAY + 900));
    store(db, vec![credential::succeeded(user), credential::set_totp(user, Some("S3CRET"), 4, DAY)])
        .await
        .unwrap();
    store(db, vec![credential::use_totp(user, 5)]).await.unwrap();
    let replayed = store(db, vec![credential::use_totp(user, 5)]).await;
    assert_eq!(replayed, Err(CommitError::Stale { statement: 0 }), "a code works once");
    let open = credential::get(db, user).await.unwrap().unwrap();
    assert_eq!((open.failed_count, open.totp_secret.as_deref()), (0, Some("S3CRET")));
    assert!(!format!("{open:?}").contains("S3CRET"), "secrets stay out of logs");

    let signed_in = |byte: u8| session::Session {
        token_hash: [byte; 32],
        user,
        created_at: DAY,
        seen_at: DAY,
        expires_at: DAY + 100,
        ip: "10.0.0.1".into(),
        browser: "Firefox".into(),
        vouched: byte == 1,
    };
    store(db, vec![session::insert(&signed_in(1)), session::insert(&signed_in(2))]).await.unwrap();
    assert_eq!(session::get(db, &[1; 32], DAY + 99).await.unwrap(), Some(signed_in(1)));
    assert_eq!(session::get(db, &[1; 32], DAY + 100).await.unwrap(), None, "it has run out");
    store(db, vec![session::end_all_of(user, Some(&[1; 32]))]).await.unwrap();
    assert_eq!(session::of_user(db, user, DAY).await.unwrap(), [signed_in(1)]);
    store(db, vec![session::end(&[1; 32])]).await.unwrap();
    assert_eq!(session::of_user(db, user, DAY).await.unwrap(), []);

    let key = api_key::ApiKey {
        id: ApiKeyId(30),
        name: "CRM".into(),
        prefix: "yd_abc".into(),
        actions: vec![Action::CustomerRead],
        created_at: DAY,
        last_used_at: None,
        expires_at: Some(DAY + 50),
        revoked_at: None,
    };
    store(db, vec![api_key::insert(&key, &[7; 32])]).await.unwrap();
    assert_eq!(api_key::of_secret(db, &[7; 32]).await.unwrap(), Some(key.clone()));
    assert!(key.is_valid(DAY) && !key.is_valid(DAY + 50));
    store(db, vec![api_key::used(key.id, DAY + 1), api_key::revoke(key.id, DAY + 2)]).await.unwrap();
    let revoked = api_key::all(db).await.unwrap().remove(0);
    assert!(!revoked.is_valid(DAY));
    assert_eq!(revoked.last_used_at, Some(DAY + 1));
}

async fn requests_and_forms(db: &Db) {
    let answered = idempotency::Answered { request_hash: vec![1, 2], status: 201, body: b"{}\0".to_vec() };
    store(db, vec![idempotency::insert("user:9", "k1", &answered, DAY + 7)]).await.unwrap();
    let second = store(db, vec![idempotency::insert("user:9", "k1", &answered, DAY + 7)]).await;
    assert!(matches!(second, Err(CommitError::Conflict { .. })), "{second:?}");
    assert_eq!(idempotency::get(db, "user:9", "k1", DAY).await.unwrap(), Some(answered));
    assert_eq!(idempotency::get(db, "user:8", "k1", DAY).await.unwrap(), None, "keys are each caller's own");
    store(db, vec![idempotency::expire(DAY + 7)]).await.unwrap();
    assert_eq!(idempotency::get(db, "user:9", "k1", 0).await.unwrap(), None);

    let first = consult::Consult {
        conversation: ConversationId(70),
        form: FormId(5),
        version: 0,
        values: BTreeMap::from([("result".to_owned(), "已解决".to_owned())]),
        complete: false,
        agent: Some(UserId(9)),
        updated_at: DAY,
    };
    store(db, vec![consult::put(&first)]).await.unwrap();
    let read = consult::get(db, first.conversation).await.unwrap().unwrap();
    assert_eq!(read, consult::Consult { version: 1, ..first.clone() });
    store(db, vec![consult::put(&consult::Consult { complete: true, ..read.clone() })]).await.unwrap();
    assert_eq!(store(db, vec![consult::put(&read)]).await, Err(CommitError::Stale { statement: 0 }));
    assert!(matches!(store(db, vec![consult::put(&first)]).await, Err(CommitError::Conflict { .. })));
    let wishes = serde_json::json!({"theme": "dark"});
    store(db, vec![preference::put(UserId(9), &wishes), preference::put(UserId(9), &wishes)]).await.unwrap();
    assert_eq!(preference::get(db, UserId(9)).await.unwrap(), Some(wishes));
}

async fn leads(db: &Db) {
    let left = |id: i64| Lead {
        id: RecordId(id),
        line: LineId(3),
        version: 1,
        widget: WidgetId(2),
        visitor: Some(VisitorId(600)),
        customer: None,
        name: "赵".into(),
        phone: "139".into(),
        email: String::new(),
        fields: BTreeMap::from([("text".to_owned(), "请回电".to_owned())]),
        created_at: DAY,
        updated_at: DAY,
        ..Lead::default()
    };
    store(db, vec![lead::insert(&left(100)), lead::insert(&left(101))]).await.unwrap();
    let (version, status, owner) = (2, LeadStatus::Claimed, Some(UserId(9)));
    let claimed = Lead { version, status, owner, ..left(100) };
    store(db, vec![lead::update(&claimed)]).await.unwrap();
    assert_eq!(store(db, vec![lead::update(&claimed)]).await, Err(CommitError::Stale { statement: 0 }));
    let filtered =
        |filter: lead::Filter| async move { lead::list(db, &filter, None, 9).await.unwrap().items };
    let new = lead::Filter { status: Some(LeadStatus::New), ..lead::Filter::default() };
    assert_eq!(filtered(new).await, [left(101)]);
    let all = lead::Filter::default();
    let page = lead::list(db, &all, None, 1).await.unwrap();
    let older = lead::list(db, &all, page.next.as_deref(), 1).await.unwrap();
    assert_eq!((page.items[0].id, older.items[0].id, older.next), (RecordId(101), RecordId(100), None));
    let of_visitor = lead::of_visitor(db, VisitorId(600), 9).await.unwrap();
    assert_eq!(of_visitor.iter().map(|it| it.id.0).collect::<Vec<_>>(), [101, 100]);
    assert_eq!(lead::get(db, RecordId(100)).await.unwrap().unwrap().owner, Some(UserId(9)));
    let ids = |found: Vec<Lead>| found.iter().map(|it| it.id.0).collect::<Vec<_>>();
    let of = |owner| lead::Filter { visible_to: Some(vec![UserId(owner)]), ..lead::Filter::default() };
    assert_eq!(ids(filtered(of(9)).await), [101, 100], "one's own, and what nobody has");
    assert_eq!(ids(filtered(of(8)).await), [101]);
    let words = lead::Filter { q: "回电".into(), free: true, ..lead::Filter::default() };
    assert_eq!(ids(filtered(words).await), [101]);
    assert_eq!(ids(lead::ungiven(db, 9).await.unwrap()), [101]);
    let given = Lead { version: 3, given_at: Some(DAY), reclaim_at: Some(DAY + 5), ..claimed };
    let note = lead::LeadNote {
        id: RecordId(700),
        author: None,
        deed: Deed { what: LeadDeed::Reclaimed, person: Some(UserId(9)), text: String::new() },
        written_at: DAY,
    };
    store(db, vec![lead::update(&given), lead::note(RecordId(100), &note)]).await.unwrap();
    assert_eq!(lead::next_at(db).await.unwrap(), Some(DAY + 5));
    assert_eq!(lead::last_given(db).await.unwrap(), Some(UserId(9)));
    assert!(lead::late(db, DAY + 4, 9).await.unwrap().is_empty());
    assert_eq!(ids(lead::late(db, DAY + 5, 9).await.unwrap()), [100]);
    assert_eq!(lead::notes(db, RecordId(100)).await.unwrap(), [note]);
    assert_eq!(lead::lost(db, RecordId(100)).await.unwrap(), [UserId(9)].into());
}

/// Deliveries of one conversation go out in order; another one's do not wait for them.
async fn deliveries(db: &Db) {
    let hook = WebhookId(40);
    let make = |id: i64, seq, subject| webhook::insert(RecordId(id), hook, seq, subject, "tagged", DAY);
    store(db, vec![make(201, 11, 1), make(202, 12, 1), make(203, 13, 2), make(209, 13, 2)]).await.unwrap();
    let due = async |now| {
        let found = webhook::due(db, now, 9).await.unwrap();
        found.iter().map(|it| it.id.0).collect::<Vec<_>>()
    };
    assert_eq!(due(DAY).await, [201, 203]);
    store(db, vec![webhook::retry(RecordId(201), DAY + 60, Some(500), "busy")]).await.unwrap();
    assert_eq!(due(DAY).await, [203], "202 waits for 201");
    assert_eq!(webhook::next_at(db).await.unwrap(), Some(DAY));
    store(db, vec![webhook::delivered(RecordId(203), 200), webhook::dead(RecordId(201), None, "gone")])
        .await
        .unwrap();
    assert_eq!(due(DAY).await, [202]);
    let dead = webhook::list(db, hook, "dead", None, 9).await.unwrap().items.remove(0);
    assert_eq!((dead.id, dead.attempts, &*dead.last_error), (RecordId(201), 2, "gone"));
    assert_eq!(webhook::dead_letters(db, hook, 9).await.unwrap(), 1);
    assert_eq!(webhook::dead_letters(db, hook, 0).await.unwrap(), 0, "no more are counted than asked for");
    store(db, vec![webhook::replay(dead.id, DAY)]).await.unwrap();
    assert_eq!(due(DAY).await, [201]);
    assert_eq!(webhook::get(db, dead.id).await.unwrap().unwrap().state, "waiting");
    assert_eq!(webhook::list(db, hook, "", None, 9).await.unwrap().items.len(), 3);
}

/// Facts are written whole, as often as one likes, with the position of the job that made them.
async fn figures(db: &Db) {
    let mut contact =
        fact::Contact { conversation: ConversationId(70), started_at: DAY, ..Default::default() };
    let mut visit = fact::Visit {
        seq: 3,
        conversation: ConversationId(70),
        queue: QueueId(40),
        line: LineId(3),
        medium: Medium::Chat,
        vip: true,
        reason: QueueReason::New,
        entered_at: DAY,
        threshold_s: 20,
        left_at: None,
        exit: None,
        waited_ms: 0,
        agent: None,
    };
    let mut segment = fact::Segment {
        conversation: ConversationId(70),
        number: 1,
        agent: UserId(9),
        team: None,
        queue: Some(QueueId(40)),
        line: LineId(3),
        medium: Medium::Chat,
        share: 2000,
        waited_ms: 900,
        threshold_s: 20,
        by_hand: false,
        started_at: DAY,
        ended_at: None,
        end: None,
        talk_ms: 0,
        wrap_at: None,
        wrap_ms: 0,
        first_response_ms: None,
        customer_messages: 1,
        agent_messages: 0,
        focus_ms: 0,
        rating_asked: false,
        rating: None,
    };
    let offer = fact::Offer {
        seq: 4,
        conversation: ConversationId(70),
        agent: UserId(9),
        queue: QueueId(40),
        offered_at: DAY,
        end: OfferEnd::Declined,
        after_ms: 10,
    };
    let mut interval = fact::Interval {
        seq: 2,
        agent: UserId(9),
        state: AgentState::Ready,
        reason: String::new(),
        from_at: DAY,
        until_at: None,
    };
    let invitation = fact::Invitation {
        seq: 9,
        visitor: VisitorId(600),
        invitation: None,
        variant: true,
        page: "/".into(),
        happened_at: DAY,
        accepted: Some(false),
    };
    let rows = [
        fact::Row::Contact(contact.clone()),
        fact::Row::Visit(visit.clone()),
        fact::Row::Segment(segment.clone()),
        fact::Row::Offer(offer.clone()),
        fact::Row::Interval(interval.clone()),
        fact::Row::Invitation(invitation.clone()),
    ];
    let mut statements: Vec<_> = rows.iter().map(facts::put).collect();
    statements.push(reader::begin("report", 0));
    statements.push(reader::advance("report", 0, 9));
    store(db, statements.clone()).await.unwrap();
    assert_eq!(
        store(db, statements).await,
        Err(CommitError::Stale { statement: 7 }),
        "another job came first"
    );
    assert_eq!(reader::reached(db, "report").await.unwrap(), Some(9));
    assert_eq!(facts::open_interval(db, UserId(9)).await.unwrap(), Some(interval.clone()));
    let later = DAY + 1_000_000;
    assert_eq!(
        facts::within(db, later, later + 1).await.unwrap().segments,
        [segment.clone()],
        "it still runs"
    );

    contact.messages.customer = 4;
    visit.left_at = Some(DAY + 900);
    segment.ended_at = Some(DAY + 5000);
    interval.until_at = Some(DAY + 6000);
    let rows = [
        fact::Row::Contact(contact.clone()),
        fact::Row::Visit(visit.clone()),
        fact::Row::Segment(segment.clone()),
        fact::Row::Interval(interval.clone()),
    ];
    store(db, rows.iter().map(facts::put).collect()).await.unwrap();
    assert_eq!(facts::within(db, DAY, DAY + 1).await.unwrap().contacts, [contact.clone()]);
    assert_eq!(facts::within(db, DAY, DAY + 1).await.unwrap().visits, [visit.clone()]);
    assert_eq!(facts::within(db, DAY + 5000, DAY + 6000).await.unwrap().segments, [segment.clone()]);
    assert_eq!(facts::within(db, later, later + 1).await.unwrap().segments, []);
    assert_eq!(facts::within(db, DAY + 10, DAY + 11).await.unwrap().offers, [offer]);
    assert_eq!(facts::within(db, DAY, DAY + 1).await.unwrap().intervals, [interval]);
    assert_eq!(facts::within(db, DAY, DAY + 1).await.unwrap().invitations, [invitation]);
    assert_eq!(facts::open_interval(db, UserId(9)).await.unwrap(), None);
    let way = facts::of_contact(db, ConversationId(70)).await.unwrap();
    assert_eq!(way, Some((contact, vec![visit], vec![segment])));
    assert_eq!(facts::of_contact(db, ConversationId(71)).await.unwrap(), None);
}
