//! Orders and goods in the store (B-15 to B-17): found by any end of their number, listed by page, and due when something
//! is to be done.

use crate::{rows::DAY, story::store};
use yingda_core::{
    actor::Actor,
    customer::{Customer, CustomerSettings},
    directory::Directory,
    id::*,
    order::{
        self, Order, OrderDraft, OrderPayment, OrderSettings, OrderState, Product, Receiver, StoredProduct,
    },
};
use yingda_store::{CommitError, Db, customer, order as rows, product};

on_both!(orders_are_found);

const NOTHING: [i64; 0] = [];

fn made(id: i64, number: &str, placed_at: i64, address: &str) -> Order {
    let draft = OrderDraft {
        number: number.into(),
        customer: Some(CustomerId(500)),
        placed_at,
        promised_at: Some(placed_at + 2 * DAY),
        payment: OrderPayment::Paid,
        receiver: Receiver { name: "王芳".into(), phone: "138 0013 8000".into(), address: address.into() },
        lines: vec![order::OrderLine {
            sku: "A1".into(),
            name: "台灯".into(),
            quantity: 1,
            ..order::OrderLine::default()
        }],
        ..OrderDraft::default()
    };
    order::create(draft, RecordId(id), placed_at, &Directory::default()).unwrap().0
}

async fn orders_are_found(db: &Db) {
    db.migrate().await.unwrap();
    let card = Customer { name: "王芳".into(), phone: "13800138000".into(), ..Customer::default() };
    let who = customer::Customer::new(CustomerId(500), card, DAY);
    store(db, customer::insert(&who, &CustomerSettings::default(), DAY)).await.unwrap();
    let whole = "广东省深圳市南山区科技园路 12 号";
    let all = [
        made(1, "YQ-1001", DAY, whole),
        made(2, "YQ-1002", 2 * DAY, "广东省深圳市"),
        made(3, "ZZ-7731", 3 * DAY, whole),
    ];
    for it in &all {
        store(db, vec![rows::insert(it)]).await.unwrap();
    }
    let twin = made(9, "yq-1001", DAY, whole);
    let taken = store(db, vec![rows::insert(&twin)]).await;
    assert!(
        matches!(taken, Err(CommitError::Conflict { .. })),
        "a number is one, however it is written: {taken:?}"
    );
    assert_eq!(rows::with_number(db, " yq-1002 ").await.unwrap().as_ref(), Some(&all[1]));

    let list = async |filter: rows::Filter| {
        let mut ids = vec![];
        let mut cursor = None;
        loop {
            let page = rows::list(db, &filter, cursor.as_deref(), 2).await.unwrap();
            ids.extend(page.items.iter().map(|it| it.id.0));
            cursor = page.next;
            if cursor.is_none() {
                return ids;
            }
        }
    };
    let any = rows::Filter::default;
    assert_eq!(list(any()).await, [3, 2, 1], "the newest first, over the end of a page");
    assert_eq!(list(rows::Filter { q: "7731".into(), ..any() }).await, [3]);
    assert_eq!(list(rows::Filter { q: "台灯".into(), ..any() }).await, [3, 2, 1]);
    assert_eq!(list(rows::Filter { unsure: true, ..any() }).await, [2]);
    assert_eq!(list(rows::Filter { by_due: true, ..any() }).await, [1, 2, 3]);
    assert_eq!(list(rows::Filter { from: Some(2 * DAY), to: Some(3 * DAY), ..any() }).await, [2]);
    assert_eq!(list(rows::Filter { state: Some(OrderState::Shipped), ..any() }).await, NOTHING);
    assert_eq!(list(rows::Filter { customer: Some(CustomerId(500)), ..any() }).await, [3, 2, 1]);
    assert_eq!(list(rows::Filter { customer: Some(CustomerId(501)), ..any() }).await, NOTHING);
    for q in ["YQ-1001", "yq-10", "7731"] {
        let found = customer::find(db, q, 5).await.unwrap();
        assert_eq!(found.iter().map(|it| it.id.0).collect::<Vec<_>>(), [500], "{q}");
    }
    assert!(customer::find(db, "YQ-", 5).await.unwrap().is_empty(), "every number begins so");

    // The timer: nothing before the first date, and nothing once it is seen to.
    assert_eq!(rows::next_at(db).await.unwrap(), Some(3 * DAY));
    assert!(rows::next(db, 3 * DAY - 1, 9).await.unwrap().is_empty());
    let due = rows::next(db, 3 * DAY, 9).await.unwrap();
    assert_eq!(due.len(), 1);
    let (late, _) = order::overdue(&due[0], &OrderSettings::default(), 3 * DAY).unwrap();
    store(db, vec![rows::update(&late)]).await.unwrap();
    let again = store(db, vec![rows::update(&late)]).await;
    assert!(matches!(again, Err(CommitError::Stale { .. })), "{again:?}");
    assert_eq!(list(rows::Filter { troubled: true, ..any() }).await, [1]);
    let key = late.exceptions[0].key.clone();
    let ticket = order::opened(&late, &key, Some(TicketId(77)), 3 * DAY).unwrap();
    store(db, vec![rows::update(&ticket), rows::link(TicketId(77), ticket.id)]).await.unwrap();
    assert_eq!(rows::of_ticket(db, TicketId(77)).await.unwrap()[0].id, RecordId(1));
    let said = order::Arrange { exception: key, promised_at: Some(9 * DAY), ..order::Arrange::default() };
    let (done, _) = order::arrange(&ticket, said, None, Actor::System, 4 * DAY).unwrap();
    store(db, vec![rows::update(&done)]).await.unwrap();
    assert_eq!(list(rows::Filter { troubled: true, ..any() }).await, NOTHING);

    let goods = |id: i64, sku: &str, name: &str| StoredProduct {
        id: RecordId(id),
        version: 1,
        product: Product { sku: sku.into(), name: name.into(), ..Product::default() },
        updated_at: DAY,
    };
    for it in [goods(11, "B2", "台灯 充电版"), goods(10, "A1", "台灯")] {
        store(db, vec![product::insert(&it)]).await.unwrap();
    }
    let first = product::list(db, "台灯", None, 1).await.unwrap();
    let second = product::list(db, "台灯", first.next.as_deref(), 1).await.unwrap();
    assert_eq!((first.items[0].id.0, second.items[0].id.0, second.next), (10, 11, None));
    assert_eq!(product::of_skus(db, &["b2".into(), "none".into()]).await.unwrap()[0].name, "台灯 充电版");
}
