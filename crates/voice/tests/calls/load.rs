//! Many calls at once, made by the trade's test program.

use crate::house::{House, settings};
use std::{
    net::SocketAddr,
    process::{Command, Output},
};
use yingda_peers::Scratch;
use yingda_voice::{Order, Settings};

/// Runs sipp's own caller: INVITE, ACK, and a BYE after a moment.
async fn call(exchange: SocketAddr, calls: u32, rate: u32) -> Output {
    let scratch = Scratch::new();
    let mut sipp = Command::new("sipp");
    sipp.args(["-sn", "uac", "-d", "200", "-s", "4008", "-i", "127.0.0.1", "-nostdin", "-timeout", "60s"]);
    sipp.args(["-m", &calls.to_string(), "-r", &rate.to_string(), &exchange.to_string()]);
    sipp.current_dir(scratch.path());
    let output = tokio::task::spawn_blocking(move || sipp.output()).await.expect("it does not panic");
    output.expect("sipp runs; install it first: apt-get install sip-tester")
}

/// Answers every call that comes.
async fn answering(house: &mut House) {
    loop {
        let (call, ..) = house.arrived().await;
        house.voice.order(call, Order::Answer);
        house.voice.order(call, Order::Music);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_hundred_calls_come_and_go_and_nothing_is_left() {
    let mut house = House::new().await;
    let exchange = house.address();
    let output = tokio::select! {
        output = call(exchange, 100, 50) => output,
        () = answering(&mut house) => unreachable!("it answers for ever"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_call_too_many_is_told_to_come_again() {
    let house = House::with(Settings { most_calls: 0, ..settings() }).await;
    let output = call(house.address(), 1, 1).await;
    assert!(!output.status.success());
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("503"), "{text}");
    house.empty().await;
}
