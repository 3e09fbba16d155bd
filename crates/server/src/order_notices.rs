//! What customers are told of their orders, by the first door that is open to them and that they allow: the
//! conversation they are in, else SMS, else mail. The same words leave once, however often it is tried.

use crate::{
    app::App,
    channels::{heard, reach},
    orders,
    problem::Problem,
    surveys,
};
use yingda_core::{
    At,
    actor::Actor,
    calendar,
    command::{Act, Command, Envelope, Sent},
    config::Channel,
    conversation::Content,
    event::Author,
    id::*,
    lang::Lang,
    medium::Medium,
    order::{self, Order, OrderNotice},
    refusal::Refusal,
};
use yingda_store::{Statement, conversation, customer, order as rows, outbound, outreach};

/// Somebody who talks with us in more conversations than this at once is no customer.
const TALKS: usize = 5;

/// Sends words that wait, or takes down that no door was open.
pub async fn send(app: &App, it: &Order, notice: &OrderNotice) -> Result<(), Problem> {
    let now = app.clock.now();
    let customer = match it.order.customer {
        Some(id) => customer::living(&app.db, id).await?,
        None => None,
    };
    let Some(customer) = customer else { return keep(app, it.id, gone(notice), vec![]).await };
    if let Some(after) = by_talk(app, it, notice, customer.id, now).await? {
        return keep(app, it.id, after, vec![]).await;
    }
    let directory = app.directory();
    let doors = |medium| {
        let open = move |it: &&Channel| it.enabled && it.setup.sends() && it.setup.medium() == medium;
        directory.channels.iter().filter(move |(_, it)| open(&&***it))
    };
    for (id, channel) in doors(Medium::Sms).chain(doors(Medium::Mail)) {
        let medium = channel.setup.medium();
        let Some(to) = reach::of_customer(*id, channel, &customer, &[]) else { continue };
        let Some(end) = reach::end_of(app, *id, channel, &to).await? else { continue };
        if reach::is_out(&app.db, medium, &to).await? {
            continue;
        }
        let text = words(app, it, notice, channel.lang);
        let term = if medium == Medium::Sms { end.term } else { to };
        // All of a channel's words about orders stand together, where it can be looked up what became of them.
        let batch = outreach::Batch {
            id: RecordId(id.0),
            channel: *id,
            name: "订单通知 · Order notices".into(),
            body: String::new(),
            purpose: String::new(),
            author: None,
            created_at: now,
        };
        let row = RecordId(app.next_id());
        let writes = vec![
            outreach::insert_once(&batch),
            outbound::loose(row, *id, &term, &text, Some(batch.id), now, now),
        ];
        let after = OrderNotice { text, sent_at: Some(now), channel: Some(*id), ..notice.clone() };
        keep(app, it.id, after, writes).await?;
        heard::stir(app).await;
        return Ok(());
    }
    keep(app, it.id, gone(notice), vec![]).await
}

fn gone(notice: &OrderNotice) -> OrderNotice {
    OrderNotice { undeliverable: true, ..notice.clone() }
}

/// Says it in a conversation that is open, under a name of its own, so that a second try says nothing.
async fn by_talk(
    app: &App,
    it: &Order,
    notice: &OrderNotice,
    customer: CustomerId,
    now: At,
) -> Result<Option<OrderNotice>, Problem> {
    let filter =
        conversation::Filter { customer: Some(customer), open: true, ..conversation::Filter::default() };
    for line in conversation::list(&app.db, &filter, None, TALKS).await?.items {
        let Some(talk) = conversation::get(&app.db, line.id).await?.filter(|it| it.closed_at.is_none())
        else {
            continue;
        };
        if surveys::is_opted_out(app, &talk).await? {
            continue;
        }
        let text = words(app, it, notice, talk.lang);
        let name = format!("{}\n{}", it.id, notice.key);
        let [a, b, c, d, ..] = app.secrets.mac("order-notice", name.as_bytes());
        let origin = Some(Sent { tab: Tab(u32::from_be_bytes([a, b, c, d])), n: 1, base: 1 });
        let act = Act::Post { content: Content::Text { text: text.clone() }, author: Author::Automatic };
        let command = Command::Conversation(talk.id, act);
        match app.site.send(Envelope { actor: Actor::System, origin, command }).await {
            Ok(_) => {}
            Err(refused) if matches!(refused.refusal, Refusal::Busy | Refusal::Unavailable) => {
                return Err(refused.into());
            }
            Err(_) => continue,
        }
        return Ok(Some(OrderNotice {
            text,
            sent_at: Some(now),
            conversation: Some(talk.id),
            ..notice.clone()
        }));
    }
    Ok(None)
}

/// The words that were written, else the site's for such news.
fn words(app: &App, it: &Order, notice: &OrderNotice, lang: Lang) -> String {
    if !notice.text.is_empty() {
        return notice.text.clone();
    }
    let directory = app.directory();
    let line = it.order.line.or_else(|| directory.lines.keys().next().copied()).unwrap_or_default();
    let zone = directory.zone(line);
    let template =
        directory.settings.orders.text(notice.what).map(|it| it.text.get(lang)).unwrap_or_default();
    order::words(it, template, lang, |at| calendar::date_text(zone, at))
}

async fn keep(app: &App, id: RecordId, after: OrderNotice, writes: Vec<Statement>) -> Result<(), Problem> {
    orders::decide(app, Actor::System, id, &writes, |it, now, _| {
        Ok(order::told(it, after.clone(), now).map(|(it, deed)| (it, vec![deed])))
    })
    .await?;
    Ok(())
}

/// What waits on an order by now: dates that passed, cases to open, words to send.
pub async fn settle(app: &App, id: RecordId) -> Result<(), Problem> {
    let it = orders::decide(app, Actor::System, id, &[], |it, now, settings| {
        Ok(order::overdue(it, settings, now))
    })
    .await?;
    for exception in it.exceptions.iter().filter(|it| it.ticket.is_none() && !it.without_ticket) {
        orders::open_ticket(app, &it, exception).await?;
    }
    for notice in it.notices.iter().filter(|it| it.is_waiting()) {
        let Some(now) = rows::get(&app.db, id).await? else { return Ok(()) };
        send(app, &now, notice).await?;
    }
    Ok(())
}
