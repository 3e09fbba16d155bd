use super::*;
use crate::{actor::Actor, directory::Directory, event::Fact, refusal::Refusal};

const HOUR: At = 3_600_000;
const DAY: At = 24 * HOUR;
const NOW: At = 100 * DAY;

fn draft() -> OrderDraft {
    OrderDraft {
        number: " YQ001 ".into(),
        customer: Some(CustomerId(7)),
        placed_at: NOW - DAY,
        lines: vec![OrderLine {
            sku: "FRYER".into(),
            name: "空气炸锅".into(),
            quantity: 2,
            price: 29_900,
            ..OrderLine::default()
        }],
        amount: 59_800,
        payment: OrderPayment::Paid,
        receiver: Receiver {
            name: "王芳".into(),
            phone: "138 0013 8000".into(),
            address: "广东省深圳市南山区科技园路 12 号 3 栋 501".into(),
        },
        promised_at: Some(NOW + DAY),
        ..OrderDraft::default()
    }
}

fn order(change: impl FnOnce(&mut OrderDraft)) -> Order {
    let mut it = draft();
    change(&mut it);
    create(it, RecordId(1), NOW, &Directory::default()).unwrap().0
}

fn event(id: &str, what: ShipmentWhat, happened_at: At) -> NewShipment {
    let event = ShipmentEvent { id: id.into(), what, happened_at, place: "深圳".into() };
    NewShipment { carrier: "顺丰".into(), tracking: "SF1".into(), eta: None, events: vec![event] }
}

fn shipped(before: &Order, new: NewShipment) -> Order {
    ship(before, new, &OrderSettings::default(), NOW).unwrap().unwrap().0
}

fn state(it: &Order, item: OrderItem) -> CheckState {
    verify(it).into_iter().find(|check| check.item == item).unwrap().state
}

#[test]
fn b_15_an_address_lacks_what_a_parcel_needs() {
    use OrderLack::*;
    for (address, lacks) in [
        ("广东省深圳市南山区科技园路12号", vec![]),
        ("北京市朝阳区望京街 10 号院 3 号楼", vec![]),
        ("上海上海市徐汇区漕溪北路88号", vec![]),
        ("内蒙古自治区呼和浩特市新城区迎宾北路三号", vec![]),
        ("新疆维吾尔自治区伊犁哈萨克自治州伊宁市解放路5号", vec![]),
        ("广东省深圳市南山区", vec![Street, House]),
        ("广东省深圳市南山区粤海街道12号", vec![Street]),
        ("浙江省杭州市西湖区文三路", vec![House]),
        ("杭州市西湖区文三路478号", vec![Province]),
        ("浙江省文三路478号", vec![City]),
        ("12 Baker Street, London", vec![]),
        ("London", vec![Street, House]),
        ("", vec![Street, House]),
    ] {
        assert_eq!(address_lacks(address), lacks, "{address}");
    }
}

#[test]
fn b_15_the_checklist_says_what_is_missing_and_who_confirmed() {
    let it = order(|it| {
        it.receiver.address = "广东省深圳市南山区".into();
        it.payment = OrderPayment::Unpaid;
        it.lines[0].quantity = 0;
    });
    assert_eq!(it.order.number, "YQ001");
    let missing: Vec<_> =
        verify(&it).into_iter().filter(|it| it.state == CheckState::Missing).map(|it| it.item).collect();
    assert_eq!(missing, [OrderItem::Quantity, OrderItem::Address, OrderItem::Payment]);
    assert!(it.is_unsure());
    let asked = question(&it, crate::lang::Lang::Zh).unwrap();
    assert_eq!(asked, "您好，您的订单 YQ001 还需要您确认：数量、街道、门牌号、付款。请回复补充，谢谢。");

    let fixed = draft();
    let (it, deeds) = change(&it, fixed, NOW + HOUR, &Directory::default()).unwrap().unwrap();
    let [(Fact::OrderChanged(fact), Some(_))] = &deeds[..] else { panic!("{deeds:?}") };
    assert_eq!(fact.fields, ["lines", "payment", "receiver.address"]);
    assert_eq!(state(&it, OrderItem::Address), CheckState::Ok);
    assert!(!it.is_unsure());
    assert_eq!(change(&it, draft(), NOW, &Directory::default()).unwrap(), None, "the same is no change");

    let li = Actor::User { id: UserId(5) };
    let (it, _) = confirm(&it, OrderItem::Address, true, "电话", li, NOW + 2 * HOUR).unwrap();
    let said = it.confirmed[&OrderItem::Address].clone();
    assert_eq!((said.confirmed_by, said.how.as_str()), (Some(UserId(5)), "电话"));
    assert_eq!(state(&it, OrderItem::Address), CheckState::Confirmed);
    let again = confirm(&it, OrderItem::Address, true, "", li, NOW);
    assert_eq!(again.unwrap_err(), Refusal::Empty.into());
    let mut moved = draft();
    moved.receiver.address = "广东省深圳市福田区深南大道 1 号".into();
    let (it, _) = change(&it, moved, NOW, &Directory::default()).unwrap().unwrap();
    assert_eq!(state(&it, OrderItem::Address), CheckState::Ok, "another address was not confirmed");
}

#[test]
fn b_16_events_count_once_and_in_the_carriers_order() {
    let it = order(|_| ());
    let it = shipped(&it, event("2", ShipmentWhat::InTransit, NOW - HOUR));
    assert_eq!((it.state, it.notices.len()), (OrderState::Shipped, 0));
    // The first one comes late: it is history, and no news.
    let it = shipped(&it, event("1", ShipmentWhat::Shipped, NOW - 2 * HOUR));
    let ids: Vec<_> = it.shipments[0].events.iter().map(|it| it.id.as_str()).collect();
    assert_eq!((ids, it.notices.len()), (vec!["1", "2"], 0));
    let it = shipped(&it, event("3", ShipmentWhat::OutForDelivery, NOW - 1));
    let it = shipped(&it, event("4", ShipmentWhat::Delivered, NOW));
    assert_eq!(it.state, OrderState::Delivered);
    let told: Vec<_> = it.notices.iter().map(|it| it.what).collect();
    assert_eq!(told, [OrderNews::OutForDelivery, OrderNews::Delivered]);
    let again = ship(&it, event("4", ShipmentWhat::Delivered, NOW + 5), &OrderSettings::default(), NOW);
    assert_eq!(again.unwrap(), None);
    // A second parcel of it is still on its way.
    let second = NewShipment { tracking: "SF2".into(), ..event("", ShipmentWhat::Shipped, NOW) };
    let it = shipped(&it, second.clone());
    assert_eq!(it.state, OrderState::Shipped);
    let settings = OrderSettings::default();
    assert_eq!(ship(&it, second, &settings, NOW).unwrap(), None, "without an id the words tell it apart");
}

#[test]
fn b_16_words_are_filled_and_can_be_switched_off() {
    let it = shipped(&order(|_| ()), event("1", ShipmentWhat::Shipped, NOW));
    let text = &OrderSettings::default().shipped.text;
    let words = words(&it, &text.zh, crate::lang::Lang::Zh, |at| format!("第{}天", at / DAY));
    assert_eq!(words, "您的订单 YQ001 已发货：顺丰 SF1，预计 第101天 送达。");
    let mut off = OrderSettings::default();
    off.shipped.on = false;
    let (quiet, _) =
        ship(&order(|_| ()), event("1", ShipmentWhat::Shipped, NOW), &off, NOW).unwrap().unwrap();
    assert!(quiet.notices.is_empty());
    let nobody = order(|it| it.customer = None);
    assert!(shipped(&nobody, event("1", ShipmentWhat::Shipped, NOW)).notices.is_empty());
}

#[test]
fn b_17_a_date_that_passes_is_one_exception_and_another_date_another() {
    let settings = OrderSettings::default();
    let it = order(|_| ());
    assert_eq!((it.next_at(), overdue(&it, &settings, NOW)), (Some(NOW + DAY), None));
    let (it, deeds) = overdue(&it, &settings, NOW + DAY).unwrap();
    assert_eq!((deeds.len(), it.exceptions.len(), it.exceptions[0].what), (1, 1, OrderTrouble::Delay));
    assert_eq!(it.notices[0].what, OrderNews::Delayed);
    assert_eq!(overdue(&it, &settings, NOW + 9 * DAY), None, "once");
    // A carrier that says the same, and a colleague as well, say nothing new.
    let same = shipped(&it, event("9", ShipmentWhat::Delayed, NOW + DAY));
    assert_eq!(same.exceptions.len(), 1);
    let said = Report { what: OrderTrouble::Delay, ..Report::default() };
    assert_eq!(report(&it, said, &settings, NOW).unwrap(), None);

    let key = it.exceptions[0].key.clone();
    let at = NOW + DAY + HOUR;
    let no_date = Arrange { exception: key.clone(), text: "道歉".into(), ..Arrange::default() };
    assert!(matches!(arrange(&it, no_date, None, Actor::System, at), Err(crate::fault::Refused::Wrong(_))));
    let dated = Arrange { exception: key.clone(), promised_at: Some(at + DAY), ..Arrange::default() };
    let (it, _) = arrange(&it, dated.clone(), None, Actor::System, at).unwrap();
    assert!(!it.is_troubled());
    assert_eq!(arrange(&it, dated, None, Actor::System, at).unwrap_err(), Refusal::Closed.into());
    assert_eq!(overdue(&it, &settings, at + HOUR), None, "the carrier's old word counts no more");
    let (it, _) = overdue(&it, &settings, at + DAY).unwrap();
    assert_eq!((it.exceptions.len(), it.is_troubled()), (2, true));
    // What is there is late no more.
    let there = shipped(&order(|_| ()), event("1", ShipmentWhat::Delivered, NOW));
    assert_eq!((there.next_at(), overdue(&there, &settings, NOW + 9 * DAY)).1, None);
}

#[test]
fn b_17_substitutes_stand_beside_what_was_ordered() {
    let product = |sku: &str, price, stock, colour: &str| Product {
        sku: sku.into(),
        name: format!("炸锅 {sku}"),
        price,
        stock,
        attributes: [("颜色".to_owned(), colour.to_owned()), ("容量".to_owned(), "4 L".to_owned())].into(),
        ..Product::default()
    };
    let ordered = Product {
        substitutes: vec!["A".into(), "B".into(), "GONE".into()],
        ..product("FRYER", 29_900, 0, "白")
    };
    let gone = Product { retired: true, ..product("GONE", 1, 99, "白") };
    let others = [product("B", 33_900, 5, "黑"), product("A", 29_900, 1, "白"), gone];
    let it = order(|_| ());
    let all = substitutes(&it.order.lines[0], &ordered, &others);
    let seen: Vec<_> = all.iter().map(|it| (it.sku.as_str(), it.difference, it.enough)).collect();
    assert_eq!(seen, [("B", 4_000, true), ("A", 0, false)], "two were ordered, and of A there is one");
    let differs = Difference { name: "颜色".into(), had: "白".into(), has: "黑".into() };
    assert_eq!(all[0].differs, [differs]);
    let text = offer_text(&it, OrderTrouble::Stock, &all[0], crate::lang::Lang::Zh);
    assert_eq!(
        text,
        "您好，您的订单 YQ001 中的“空气炸锅”缺货，很抱歉。我们可以为您换成“炸锅 B”：单价高 40.00 元；不同之处：颜色：白 → 黑。您看可以吗？"
    );

    let settings = OrderSettings::default();
    let said = Report { what: OrderTrouble::Stock, sku: "FRYER".into(), text: String::new() };
    let (it, _) = report(&it, said.clone(), &settings, NOW).unwrap().unwrap();
    assert_eq!(report(&it, said, &settings, NOW).unwrap(), None, "reported twice is one");
    let (it, _) = offer(&it, "stock-FRYER", &all[0], &text, Actor::System, NOW).unwrap();
    assert_eq!((it.exceptions[0].offers.len(), it.notices[0].what), (1, OrderNews::Offer));
    let said = Arrange { exception: "stock-FRYER".into(), substitute: "B".into(), ..Arrange::default() };
    let (it, _) = arrange(&it, said, Some(&all[0]), Actor::System, NOW).unwrap();
    assert_eq!((it.order.lines[0].sku.as_str(), it.order.lines[0].note.as_str()), ("B", "FRYER → B"));
    assert!(!it.is_troubled());
}

#[test]
fn money_is_read_by_people() {
    assert_eq!((money(5), money(-4_000), money(123_456)).0, "0.05");
    assert_eq!((money(-4_000), money(123_456)), ("-40.00".into(), "1234.56".into()));
}
