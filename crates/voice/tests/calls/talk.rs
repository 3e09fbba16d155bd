//! Whole calls: a caller outside, the house, and a phone of ours.

use crate::house::{House, MUSIC_HZ, PROMPT_HZ, heard_by, settings, sides, tone_ms};
use std::{path::PathBuf, time::Duration};
use yingda_peers::{Phone, Scratch};
use yingda_voice::{CallId, Heard, Order, Origin, Party, Recording, Ring, Settings, Sound, Why};

const CALLER_HZ: u32 = 440;
const AGENT_HZ: u32 = 1000;

fn ring(name: &str, record: Option<PathBuf>) -> Order {
    Order::Ring(Ring {
        name: name.to_owned(),
        caller: "A caller".to_owned(),
        patience: Duration::from_secs(15),
        record,
        stay: false,
    })
}

/// A call that was let in and is up, with nobody at the other end yet.
async fn open(house: &mut House, caller: &Phone) -> CallId {
    caller.command("dial", &format!("sip:4008@{}", house.address()));
    let (call, from, to) = house.arrived().await;
    assert_eq!((from.as_str(), to.as_str()), ("13800000000", "4008"));
    assert!(house.voice.order(call, Order::Answer));
    caller.wait(&["CALL_ESTABLISHED"]);
    call
}

async fn talk(house: &mut House, call: CallId, agent: &Phone, record: Option<PathBuf>) {
    house.voice.order(call, ring("8001", record));
    agent.wait(&["CALL_INCOMING"]);
    house.until(|heard| matches!(heard, Heard::Ringing { .. }).then_some(())).await;
    agent.command("accept", "");
    house.until(|heard| matches!(heard, Heard::Answered { .. }).then_some(())).await;
}

async fn recorded(house: &mut House) -> Recording {
    house
        .until(|heard| match heard {
            Heard::Recorded { recording, .. } => Some(recording.clone()),
            _ => None,
        })
        .await
}

/// Lets sound flow for a while: how long is what is measured.
async fn flow(ms: u64) {
    tokio::time::timeout(Duration::from_millis(ms), std::future::pending::<()>())
        .await
        .expect_err("it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_01a_a_call_hears_a_prompt_gives_digits_and_both_sides_are_heard_and_kept() {
    let (mut house, scratch) = (House::new().await, Scratch::new());
    let agent = house.extension("8001", AGENT_HZ, false).await;
    let caller = house.caller("13800000000", CALLER_HZ);
    let call = open(&mut house, &caller).await;
    house.voice.order(call, Order::Play(Sound::tone(PROMPT_HZ, 600)));
    house.until(|heard| matches!(heard, Heard::Played { .. }).then_some(())).await;
    for digit in ['1', '#'] {
        caller.command("sndcode", &digit.to_string());
        let wanted = Heard::Digit { call, party: Party::Caller, digit };
        house.until(|heard| (*heard == wanted).then_some(())).await;
    }
    house.voice.order(call, Order::Music);
    flow(600).await;
    talk(&mut house, call, &agent, Some(scratch.path().join("a.wav"))).await;
    flow(1500).await;
    caller.command("hangup", "");
    assert_eq!(house.ended().await, (Party::Caller, Why::HungUp));
    let recording = recorded(&mut house).await;
    agent.wait(&["CALL_CLOSED"]);
    let [left, right] = sides(&recording.path);
    assert!(
        tone_ms(&left, CALLER_HZ as f32) >= 1200,
        "the caller on the left: {}",
        tone_ms(&left, CALLER_HZ as f32)
    );
    assert!(
        tone_ms(&right, AGENT_HZ as f32) >= 1200,
        "the agent on the right: {}",
        tone_ms(&right, AGENT_HZ as f32)
    );
    assert_eq!(tone_ms(&left, AGENT_HZ as f32) + tone_ms(&right, CALLER_HZ as f32), 0, "each side by itself");
    assert_eq!(recording.ms, left.len() as u64 / 8);
    let (by_caller, by_agent) = (heard_by(&caller), heard_by(&agent));
    assert!(tone_ms(&by_caller, PROMPT_HZ) >= 400, "the prompt: {}", tone_ms(&by_caller, PROMPT_HZ));
    assert!(tone_ms(&by_caller, MUSIC_HZ) >= 400, "music while waiting");
    assert!(tone_ms(&by_caller, AGENT_HZ as f32) >= 1000, "the agent");
    assert!(tone_ms(&by_agent, CALLER_HZ as f32) >= 1000, "the caller");
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sp_07_whoever_is_held_hears_music_and_the_talk_goes_on_after() {
    let (mut house, scratch) = (House::new().await, Scratch::new());
    let agent = house.extension("8001", AGENT_HZ, false).await;
    let caller = house.caller("13800000000", CALLER_HZ);
    let call = open(&mut house, &caller).await;
    talk(&mut house, call, &agent, Some(scratch.path().join("a.wav"))).await;
    // Once by the house, as by a button, and once by the agent's phone itself.
    for by in [Party::House, Party::Second] {
        flow(700).await;
        match by {
            Party::House => drop(house.voice.order(call, Order::Hold)),
            _ => agent.command("hold", ""),
        }
        house.until(|heard| (*heard == Heard::Held { call, by, on: true }).then_some(())).await;
        flow(900).await;
        match by {
            Party::House => drop(house.voice.order(call, Order::Resume)),
            _ => agent.command("resume", ""),
        }
        house.until(|heard| (*heard == Heard::Held { call, by, on: false }).then_some(())).await;
    }
    flow(900).await;
    agent.command("hangup", "");
    assert_eq!(house.ended().await, (Party::Second, Why::HungUp));
    caller.wait(&["CALL_CLOSED"]);
    let recording = recorded(&mut house).await;
    let [left, right] = sides(&recording.path);
    assert!(tone_ms(&left, CALLER_HZ as f32) >= 2000, "what the caller says is kept through the hold");
    assert!(tone_ms(&right, AGENT_HZ as f32) >= 500, "the agent is kept in the talk");
    assert!(
        right.chunks(800).filter(|it| it.iter().all(|sample| *sample == 0)).count() >= 8,
        "and not beside it"
    );
    let by_caller = heard_by(&caller);
    assert!(tone_ms(&by_caller, MUSIC_HZ) >= 600, "music on hold: {}", tone_ms(&by_caller, MUSIC_HZ));
    assert!(tone_ms(&by_caller[by_caller.len() * 2 / 3..], AGENT_HZ as f32) >= 400, "and the agent after it");
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_caller_who_gives_up_before_the_answer_leaves_nothing() {
    let mut house = House::new().await;
    let caller = house.caller("13800000000", CALLER_HZ);
    caller.command("dial", &format!("sip:4008@{}", house.address()));
    let (call, ..) = house.arrived().await;
    house.voice.order(call, Order::Ringing);
    caller.wait(&["CALL_RINGING"]);
    caller.command("hangup", "");
    assert_eq!(house.ended().await, (Party::Caller, Why::Cancelled));
    assert!(!house.voice.order(call, Order::Answer), "there is no such call any more");
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_06_an_agent_who_declines_or_does_not_come_leaves_the_caller_waiting() {
    let mut house = House::new().await;
    let agent = house.extension("8001", AGENT_HZ, false).await;
    let caller = house.caller("13800000000", CALLER_HZ);
    let call = open(&mut house, &caller).await;
    let refused = |why| {
        move |heard: &Heard| matches!(heard, Heard::Refused { why: it, .. } if *it == why).then_some(())
    };
    house.voice.order(call, ring("8001", None));
    agent.wait(&["CALL_INCOMING"]);
    agent.command("hangup", "");
    house.until(refused(Why::Busy)).await;
    let impatient = Ring {
        patience: Duration::from_millis(300),
        name: "8001".to_owned(),
        caller: String::new(),
        record: None,
        stay: false,
    };
    house.voice.order(call, Order::Ring(impatient));
    agent.wait(&["CALL_INCOMING"]);
    house.until(refused(Why::NoAnswer)).await;
    agent.wait(&["CALL_CLOSED"]);
    house.voice.order(call, ring("nobody", None));
    house.until(refused(Why::Unreachable)).await;
    assert_eq!(house.voice.load().calls, 1, "the caller is still there");
    house.voice.order(call, Order::HangUp);
    assert_eq!(house.ended().await, (Party::House, Why::HungUp));
    caller.wait(&["CALL_CLOSED"]);
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sp_06_a_caller_may_stay_when_the_agent_hangs_up() {
    let (mut house, scratch) = (House::new().await, Scratch::new());
    let agent = house.extension("8001", AGENT_HZ, true).await;
    let caller = house.caller("13800000000", CALLER_HZ);
    let call = open(&mut house, &caller).await;
    let Order::Ring(plan) = ring("8001", Some(scratch.path().join("a.wav"))) else {
        unreachable!("it is a ring")
    };
    house.voice.order(call, Order::Ring(Ring { stay: true, ..plan }));
    house.until(|heard| matches!(heard, Heard::Answered { .. }).then_some(())).await;
    flow(300).await;
    agent.command("hangup", "");
    house.until(|heard| matches!(heard, Heard::Left { .. }).then_some(())).await;
    recorded(&mut house).await;
    house.voice.order(call, Order::Play(Sound::tone(PROMPT_HZ, 200)));
    house.until(|heard| matches!(heard, Heard::Played { .. }).then_some(())).await;
    caller.command("sndcode", "5");
    house.until(|heard| matches!(heard, Heard::Digit { digit: '5', .. }).then_some(())).await;
    house.voice.order(call, Order::HangUp);
    caller.wait(&["CALL_CLOSED"]);
    house.empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_phone_that_dies_in_a_talk_holds_nothing_up() {
    let mut house = House::with(Settings { silence: Duration::from_secs(2), ..settings() }).await;
    let agent = house.extension("8001", AGENT_HZ, false).await;
    let caller = house.caller("13800000000", CALLER_HZ);
    let call = open(&mut house, &caller).await;
    talk(&mut house, call, &agent, None).await;
    drop(caller);
    assert_eq!(house.ended().await, (Party::Caller, Why::Silent));
    agent.wait(&["CALL_CLOSED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sys_05_a_phone_of_ours_shows_its_password_to_call() {
    let mut house = House::with(Settings { trunks: Vec::new(), ..settings() }).await;
    let agent = house.extension("8001", AGENT_HZ, false).await;
    agent.command("dial", &format!("sip:4008@{}", house.address()));
    let origin = house
        .until(|heard| match heard {
            Heard::Arrived { origin, .. } => Some(origin.clone()),
            _ => None,
        })
        .await;
    assert_eq!(origin, Origin::Extension("8001".to_owned()));
    let stranger = house.caller("13800000000", CALLER_HZ);
    stranger.command("dial", &format!("sip:4008@{}", house.address()));
    stranger.wait(&["CALL_CLOSED"]);
    assert_eq!(house.voice.load().calls, 1, "the stranger was not let in");
}
