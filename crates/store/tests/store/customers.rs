//! Customers in the store: found by whatever people have of them, listed, joined, deleted and brought back.

use crate::{rows::DAY, story::store};
use yingda_core::{
    config::Field,
    customer::{Customer, CustomerSettings},
    id::*,
};
use yingda_store::{CommitError, Db, conversation as conversations, customer, customer_list};

const NOTHING: [i64; 0] = [];

/// B-36: one after another, on rows that the story has written.
pub async fn are_found(db: &Db) {
    let room = Field { key: "room".into(), ..Field::default() };
    let illness = Field { key: "illness".into(), sensitive: true, ..Field::default() };
    let settings = CustomerSettings { fields: vec![room, illness], ..CustomerSettings::default() };
    let named = |id: i64, name: &str, phone: &str| {
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let card = Customer {
            name: name.into(),
            phone: phone.into(),
            email: format!("C{id}@Example.com"),
            tags: vec![TagId(900)],
            values: [own("room", &format!("12-{id}")), own("illness", "flu")].into(),
            ..Customer::default()
        };
        customer::Customer { id: CustomerId(id), card, ..customer::Customer::default() }
    };
    let wang = named(500, "王芳", "+86 138 0013 8000");
    let li = named(501, "李雷", "021-5555 1234");
    store(db, customer::insert(&wang, &settings, DAY)).await.unwrap();
    store(db, customer::insert(&li, &settings, DAY)).await.unwrap();
    let find = async |q: &str| {
        let found = customer::find(db, q, 9).await.unwrap();
        found.iter().map(|it| it.id.0).collect::<Vec<_>>()
    };
    assert_eq!(find("1380013").await, [500]);
    assert_eq!(find("8000").await, [500], "the last digits are what people read out");
    assert_eq!(find("王").await, [500]);
    assert_eq!(find("wangf").await, [500], "pinyin finds a name");
    assert_eq!(find("c501@").await, [501]);
    assert_eq!(find("c1@8000.example").await, NOTHING, "the digits of an address are no number");
    assert_eq!(find("nobody").await, NOTHING);
    assert_eq!(find("0013").await, [500], "a number's second group");
    assert_eq!((find("wf").await, find("ll").await), (vec![500], vec![501]), "initials");
    assert_eq!(find("芳").await, [500], "a given name");
    let same = customer::sounding(db, "汪方", 9).await.unwrap();
    assert_eq!(same.iter().map(|it| it.id.0).collect::<Vec<_>>(), [500], "written otherwise, called alike");
    assert!(customer::sounding(db, "汪", 9).await.unwrap().is_empty(), "a part of a name is another name");
    assert_eq!(find("12-501").await, [501], "an own field");
    assert_eq!(find("flu").await, NOTHING, "nobody is found by what is hidden from some");
    assert_eq!(customer::with(db, "phone", "13800138000", 2).await.unwrap()[0].id, wang.id);

    let read = customer::get(db, wang.id).await.unwrap().unwrap();
    assert_eq!(read.card, wang.card);
    let mut renamed = read.clone();
    renamed.card.name = "王小芳".into();
    store(db, customer::update(&renamed, &settings, DAY + 1)).await.unwrap();
    assert_eq!(
        store(db, customer::update(&renamed, &settings, DAY + 2)).await,
        Err(CommitError::Stale { statement: 0 })
    );
    assert_eq!(find("王芳").await, NOTHING, "the old name finds no longer");
    let everybody = customer_list::Filter::default();
    let page = customer_list::list(db, &everybody, None, 1).await.unwrap();
    assert_eq!(page.items[0].id, li.id);
    let page = customer_list::list(db, &everybody, page.next.as_deref(), 1).await.unwrap();
    assert_eq!((page.items[0].id, page.next), (wang.id, None));

    let with = async |values: &[(&str, &str)], q: &str| {
        let values = values.iter().map(|(field, term)| ((*field).to_owned(), (*term).to_owned())).collect();
        let filter = customer_list::Filter { values, q: q.into(), ..Default::default() };
        let page = customer_list::list(db, &filter, None, 9).await.unwrap();
        page.items.iter().map(|it| it.id.0).collect::<Vec<_>>()
    };
    assert_eq!(with(&[("@tag", "900")], "").await, [501, 500], "by name");
    assert_eq!(with(&[("@tag", "900"), ("room", "12-500")], "").await, [500]);
    assert_eq!(with(&[("@tag", "900"), ("@kind", "company")], "").await, NOTHING);
    assert_eq!(with(&[("room", "12-500")], "l").await, NOTHING, "letters and filters hold together");

    store(db, customer::merge(wang.id, 2, li.id, DAY + 3)).await.unwrap();
    let merged = customer::get(db, wang.id).await.unwrap().unwrap();
    assert_eq!((merged.merged_into, merged.deleted_at), (Some(li.id), Some(DAY + 3)));
    assert_eq!(customer::living(db, wang.id).await.unwrap().map(|it| it.id), Some(li.id));
    assert_eq!(find("8000").await, [501], "the number of the one who was merged finds the one who is left");
    let open = conversations::get(db, ConversationId(70)).await.unwrap().unwrap();
    assert_eq!(open.customer, Some(li.id), "the state too, which a rebuild reads");
    let of = conversations::Filter { customer: Some(li.id), ..Default::default() };
    assert_eq!(conversations::list(db, &of, None, 9).await.unwrap().items[0].id, ConversationId(70));
    store(db, vec![customer::delete(li.id, 1, DAY + 4)]).await.unwrap();
    assert_eq!(find("李").await, NOTHING);
    store(db, vec![customer::restore(li.id, 2, DAY + 5)]).await.unwrap();
    assert_eq!(find("李").await, [501]);
}
