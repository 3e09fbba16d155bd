//! Walks by hand, and walks of drawn flows.

use super::*;
use crate::{
    config::{Calendar, LiveFlow, Queue},
    directory::Directory,
    fault::Fault,
};
use std::sync::Arc;

const QUEUE: QueueId = QueueId(5);
const HOURS: CalendarId = CalendarId(6);

fn directory() -> Directory {
    let mut directory = Directory::default();
    directory.queues.insert(QUEUE, Arc::new(Queue::default()));
    directory.calendars.insert(HOURS, Arc::new(Calendar::default()));
    directory
}

fn prompt(zh: &str) -> FlowPrompt {
    FlowPrompt { text: Text::new(zh, format!("en {zh}")), ..FlowPrompt::default() }
}

fn node(step: FlowStep) -> FlowNode {
    FlowNode { label: String::new(), x: 0, y: 0, resolved: false, step }
}

fn menu(options: &[(&str, &str)], failed: &str) -> FlowStep {
    let options = options.iter().map(|(key, to)| ((*key).to_owned(), (*to).to_owned())).collect();
    FlowStep::Menu { prompt: prompt("请选择"), options, wait_s: 5, tries: 2, failed: failed.into() }
}

fn say(words: &str, to: &str) -> FlowStep {
    FlowStep::Say { prompt: prompt(words), to: to.into() }
}

fn queue() -> FlowStep {
    FlowStep::Queue { queue: QUEUE, prompt: FlowPrompt::default(), every_s: 0 }
}

fn graph(start: &str, nodes: Vec<(&str, FlowStep)>) -> FlowGraph {
    let nodes = nodes.into_iter().map(|(id, step)| (id.to_owned(), node(step))).collect();
    FlowGraph { start: start.into(), nodes }
}

/// The shop's: 1 asks for an order, 0 is a person.
fn shop() -> FlowGraph {
    let collect = FlowStep::Collect {
        prompt: prompt("订单号"),
        key: "order_no".into(),
        label: Text::new("订单号", "Order"),
        least: 3,
        most: 8,
        secret: false,
        wait_s: 5,
        tries: 2,
        to: "find".into(),
        failed: "people".into(),
    };
    let find = FlowStep::Query {
        what: FlowQuery::Order,
        number: "order_no".into(),
        found: "state".into(),
        missing: "none".into(),
    };
    let mut graph = graph(
        "hello",
        vec![
            ("hello", say("您好", "hours")),
            ("hours", FlowStep::Hours { calendar: HOURS, open: "menu".into(), closed: "closed".into() }),
            ("closed", FlowStep::HangUp { prompt: prompt("下班了") }),
            ("menu", menu(&[("1", "ask"), ("0", "people"), ("9", "english")], "people")),
            ("english", FlowStep::Set { key: "lang".into(), value: "en".into(), to: "menu".into() }),
            ("ask", collect),
            ("find", find),
            ("state", say("订单 {order_no:digits} {order_state}", "menu")),
            ("none", say("没有", "people")),
            ("people", queue()),
        ],
    );
    graph.nodes.get_mut("state").expect("it is there").resolved = true;
    graph
}

fn faults(graph: &FlowGraph) -> Vec<(String, Fault)> {
    check(graph, &directory(), true).into_iter().map(|it| (it.field, it.fault)).collect()
}

fn said(act: &Act) -> &str {
    match act {
        Act::Say { said } | Act::Ask { said } => &said.text,
        other => panic!("{other:?} says nothing"),
    }
}

#[test]
fn sys_07_a_caller_hears_of_an_order_and_then_speaks_to_a_person() {
    let graph = shop();
    assert_eq!(faults(&graph), vec![]);
    let go = |turn: Turn, input| step(&graph, turn.walk, input);
    let turn = step(&graph, Walk::default(), Input::Started);
    assert_eq!(said(&turn.act), "您好");
    let turn = go(turn, Input::Said);
    assert_eq!(turn.act, Act::Hours { calendar: HOURS });
    let turn = go(turn, Input::Hours(true));
    assert_eq!(said(&turn.act), "请选择");
    let turn = go(turn, Input::Said);
    assert_eq!(turn.act, Act::Listen { wait_s: 5 });
    let mut turn = go(turn, Input::Digit('1'));
    assert_eq!(said(&turn.act), "订单号");
    for digit in "110".chars() {
        turn = go(turn, Input::Digit(digit));
        assert_eq!(turn.act, Act::Listen { wait_s: 5 });
    }
    let turn = go(turn, Input::Digit('#'));
    assert_eq!(turn.act, Act::Query { what: FlowQuery::Order, number: "110".into() });
    let told =
        Collected { key: "order_no".into(), label: Text::new("订单号", "Order"), value: "110".into() };
    assert_eq!(turn.collected, [told]);
    assert!(!turn.walk.resolved);
    let answer = BTreeMap::from([("order_state".to_owned(), "已发货".to_owned())]);
    let turn = go(turn, Input::Answer(Some(answer)));
    assert_eq!(said(&turn.act), "订单 幺幺零 已发货");
    assert!(turn.walk.resolved, "this is what they called for");
    let turn = go(go(turn, Input::Said), Input::Digit('0'));
    assert_eq!(turn.act, Act::Queue { queue: QUEUE, every_s: 0 });
    assert_eq!(turn.walk.path.join(" "), "hello hours menu ask find state menu people");
    let News::Left(left) = turn.walk.left(End::Queue(QUEUE)) else { panic!("it is over") };
    assert_eq!((left.step.as_str(), left.resolved, left.lang), ("people", true, Lang::Zh));
}

#[test]
fn sys_07_silence_and_wrong_keys_are_given_so_many_tries() {
    let graph = shop();
    let go = |turn: Turn, input| step(&graph, turn.walk, input);
    let at_menu =
        Turn { walk: Walk { at: "menu".into(), ..Walk::default() }, act: Act::HangUp, collected: vec![] };
    let turn = go(at_menu.clone(), Input::Digit('5'));
    assert_eq!((said(&turn.act), turn.walk.tries), ("请选择", 1));
    let turn = go(turn, Input::TimedOut);
    assert_eq!((turn.act, turn.walk.at.as_str()), (Act::Queue { queue: QUEUE, every_s: 0 }, "people"));
    // Too short is no number; what stands when time is over is one if it is long enough.
    let turn = go(go(at_menu.clone(), Input::Digit('1')), Input::Digit('7'));
    let turn = go(turn, Input::TimedOut);
    assert_eq!((said(&turn.act), turn.walk.typed.as_str()), ("订单号", ""));
    let turn = "12*345".chars().fold(turn, |turn, digit| go(turn, Input::Digit(digit)));
    let turn = go(turn, Input::TimedOut);
    assert_eq!(turn.act, Act::Query { what: FlowQuery::Order, number: "345".into() });
    let turn = go(turn, Input::Answer(None));
    assert_eq!(said(&turn.act), "没有");
    // In the other language, and over the greeting at once.
    let turn = go(at_menu, Input::Digit('9'));
    assert_eq!((said(&turn.act), turn.walk.lang()), ("en 请选择", Lang::En));
}

#[test]
fn sys_07_who_knows_the_menu_need_not_hear_what_comes_before_it() {
    let graph = graph(
        "a",
        vec![
            ("a", say("甲", "b")),
            ("b", say("乙", "menu")),
            ("menu", menu(&[("0", "end")], "end")),
            ("end", queue()),
        ],
    );
    assert_eq!(faults(&graph), vec![]);
    let turn = step(&graph, Walk::default(), Input::Started);
    let turn = step(&graph, turn.walk, Input::Digit('0'));
    assert_eq!(turn.act, Act::Queue { queue: QUEUE, every_s: 0 });
}

#[test]
fn sys_07_a_voicemail_is_kept_until_a_key_or_its_time() {
    let mail = FlowStep::Voicemail { prompt: prompt("请留言"), most_s: 60, to: "end".into() };
    let graph = graph("mail", vec![("mail", mail), ("end", FlowStep::HangUp { prompt: prompt("谢谢") })]);
    assert_eq!(faults(&graph), vec![]);
    let turn = step(&graph, Walk::default(), Input::Started);
    assert_eq!(said(&turn.act), "请留言");
    let turn = step(&graph, turn.walk, Input::Said);
    assert_eq!(turn.act, Act::Record { most_s: 60 });
    for end in [Input::Digit('#'), Input::TimedOut] {
        assert_eq!(said(&step(&graph, turn.walk.clone(), end).act), "谢谢");
    }
}

#[test]
fn sys_07_what_is_secret_is_told_to_nobody() {
    let mut graph = shop();
    let Some(FlowNode { step: FlowStep::Collect { secret, .. }, .. }) = graph.nodes.get_mut("ask") else {
        panic!("it is there")
    };
    *secret = true;
    let secret = |lang: &str| (format!("nodes.state.prompt.text.{lang}"), Fault::SecretSaid);
    assert_eq!(faults(&graph), ["zh", "en"].map(secret));
    let walk = Walk { at: "ask".into(), typed: "123".into(), ..Walk::default() };
    let turn = step(&graph, walk, Input::Digit('#'));
    assert_eq!(turn.collected[0].value, HIDDEN);
    assert_eq!(turn.walk.data["order_no"], "123", "the query needs it");
}

#[test]
fn sys_07_every_fault_stands_at_its_step() {
    let found = |graph: &FlowGraph| faults(graph);
    let at = |field: &str, fault: Fault| (field.to_owned(), fault);
    assert_eq!(found(&FlowGraph::default()), [at("start", Fault::Missing)]);
    assert_eq!(found(&graph("x", vec![])), [at("start", Fault::Unknown)]);
    let one = |step| found(&graph("a", vec![("a", step)]));
    assert_eq!(one(say("甲", "")), [at("nodes.a.to", Fault::DeadEnd)]);
    assert_eq!(one(say("甲", "b")), [at("nodes.a.to", Fault::Unknown)]);
    assert_eq!(one(say("甲", "a")), [at("nodes.a.key", Fault::Circling)]);
    assert_eq!(
        one(menu(&[("1", "a")], "a")),
        [at("nodes.a.key", Fault::Circling)],
        "who is silent stays for ever"
    );
    assert_eq!(
        one(FlowStep::Say { prompt: FlowPrompt::default(), to: "a".into() })[1],
        at("nodes.a.prompt", Fault::Missing)
    );
    let gone = FlowStep::Queue { queue: QueueId(77), prompt: FlowPrompt::default(), every_s: 5 };
    assert_eq!(
        one(gone),
        [at("nodes.a.queue", Fault::Unknown), at("nodes.a.every_s", Fault::Outside(10, 600))]
    );
    let unknown = one(FlowStep::HangUp {
        prompt: FlowPrompt { text: Text::new("{nobody}", ""), ..FlowPrompt::default() },
    });
    assert_eq!(unknown, [at("nodes.a.prompt.text.zh", Fault::Unknown)]);
    let alone = graph("a", vec![("a", queue()), ("b", queue())]);
    assert_eq!(found(&alone), [at("nodes.b.key", Fault::NoWay)]);
    // Without anything that reads words aloud each prompt needs its sound.
    let mut mute = graph("a", vec![("a", FlowStep::HangUp { prompt: prompt("再见") })]);
    let unread = |graph: &FlowGraph| check(graph, &directory(), false).len();
    assert_eq!((unread(&mute), faults(&mute).len()), (2, 0));
    if let FlowStep::HangUp { prompt } = &mut mute.nodes.get_mut("a").expect("it is there").step {
        (prompt.zh, prompt.en) = (Some(FileId(1)), Some(FileId(2)));
    }
    assert_eq!(unread(&mute), 0);
}

#[test]
fn sys_07_a_flow_is_stored_as_it_is_written() {
    let flow = crate::config::Flow {
        draft: shop(),
        live: Some(LiveFlow { version: 3, published_at: 9, published_by: None, graph: shop() }),
        ..crate::config::Flow::default()
    };
    let text = serde_json::to_string(&flow).expect("plain data");
    assert_eq!(serde_json::from_str::<crate::config::Flow>(&text).expect("as it was written"), flow);
}

/// A stream of numbers, the same for the same seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

fn drawn(draw: &mut Draw) -> FlowGraph {
    let count = 1 + draw.next(7);
    let name = |n: usize| format!("n{n}");
    let mut nodes = BTreeMap::new();
    for n in 0..count {
        let mut to = || name(draw.next(count));
        let (a, b, c) = (to(), to(), to());
        let step = match draw.next(9) {
            0 | 1 => menu(&[("1", &a), ("2", &b)], &c),
            2 => FlowStep::Collect {
                prompt: prompt("键入"),
                key: format!("value_{n}"),
                label: Text::new("值", "Value"),
                least: 1,
                most: 2,
                secret: false,
                wait_s: 3,
                tries: 2,
                to: a,
                failed: b,
            },
            3 => say("说", &a),
            4 => FlowStep::Set { key: format!("set_{n}"), value: "x".into(), to: a },
            5 => FlowStep::Condition {
                cases: vec![FlowCase {
                    key: "caller".into(),
                    is: FlowTest::Known,
                    value: String::new(),
                    to: a,
                }],
                to: b,
            },
            6 => FlowStep::Hours { calendar: HOURS, open: a, closed: b },
            7 => queue(),
            _ => FlowStep::HangUp { prompt: prompt("再见") },
        };
        nodes.insert(name(n), node(step));
    }
    FlowGraph { start: name(0), nodes }
}

#[test]
fn sys_07_a_flow_that_passes_the_check_comes_to_its_end_when_the_customer_falls_silent() {
    let mut passed = 0;
    for seed in 1..40_000u64 {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let graph = drawn(&mut draw);
        let is_sound = faults(&graph).is_empty();
        passed += u32::from(is_sound);
        let mut turn = step(&graph, Walk::default(), Input::Started);
        let talks_for = draw.next(20);
        // A menu has two tries, each with its prompt: no step is silent for longer.
        let most = talks_for + 8 * graph.nodes.len() + 8;
        let mut turns = 0;
        while !matches!(turn.act, Act::HangUp | Act::Queue { .. } | Act::Transfer { .. }) && turns < most {
            turns += 1;
            let input = match turn.act {
                Act::Say { .. } | Act::Ask { .. } => Input::Said,
                Act::Listen { .. } if turns > talks_for => Input::TimedOut,
                Act::Listen { .. } => Input::Digit(['1', '2', '#', '7'][draw.next(4)]),
                Act::Hours { .. } => Input::Hours(draw.next(2) == 0),
                _ => Input::Answer(None),
            };
            turn = step(&graph, turn.walk, input);
        }
        assert!(!is_sound || turns < most, "seed {seed} goes on for ever: {graph:?}");
        if is_sound {
            assert!(
                turn.act != Act::HangUp || matches!(graph.nodes[&turn.walk.at].step, FlowStep::HangUp { .. })
            );
        }
    }
    assert!(passed > 500, "only {passed} of the drawn flows were sound");
}
