//! Which versions may run side by side: a release and the one before it, as one replaces the other node by node.

/// Whether two versions are the same release or neighbours. What follows the second number changes nothing for others.
pub fn fit(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (release(one), release(other)) else { return false };
    let (older, newer) = if one <= other { (one, other) } else { (other, one) };
    match newer.0 - older.0 {
        0 => newer.1 - older.1 <= 1,
        // Nobody knows which release was the last of its kind, but the first of the next one follows it.
        1 => newer.1 == 0,
        _ => false,
    }
}

fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_fit_and_others_do_not() {
        for (one, other) in [("0.1.0", "0.1.0"), ("0.1.0", "0.1.9"), ("0.1.3", "0.2.0"), ("1.9.4", "2.0.0")] {
            assert!(fit(one, other) && fit(other, one), "{one} {other}");
        }
        for (one, other) in [("0.1.0", "0.3.0"), ("1.9.0", "2.1.0"), ("1.0.0", "3.0.0"), ("0.1.0", "new")] {
            assert!(!fit(one, other) && !fit(other, one), "{one} {other}");
        }
    }
}
