//! Phones of ours come and go.

use crate::house::House;
use yingda_peers::{Account, Phone};
use yingda_voice::Heard;

fn account<'a>(house: &House, password: &'a str, transport: &'a str) -> Account<'a> {
    Account {
        name: "8001",
        password,
        exchange: house.address(),
        transport,
        registers: true,
        answers: false,
        hertz: 440,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_phone_registers_with_its_password_by_udp_and_by_tcp() {
    for transport in ["udp", "tcp"] {
        let mut house = House::new().await;
        house.voice.admit("8001", Some("right".to_owned()));
        let phone = Phone::new(&account(&house, "right", transport));
        phone.wait(&["REGISTER_OK"]);
        let wanted = Heard::Registered { name: "8001".to_owned(), present: true };
        house.until(|heard| (*heard == wanted).then_some(())).await;
        assert!(house.voice.has_phone("8001"));
        drop(phone);
        if transport == "tcp" {
            // With its connection the phone is gone, at once.
            let gone = Heard::Registered { name: "8001".to_owned(), present: false };
            house.until(|heard| (*heard == gone).then_some(())).await;
        }
        house.voice.admit("8001", None);
        assert!(!house.voice.has_phone("8001"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_wrong_password_is_refused() {
    let house = House::new().await;
    house.voice.admit("8001", Some("right".to_owned()));
    let phone = Phone::new(&account(&house, "wrong", "udp"));
    let event = phone.wait(&["REGISTER_FAIL"]);
    assert!(event.contains("403"), "{event}");
    assert!(!house.voice.has_phone("8001"));
}
