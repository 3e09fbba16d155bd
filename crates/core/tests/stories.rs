//! Rules as stories: each line is what somebody does, each `>` line what must have happened then.

mod stories {
    pub mod script;
}

use stories::script::check;

/// SYS-06: the contact goes to who is ready; an answer counts from the assignment.
#[test]
fn a_customer_asks_and_the_ready_agent_answers() {
    check(
        "
        li is ready
        +5 v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +7 li says v1
        > v1:said v1:first_response(7)
        +60 li closes v1
        > v1:segment_ended(li,closed,67) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +30 time passes
        > v1:wrap_up_ended(time_limit,30)
        ",
    );
}

/// SYS-04: first in, first out within a priority; a VIP is ahead of those who came shortly before.
#[test]
fn a_vip_goes_first_and_the_rest_in_order() {
    check(
        "
        +0 v1 starts sales
        > v1:started v1:said v1:queued(sales)
        +1 v2 starts sales
        > v2:started v2:said v2:queued(sales)
        +1 vip3 starts sales
        > vip3:started vip3:said vip3:queued(sales)
        +1 li is ready
        > li:ready vip3:left(sales,answered,1) vip3:assigned(li) v1:left(sales,answered,3) v1:assigned(li)
        ",
    );
}

/// SYS-53: another site's contact is given out at once or not at all, and lasts only when it is confirmed.
#[test]
fn what_is_reserved_for_another_site_is_confirmed_or_lets_go() {
    check(
        "
        li is ready
        v1 reserves sales
        > v1:started v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        v1 is taken
        v2 reserves sales
        > v2:started v2:queued(sales) v2:left(sales,answered,0) v2:assigned(li)
        v3 reserves sales
        > refused(busy)
        +14 time passes
        +1 time passes
        > v2:segment_ended(li,closed,15) v2:closed(withdrawn)
        v3 reserves sales
        > v3:started v3:queued(sales) v3:left(sales,answered,0) v3:assigned(li)
        v3 is let go
        > v3:segment_ended(li,closed,0) v3:closed(withdrawn)
        ",
    );
}

/// SYS-75: beyond the limit contacts wait; room made is filled at once.
#[test]
fn beyond_the_limit_a_contact_waits_for_room() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        v2 starts sales
        > v2:started v2:said v2:queued(sales) v2:left(sales,answered,0) v2:assigned(li)
        +1 v3 starts sales
        > v3:started v3:said v3:queued(sales)
        +9 v1 closes v1
        > v1:segment_ended(li,closed,10) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +2 li ends wrap-up of v1
        > v1:wrap_up_ended(done,2) v3:left(sales,answered,11) v3:assigned(li)
        ",
    );
}

/// SYS-06: nobody answers for 15 s: the contact keeps its place, the agent takes no chats until one click.
#[test]
fn an_offer_that_rings_out_returns_the_contact_and_stops_chat_for_the_agent() {
    check(
        "
        wang is ready
        +0 v1 starts care
        > v1:started v1:said v1:queued(care) v1:offered(wang)
        +15 time passes
        > v1:offer_ended(wang,timed_out,15) wang:ready(ring_no_answer,chat off)
        +5 v2 starts care
        > v2:started v2:said v2:queued(care)
        +1 wang resumes chat
        > wang:ready v1:offered(wang)
        +2 wang accepts v1
        > v1:offer_ended(wang,accepted,2) v1:left(care,answered,23) v1:assigned(wang) v2:offered(wang)
        ",
    );
}

/// Declining is a right, is counted, and the next agent gets the offer.
#[test]
fn a_declined_offer_goes_to_the_next_agent() {
    check(
        "
        wang is ready
        +1 zhao is ready
        > zhao:ready
        +1 v1 starts care
        > v1:started v1:said v1:queued(care) v1:offered(wang)
        +3 wang declines v1
        > v1:offer_ended(wang,declined,3) v1:offered(zhao)
        ",
    );
}

/// Nobody waits for ever because everyone said no once: after a minute they are asked again.
#[test]
fn a_contact_that_everyone_declined_is_offered_again() {
    check(
        "
        wang is ready
        +1 v1 starts care
        > v1:started v1:said v1:queued(care) v1:offered(wang)
        +3 wang declines v1
        > v1:offer_ended(wang,declined,3)
        +60 time passes
        > v1:offered(wang)
        ",
    );
}

/// SP-03: a break chosen during a contact begins after it (预约小休), and meanwhile nothing new comes.
#[test]
fn a_break_chosen_during_a_contact_begins_after_it() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +5 li takes a break
        > li:ready(break,then not_ready)
        +1 v2 starts sales
        > v2:started v2:said v2:queued(sales)
        +4 li closes v1
        > v1:segment_ended(li,closed,10) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +3 li ends wrap-up of v1
        > v1:wrap_up_ended(done,3) li:not_ready(break)
        ",
    );
}

/// SP-02: no sign-out with work open.
#[test]
fn signing_out_with_work_open_is_refused() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +5 li signs out
        > refused(active_work)
        ",
    );
}

/// An agent whose last connection dies keeps the work for the grace period, then it goes back to its old place.
#[test]
fn a_lost_agent_gives_the_contacts_back_after_the_grace_period() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +10 li loses connection
        +5 v2 starts sales
        > v2:started v2:said v2:queued(sales)
        +15 time passes
        > li:offline(connection_lost) v1:segment_ended(li,agent_away,30) v1:queued(sales)
        +1 chen is ready
        > chen:ready v1:left(sales,answered,1) v1:assigned(chen) v2:left(sales,answered,16) v2:assigned(chen)
        ",
    );
}

#[test]
fn a_reload_within_the_grace_period_changes_nothing() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +10 li loses connection
        +5 li connects
        +60 time passes
        ",
    );
}

/// A customer who writes in wrap-up returns to the same agent.
#[test]
fn words_in_wrap_up_return_to_the_same_agent() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +10 li closes v1
        > v1:segment_ended(li,closed,10) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +5 v1 says v1
        > v1:said v1:wrap_up_ended(customer_wrote,5) v1:reopened v1:assigned(li)
        ",
    );
}

/// Within the window words reopen a closed conversation, and its last agent is preferred.
#[test]
fn words_after_closing_reopen_it_for_the_last_agent_first() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +1 chen is ready
        > chen:ready
        +9 li closes v1
        > v1:segment_ended(li,closed,10) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +1 li ends wrap-up of v1
        > v1:wrap_up_ended(done,1)
        +600 v1 says v1
        > v1:said v1:reopened v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        ",
    );
}

#[test]
fn after_the_window_words_need_a_new_conversation() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +10 li closes v1
        > v1:segment_ended(li,closed,10) v1:closed(ended) v1:rating_asked v1:wrap_up(li)
        +90000 v1 says v1
        > v1:wrap_up_ended(time_limit,30) refused(closed)
        ",
    );
}

/// SYS-04: after 120 s in care a contact flows over to sales, with its waiting counted.
#[test]
fn a_long_wait_flows_over_and_counts() {
    check(
        "
        +0 v1 starts care
        > v1:started v1:said v1:queued(care)
        +100 v2 starts sales
        > v2:started v2:said v2:queued(sales)
        +20 time passes
        > v1:left(care,overflow,120) v1:queued(sales)
        +1 li is ready
        > li:ready v1:left(sales,answered,1) v1:assigned(li) v2:left(sales,answered,21) v2:assigned(li)
        ",
    );
}

#[test]
fn a_transfer_carries_its_note_and_asks_for_room() {
    check(
        "
        li is ready
        chen is ready
        +1 v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +5 li transfers v1 to chen
        > v1:noted v1:segment_ended(li,transferred,5) v1:assigned(chen)
        +5 chen transfers v1 to zhao
        > refused(agent_away)
        +5 chen transfers v1 to queue care
        > v1:noted v1:segment_ended(chen,transferred,10) v1:queued(care)
        ",
    );
}

/// Silence after our answer: one warning at 300 s, the end 300 s later. Silence that is ours ends nothing.
#[test]
fn a_silent_customer_is_warned_and_then_let_go() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +1000 time passes
        +1 li says v1
        > v1:said v1:first_response(1001)
        +300 time passes
        > v1:warned
        +300 time passes
        > v1:segment_ended(li,closed,1601) v1:closed(idle) v1:rating_asked v1:wrap_up(li)
        ",
    );
}

/// Q-15, exactly once: the same command again has no second effect, a missing one is named.
#[test]
fn a_repeated_command_has_one_effect() {
    check(
        "
        li is ready
        v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +1 v1 says v1 as 1
        > v1:said
        +1 v1 says v1 as 1
        > done
        +1 v1 says v1 as 3
        > refused(gap,2)
        +1 v1 says v1 as 2
        > v1:said
        ",
    );
}

/// a visitor sees and touches only their own.
#[test]
fn other_peoples_conversations_do_not_exist() {
    check(
        "
        v1 starts sales
        > v1:started v1:said v1:queued(sales)
        +1 v2 says v1
        > refused(not_found)
        +1 v1 takes v1 over
        > refused(forbidden)
        ",
    );
}

/// SYS-22: a supervisor takes over, and gives it to another.
#[test]
fn a_supervisor_takes_over_and_reassigns() {
    check(
        "
        li is ready
        chen is ready
        +1 v1 starts sales
        > v1:started v1:said v1:queued(sales) v1:left(sales,answered,0) v1:assigned(li)
        +4 boss takes v1 over
        > v1:segment_ended(li,taken_over,4) v1:assigned(boss)
        +6 boss gives v1 to chen
        > v1:segment_ended(boss,reassigned,6) v1:assigned(chen)
        +1 li takes v1 over
        > refused(forbidden)
        ",
    );
}
