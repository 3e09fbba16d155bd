//! Mails with several receivers, of whom not all are taken at once (SYS-01e).

use crate::line::work;
use crate::mail::{Servers, begun, channel, post_mail, setup, told};
use crate::mailbox::{Mailbox, letter};
use crate::office::hire;
use crate::support::Server;
use crate::webhooks::OPEN;
use serde_json::json;
use yingda_peers::Postfix;

/// SYS-01e: a receiver who is refused for now gets the mail later, and the others neither wait nor get it twice.
#[tokio::test]
async fn sys_01e_who_is_refused_for_now_gets_the_mail_later_and_alone() {
    let servers = Servers::shared();
    let postfix = Postfix::new(&servers.dovecot, None);
    let (help, wang) = servers.dovecot.pair();
    let (_, busy) = servers.dovecot.pair();
    let (server, admin) = Server::set_up_with(&OPEN).await;
    let (agent, id) = hire(&server, &admin, "li", "R-03").await;
    let (mut desk, _) = work(&server, &agent, &id).await;
    channel(&admin, setup(&help, servers.dovecot.imap(), postfix.smtp())).await;
    servers.dovecot.deliver(&help, &letter(&wang, &help, "Subject: 问题\r\n", "在吗"));
    let (conversation, _) = begun(&mut desk, &agent).await;

    postfix.refuse_for_now(&[&busy]);
    let all = json!([{ "address": busy }, { "address": Postfix::REFUSED }, { "address": wang }]);
    desk.say(post_mail(&conversation, 1, json!({ "text": "给各位", "subject": "各位", "to": all }))).await;
    let reason = told(&mut desk, "sent").await["reason"].to_string();
    assert!(reason.contains(&busy) && reason.contains("450"), "{reason}");
    assert!(reason.contains(Postfix::REFUSED) && reason.contains("554"), "{reason}");
    let mut others = Mailbox::open(&servers.dovecot, &wang).await;
    assert!(others.next_in_time().await.subject().unwrap().starts_with("各位 [#"));

    postfix.refuse_for_now(&[]);
    let reason = told(&mut desk, "sent").await["reason"].to_string();
    assert!(!reason.contains(&busy) && reason.contains(Postfix::REFUSED), "{reason}");
    let mut later = Mailbox::open(&servers.dovecot, &busy).await;
    assert!(later.next_in_time().await.subject().unwrap().starts_with("各位 [#"));
    assert_eq!((later.count().await, others.count().await), (1, 1));
}
