//! What core decided on a lead is stored with what is written down of it, and who is concerned is told.

use crate::{
    app::App,
    problem::Problem,
    site::{Item, ItemFact, Refused},
};
use yingda_core::{
    actor::Actor,
    conversation::Conversation,
    event::{Audience, Fact, LeadChanged, LeadTold, Private, Subject},
    id::*,
    lead::{Decided, Lead, Scene},
    phone,
};
use yingda_store::lead::{self as rows, LeadNote};

/// Goes to whoever's turn it is, where leads are handed out; tells whether somebody got it.
pub async fn pass_on(app: &App, decided: &mut Decided, scene: Scene<'_>) -> Result<bool, Problem> {
    let lost = rows::lost(&app.db, decided.lead.id).await?;
    Ok(decided.pass_on(rows::last_given(&app.db).await?, lost, scene))
}

/// A caller left words for a machine: somebody has to call back.
pub async fn left_by_voice(app: &App, of: &Conversation, from: &str, seconds: u64) -> Result<(), Refused> {
    let now = app.clock.now();
    let message = of.lang.of(format!("语音留言，{seconds} 秒"), format!("Voicemail of {seconds} seconds"));
    let fields = [("message", message), ("conversation", of.id.to_string())];
    let lead = Lead {
        id: RecordId(app.next_id()),
        line: of.line,
        version: 1,
        visitor: Some(of.visitor),
        customer: of.customer,
        name: from.to_owned(),
        phone: phone::normal(from),
        fields: fields.map(|(key, value)| (key.to_owned(), value)).into(),
        created_at: now,
        updated_at: now,
        ..Lead::default()
    };
    let private = Private::Values { before: None, after: serde_json::to_value(&lead.fields).ok() };
    let (customer, widget) = (lead.customer, lead.widget);
    let fact = ItemFact {
        on: Subject::Visitor(of.visitor),
        to: Audience::Staff,
        fact: Fact::MessageLeft { customer, widget, fields: Default::default() },
        private: Some(Box::new(private)),
    };
    let by = Actor::Visitor { id: of.visitor };
    app.site.change(Item::new(by, vec![fact], vec![rows::insert(&lead)])).await?;
    crate::jobs::leads::WAKE.notify_one();
    Ok(())
}

/// Stores what was decided, unless somebody was quicker.
pub async fn store(app: &App, before: &Lead, decided: &Decided, scene: Scene<'_>) -> Result<(), Refused> {
    app.site.change(item(app, Some(before), decided, scene)).await?;
    crate::jobs::leads::WAKE.notify_one();
    Ok(())
}

/// The row, what happened, what is written down of it, and word to whom it concerns. Without `before` it is new.
pub fn item(app: &App, before: Option<&Lead>, decided: &Decided, scene: Scene<'_>) -> Item {
    let Decided { lead, deeds, told } = decided;
    let on = |subject, fact, private| ItemFact { on: subject, to: Audience::Staff, fact, private };
    let changed = |what, person| {
        Fact::LeadChanged(LeadChanged {
            lead: lead.id,
            version: lead.version,
            status: lead.status,
            what,
            person,
        })
    };
    let values = before.map_or_else(
        || Private::Values { before: None, after: serde_json::to_value(&lead.fields).ok() },
        |before| Private::Values { before: Some(told_values(before)), after: Some(told_values(lead)) },
    );
    let mut said: Vec<_> = deeds.iter().map(|deed| (Some(deed.what), deed.person)).collect();
    if said.is_empty() || before.is_none() {
        said.insert(0, (None, None));
    }
    let mut values = Some(Box::new(values));
    let mut facts: Vec<ItemFact> = said
        .into_iter()
        .map(|(what, person)| on(Subject::Record(lead.id), changed(what, person), values.take()))
        .collect();
    facts.extend(told.iter().map(|(user, what)| {
        let fact = LeadTold { lead: lead.id, name: lead.name.clone(), what: *what };
        on(Subject::User(*user), Fact::LeadTold(fact), None)
    }));
    let notes = deeds.iter().map(|deed| {
        let (id, author, written_at) = (RecordId(app.next_id()), scene.by.user(), scene.now);
        rows::note(lead.id, &LeadNote { id, author, deed: deed.clone(), written_at })
    });
    let row = if before.is_some() { rows::update(lead) } else { rows::insert(lead) };
    Item::new(scene.by, facts, std::iter::once(row).chain(notes).collect())
}

/// What of a lead may change, for the log.
fn told_values(lead: &Lead) -> serde_json::Value {
    serde_json::json!({
        "status": lead.status, "owner": lead.owner, "answer": lead.answer, "area": lead.area,
        "level": lead.level, "validity": lead.validity, "customer": lead.customer,
    })
}
