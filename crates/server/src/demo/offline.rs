//! Messages left while nobody was there.

use super::{book::Book, dice::Dice, pack::Pack, shop::Regular};
use std::collections::BTreeMap;
use yingda_core::{
    At,
    actor::Actor,
    event::{Fact, Subject},
    id::*,
    lead::Lead,
};
use yingda_store::{CommitError, lead as rows};

const LEADS: i64 = 6;
const WIDGET: WidgetId = WidgetId(2_000_001);

/// All at the end of the history: the log's instants never fall back.
pub async fn leave(
    book: &mut Book,
    pack: &Pack,
    dice: &mut Dice,
    regulars: &[Regular],
    now: At,
) -> Result<(), CommitError> {
    for _ in 0..LEADS {
        let it = dice.pick(regulars);
        let order = format!("YQ2611{}", dice.between(10_000, 99_999));
        let product = dice.pick(&pack.products);
        let message = dice.pick(&pack.offline).replace("{p}", product).replace("{o}", &order);
        let fields: BTreeMap<String, String> = [
            ("name", it.customer.card.name.clone()),
            ("phone", it.customer.card.phone.clone()),
            ("message", message),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let row = rows::insert(&Lead {
            id: RecordId(book.engine.fresh_id(now)),
            line: LineId(1_000_101),
            version: 1,
            widget: WIDGET,
            visitor: Some(it.visitor),
            customer: Some(it.customer.id),
            name: it.customer.card.name.clone(),
            phone: it.customer.card.phone.clone(),
            email: String::new(),
            fields: fields.clone(),
            created_at: now,
            updated_at: now,
            ..Lead::default()
        });
        let fact = Fact::MessageLeft { customer: Some(it.customer.id), widget: WIDGET, fields };
        let by = Actor::Visitor { id: it.visitor };
        book.note(now, by, Subject::Visitor(it.visitor), fact, None, vec![row]).await?;
    }
    book.flush().await
}
