use super::*;
use std::collections::BTreeMap;
use yingda_core::{
    chain,
    config::RecordKind,
    directory::Directory,
    event::{Event, Fact},
    record as rules,
};
use yingda_report::project::Open;

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("yingda-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn every_record_of_the_pack_would_pass_the_checks_of_an_administrator() {
    let pack = pack::pack();
    let mut directory = Directory::default();
    for entry in &pack.records {
        directory.apply(entry.record.kind(), entry.id, Some(&entry.record));
    }
    for entry in &pack.records {
        // Roles are added when the demo is loaded.
        let wrong: Vec<_> = rules::check(&entry.record, Some(entry.id), &directory)
            .into_iter()
            .filter(|it| it.field != "roles")
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", entry.id);
        if let Record::Flow(flow) = &entry.record {
            assert_eq!(yingda_core::flow::check(&flow.draft, &directory, true), vec![]);
        }
    }
    for talk in &pack.talks {
        assert!(directory.queues.contains_key(&talk.queue), "{}", talk.need);
        assert!(talk.tags.iter().all(|tag| directory.tags.contains_key(tag)), "{}", talk.need);
        assert_eq!(talk.lines[0].0, pack::Side::Visitor, "the visitor speaks first: {}", talk.need);
    }
}

#[test]
fn everybody_of_the_demo_may_have_its_password() {
    for entry in pack::pack().records.iter().filter(|entry| entry.record.kind() == RecordKind::User) {
        let Record::User(user) = &entry.record else { unreachable!("filtered by kind") };
        assert!(crate::passwords::is_strong(shop::PASSWORD, &user.login, 10), "{}", user.login);
    }
}

/// SYS-30, SYS-31: the week is a real one, so its log holds together and its facts follow from it.
#[tokio::test]
async fn a_week_goes_through_the_real_engine() {
    let folder = Folder::new("demo");
    let db = Db::open(&format!("sqlite:{}", folder.0.join("yingda.db").display())).await.unwrap();
    db.migrate().await.unwrap();
    let now = 1_795_000_000_000;
    let loaded = load(&db, now).await.unwrap();
    assert!((400..900).contains(&loaded.conversations), "{loaded:?}");
    assert!(is_demo(&db).await.unwrap());
    assert!(load(&db, now).await.is_err(), "never twice, and never into a store in use");

    let mut head = [0; 32];
    let mut open = Open::default();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut last_at = 0;
    let mut facts = 0;
    loop {
        let batch = event::since(&db, open.position(), 1_000).await.unwrap();
        if batch.is_empty() {
            break;
        }
        for stored in &batch {
            let (salt, body) = (stored.salt.clone().unwrap(), stored.body.clone().unwrap());
            assert_eq!(
                chain::digest(&salt, &body, stored.private.as_deref())[..],
                stored.digest,
                "{}",
                stored.seq
            );
            let header = chain::Header {
                site: 1,
                seq: stored.seq,
                at: stored.at,
                on_kind: stored.on_kind,
                on_id: stored.on_id,
                kind: &stored.kind,
                actor_kind: stored.actor_kind,
                actor_id: stored.actor_id,
                audience: stored.audience,
            };
            head = chain::link(&head, header, stored.digest.as_slice().try_into().unwrap());
            assert_eq!(head[..], stored.hash, "{}", stored.seq);
            assert!(stored.at >= last_at && stored.at < now, "instants rise, up to the present");
            last_at = stored.at;
            let event: Event = serde_json::from_slice(&body).unwrap();
            if let Fact::Rated { score, .. } = &event.fact {
                assert!((1..=5).contains(score));
            }
            *kinds.entry(stored.kind.clone()).or_default() += 1;
            open.apply(&event);
        }
        facts += open.drain().len();
    }
    assert_eq!(open.position(), loaded.events);
    assert!(facts > loaded.conversations * 3, "{facts} rows");
    for kind in [
        "queue_left",
        "offer_ended",
        "segment_ended",
        "first_response",
        "wrap_up_ended",
        "rated",
        "tagged",
        "record_saved",
        "record_due",
        "flagged",
        "follow_up_set",
        "note_posted",
        "invitation_answered",
        "notice_accepted",
        "message_left",
        "customer_changed",
        "focus",
        "idle_warned",
    ] {
        assert!(kinds.contains_key(kind), "{kind} is missing of {kinds:?}");
    }
    assert!(yingda_store::conversation::open_live(&db).await.unwrap().is_empty(), "nobody is left waiting");
}
