//! Stories of who gets whom (SYS-06, SYS-09): plain text in, and below each command what came of it.
//!
//! `queue 1 round_robin of 1,2` · `agent 1 ready idle=10 skills=7:3 chat=5` · `contact 10 queue=1 prio=80 voice since=0
//! need=7:3/30:1 prefer=2/20 weight=200` · `at 30` (seconds) · `give` (all that can be given: the contact, its agent, the
//! cause, the candidates best first with what was compared, the others with their reason) · `done 2 chat` · `decline 10`
//! · `leave 10` · `refuse 10 2` · `place 10` · `why 10 2` · `order 1` · `deadline`.

use super::{Dispatcher, Members, QueueRules, Seat, teller::check};
use crate::{
    agent::AgentState,
    config::{Need, Relax, Strategy},
    id::{QueueId, SkillId, UserId},
    medium::Medium,
};

#[test]
fn longest_idle_takes_turns_by_waiting() {
    check(
        "
        queue 1 longest_idle
        agent 1 idle=10 chat=2
        agent 2 idle=30 chat=2
        agent 3 idle=20 chat=2
        contact 10 queue=1
        contact 11 queue=1
        contact 12 queue=1
        contact 13 queue=1
        give
        > 10 to 2 contact_arrived of 2(30) 3(20) 1(10)
        > 11 to 3 contact_arrived of 3(20) 1(10) 2(0)
        > 12 to 1 contact_arrived of 1(10) 2(0) 3(0)
        > 13 to 1 contact_arrived of 1(0) 2(0) 3(0)
        ",
    );
}

#[test]
fn least_loaded_compares_shares_of_capacity() {
    // One of five chats is a fifth, one of two mails a half: at 9,000 there is no room for another fifth.
    check(
        "
        queue 1 least_loaded
        queue 2 least_loaded of 2
        agent 1 idle=10 chat=5
        agent 2 idle=20 chat=5 mail=2
        contact 20 queue=2 mail
        contact 10 queue=1
        contact 11 queue=1
        contact 12 queue=1
        contact 13 queue=1
        give
        > 10 to 2 contact_arrived of 2(0) 1(0)
        > 11 to 1 contact_arrived of 1(0) 2(2000)
        > 12 to 1 contact_arrived of 1(2000) 2(2000)
        > 13 to 2 contact_arrived of 2(2000) 1(4000)
        > 20 to 2 contact_arrived of 2(4000)
        contact 14 queue=1
        give
        > 14 to 1 contact_arrived of 1(4000), full 2
        ",
    );
}

#[test]
fn round_robin_goes_by_turn_in_each_queue() {
    check(
        "
        queue 1 round_robin
        queue 2 round_robin of 1,3
        agent 1 idle=10
        agent 2 idle=90
        agent 3 idle=50
        contact 10 queue=1
        give
        > 10 to 1 contact_arrived of 1(1) 2(2) 3(3)
        contact 11 queue=1
        give
        > 11 to 2 contact_arrived of 2(1) 3(2) 1(3)
        contact 20 queue=2
        give
        > 20 to 1 contact_arrived of 1(1) 3(2)
        contact 12 queue=1
        give
        > 12 to 3 contact_arrived of 3(1) 1(2) 2(3)
        contact 13 queue=1
        give
        > 13 to 1 contact_arrived of 1(1) 2(2) 3(3)
        ",
    );
}

#[test]
fn highest_skill_sums_the_needed_levels() {
    check(
        "
        queue 1 highest_skill
        agent 1 idle=10 skills=7:4,8:1
        agent 2 idle=20 skills=7:3,8:3,9:5
        agent 3 idle=30 skills=7:5
        agent 4 idle=40 skills=7:2,8:3
        contact 10 queue=1 need=7:2 need=8:1
        contact 11 queue=1 need=7:3
        give
        > 10 to 2 contact_arrived of 2(6) 4(5) 1(5), lacks_skill 3
        > 11 to 3 contact_arrived of 3(5) 1(4) 2(3), lacks_skill 4
        ",
    );
}

#[test]
fn within_one_priority_first_come_first_served_over_all_queues() {
    check(
        "
        queue 1 longest_idle
        queue 2 longest_idle
        agent 1 not_ready chat=1
        contact 12 queue=1 since=3
        contact 10 queue=2 since=1
        contact 11 queue=1 since=2
        give
        > nobody
        order 1
        > 11 12
        agent 1 ready
        give
        > 10 to 1 agent_free of 1(0)
        at 5
        done 1 chat
        give
        > 11 to 1 agent_free of 1(0)
        done 1 chat
        give
        > 12 to 1 agent_free of 1(0)
        ",
    );
}

#[test]
fn a_level_of_priority_is_worth_a_fixed_wait() {
    // With 30 s a level, two levels are worth a minute: 59 s later is still before, 61 s later is not.
    check(
        "
        aging 30
        queue 1 longest_idle
        agent 1 not_ready chat=3
        contact 10 queue=1 since=0 prio=50
        contact 11 queue=1 since=59 prio=52
        contact 12 queue=1 since=61 prio=52
        place 11
        > 1
        place 10
        > 2
        place 12
        > 3
        at 100
        agent 1 ready idle=0
        give
        > 11 to 1 agent_free of 1(0)
        > 10 to 1 agent_free of 1(0)
        > 12 to 1 agent_free of 1(0)
        ",
    );
}

#[test]
fn changed_aging_changes_the_order_of_those_who_wait() {
    check(
        "
        queue 1 longest_idle
        contact 10 queue=1 since=0 prio=50
        contact 11 queue=1 since=20 prio=60
        order 1
        > 10 11
        aging 10
        order 1
        > 11 10
        ",
    );
}

#[test]
fn needs_relax_in_steps() {
    check(
        "
        queue 1 longest_idle
        agent 1 skills=7:2 idle=0
        agent 2 idle=0
        contact 10 queue=1 need=7:4/30:2/60:0
        contact 11 queue=1 need=7:4/30:2/60:0 need=8:1
        give
        > nobody
        deadline
        > 30
        at 29
        give
        > nobody
        why 10 1
        > lacks_skill
        at 30
        give
        > 10 to 1 relaxed of 1(30), lacks_skill 2
        deadline
        > 60
        at 60
        give
        > nobody
        deadline
        > none
        ",
    );
}

#[test]
fn a_contact_that_returns_to_its_place_has_relaxed_already() {
    check(
        "
        queue 1 longest_idle
        agent 1 idle=0
        at 100
        contact 10 queue=1 since=20 need=7:3/60:0
        give
        > 10 to 1 contact_arrived of 1(100)
        ",
    );
}

#[test]
fn who_waits_for_nobody_else_is_not_held_up_by_needs() {
    // Nobody has skill 7: its contacts wait, and those behind them do not.
    check(
        "
        queue 1 longest_idle
        agent 1 chat=1
        contact 10 queue=1 need=7:1
        contact 11 queue=1
        give
        > 11 to 1 contact_arrived of 1(0)
        agent 2 skills=7:1 idle=5
        give
        > 10 to 2 agent_free of 2(5), lacks_skill 1
        ",
    );
}

#[test]
fn the_last_agent_is_waited_for_and_then_no_longer() {
    check(
        "
        queue 1 longest_idle
        agent 1 idle=10 chat=1
        agent 2 idle=5 chat=1
        contact 9 queue=1
        give
        > 9 to 1 contact_arrived of 1(10) 2(5)
        contact 10 queue=1 prefer=1/20
        contact 11 queue=1 prefer=1/20
        give
        > nobody
        why 10 2
        > kept_for_last
        why 10 1
        > full
        deadline
        > 20
        at 19
        done 1 chat
        give
        > 10 to 1 last_agent of 1(0), kept_for_last 2
        at 20
        give
        > 11 to 2 contact_arrived of 2(25), full 1
        ",
    );
}

#[test]
fn a_last_agent_who_cannot_take_it_is_not_waited_for() {
    check(
        "
        queue 1 longest_idle of 1,2,3
        agent 1 offline
        agent 2 not_ready
        agent 3 idle=5
        contact 10 queue=1 prefer=1/60
        contact 11 queue=1 prefer=4/60
        contact 12 queue=1 prefer=2/60
        give
        > 10 to 3 contact_arrived of 3(5), offline 1, not_ready 2
        > 11 to 3 contact_arrived of 3(0), offline 1, not_ready 2
        at 10
        agent 2 offline
        give
        > 12 to 3 contact_arrived of 3(10), offline 1 2
        ",
    );
}

#[test]
fn media_share_one_capacity() {
    // Five chats at 2,000 fill an agent; with two chats held there is room for a mail of 5,000, but no call.
    check(
        "
        queue 1 longest_idle
        agent 1 chat=5 voice=1 mail=2
        contact 10 queue=1
        contact 11 queue=1
        contact 12 queue=1 voice
        contact 13 queue=1 mail
        contact 14 queue=1
        give
        > 10 to 1 contact_arrived of 1(0)
        > 11 to 1 contact_arrived of 1(0)
        > 13 to 1 contact_arrived of 1(0)
        why 14 1
        > full
        done 1 mail
        done 1 chat
        give
        > 14 to 1 agent_free of 1(0)
        done 1 chat
        done 1 chat
        give
        > 12 to 1 agent_free of 1(0)
        contact 15 queue=1
        give
        > nobody
        ",
    );
}

#[test]
fn a_heavy_queue_takes_a_larger_share() {
    // At 200 % a chat of five takes two fifths: two fit beside each other with one usual chat, a third does not.
    check(
        "
        queue 1 least_loaded
        agent 1 chat=5
        contact 10 queue=1 weight=200
        contact 11 queue=1 weight=200
        contact 12 queue=1 weight=200
        contact 13 queue=1
        give
        > 10 to 1 contact_arrived of 1(0)
        > 11 to 1 contact_arrived of 1(4000)
        > 13 to 1 contact_arrived of 1(8000)
        done 1 chat 200
        give
        > 12 to 1 agent_free of 1(6000)
        ",
    );
}

#[test]
fn a_weight_beyond_an_agent_counts_as_the_whole_agent() {
    check(
        "
        queue 1 least_loaded
        agent 1 voice=1
        contact 10 queue=1 voice weight=300
        give
        > 10 to 1 contact_arrived of 1(0)
        done 1 voice 300
        contact 11 queue=1 voice
        give
        > 11 to 1 contact_arrived of 1(0)
        ",
    );
}

#[test]
fn a_declined_contact_keeps_its_place_and_goes_to_somebody_else() {
    check(
        "
        queue 1 longest_idle
        agent 1 idle=20 chat=1
        contact 10 queue=1
        at 5
        contact 11 queue=1
        give
        > 10 to 1 contact_arrived of 1(25)
        decline 10
        place 10
        > 1
        why 10 1
        > declined
        give
        > 11 to 1 contact_arrived of 1(0)
        agent 2 chat=1
        give
        > 10 to 2 agent_free of 2(5), full 1
        ",
    );
}

#[test]
fn every_reason_is_told() {
    check(
        "
        queue 1 longest_idle of 1,2,3,4,5,6,7,8,9
        agent 1 idle=1 skills=7:3
        agent 2 skills=7:2
        agent 3 skills=7:3 offline
        agent 4 skills=7:3 not_ready
        agent 5 skills=7:3 no_new
        agent 6 skills=7:3 off=chat
        agent 7 skills=7:3 ringing
        agent 8 skills=7:3 chat=0
        agent 10 skills=7:3
        contact 10 queue=1 need=7:3
        why 10 9
        > offline
        why 10 10
        > not_serving
        give
        > 10 to 1 contact_arrived of 1(1), lacks_skill 2, offline 3, not_ready 4, medium_off 5 6 8, offered 7
        ",
    );
}

#[test]
fn a_missed_chat_stops_chat_only() {
    check(
        "
        queue 1 longest_idle
        agent 1 off=chat
        contact 10 queue=1
        contact 11 queue=1 voice
        give
        > 11 to 1 contact_arrived of 1(0)
        why 10 1
        > medium_off
        ",
    );
}

#[test]
fn who_is_refused_by_all_waits_and_nobody_behind_does() {
    check(
        "
        queue 1 longest_idle
        agent 1 chat=2
        contact 10 queue=1
        refuse 10 1
        refuse 10 1
        contact 11 queue=1
        give
        > 11 to 1 contact_arrived of 1(0)
        agent 2 idle=0
        give
        > 10 to 2 agent_free of 2(0), declined 1
        ",
    );
}

#[test]
fn who_left_is_not_given_to_anyone() {
    check(
        "
        queue 1 longest_idle
        contact 10 queue=1
        contact 11 queue=1
        leave 10
        place 11
        > 1
        agent 1
        give
        > 11 to 1 agent_free of 1(0)
        ",
    );
}

#[test]
fn staffed_means_signed_in_and_able_some_time() {
    let mut acd = Dispatcher::new();
    let queue = QueueId(1);
    let need = |level, relax: &[(u32, u8)]| Need {
        skill: SkillId(7),
        level,
        relax: relax.iter().map(|(after_s, level)| Relax { after_s: *after_s, level: *level }).collect(),
    };
    acd.set_queue(
        queue,
        QueueRules { strategy: Strategy::LongestIdle, members: Members::Users(vec![UserId(1)]) },
    );
    let seat =
        |state| Seat { state, skills: [(SkillId(7), 2)].into_iter().collect(), ..Seat::new(UserId(1)) };
    acd.set_seat(Seat { state: AgentState::Ready, ..Seat::new(UserId(2)) });
    assert!(!acd.staffed(queue, Medium::Chat, &[]), "only somebody of another queue is there");
    acd.set_seat(seat(AgentState::Offline));
    assert!(!acd.staffed(queue, Medium::Chat, &[]));
    acd.set_seat(seat(AgentState::NotReady));
    assert!(acd.staffed(queue, Medium::Chat, &[]), "on a break, but there");
    assert!(acd.staffed(queue, Medium::Chat, &[need(2, &[])]));
    assert!(!acd.staffed(queue, Medium::Chat, &[need(3, &[])]), "nobody with the level");
    assert!(acd.staffed(queue, Medium::Chat, &[need(3, &[(60, 2)])]), "in a minute the level suffices");
    let mut mute = seat(AgentState::Ready);
    mute.limits[Medium::Voice as usize] = 0;
    acd.set_seat(mute);
    assert!(!acd.staffed(queue, Medium::Voice, &[]), "takes no calls at all");
    acd.drop_seat(UserId(1));
    assert!(!acd.staffed(queue, Medium::Chat, &[]));
}
