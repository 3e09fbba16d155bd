//! Seeded random days: agents join, ignore, drop; customers write and leave; the clock jumps; the process restarts at
//! any step. After each step the promises of the engine are checked against plain reasoning over the state.
//!
//! `PLAN=17 cargo test -p yingda-core --test simulation` replays one plan; `PLANS=100000` runs many.

mod simulation {
    pub mod check;
    pub mod plan;
    pub mod world;
}

use simulation::{plan::Plan, world::World};

const PLANS: u64 = 1_200;
const STEPS: usize = 120;

fn run(seed: u64) {
    let mut plan = Plan::new(seed);
    let mut world = World::new(&mut plan);
    for step in 0..STEPS {
        let said = world.step(&mut plan);
        let broken = world.broken();
        assert!(broken.is_empty(), "plan {seed}, step {step} ({said}): {}", broken.join("; "));
    }
}

/// SYS-04, SYS-06, SYS-75, Q-15: whatever people do, nobody is skipped, overloaded, doubled or forgotten.
#[test]
fn promises_hold_on_random_days() {
    if let Some(seed) = number("PLAN") {
        return run(seed);
    }
    for seed in 0..number("PLANS").unwrap_or(PLANS) {
        run(seed);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
