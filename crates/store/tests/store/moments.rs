//! What is read together is of one moment, whatever is written meanwhile.

use crate::rows::DAY;
use yingda_core::{
    event::OfferEnd,
    fact::{Contact, Offer, Row},
    id::*,
};
use yingda_store::{Batch, Db, fact};

const MANY: u64 = 300;

/// SYS-31: a report never counts a contact without what belongs to it.
async fn a_report_reads_one_moment(db: &Db) {
    db.migrate().await.unwrap();
    let write = async {
        for seq in 1..=MANY {
            let conversation = ConversationId(seq as i64);
            let contact = Contact { conversation, started_at: DAY, ..Contact::default() };
            let offer = Offer {
                seq,
                conversation,
                agent: UserId(7),
                queue: QueueId(40),
                offered_at: DAY,
                end: OfferEnd::Accepted,
                after_ms: 5,
            };
            let rows = [Row::Contact(contact), Row::Offer(offer)];
            let statements = rows.iter().map(fact::put).collect();
            db.commit(Batch { statements, ..Batch::default() }).await.unwrap();
        }
    };
    let read = async {
        loop {
            let facts = fact::within(db, DAY, DAY + 1_000).await.unwrap();
            assert_eq!(facts.contacts.len(), facts.offers.len(), "they were written together");
            if facts.contacts.len() as u64 == MANY {
                return;
            }
        }
    };
    tokio::join!(write, read);
}

on_both!(a_report_reads_one_moment);
