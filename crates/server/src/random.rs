//! The one place that asks for randomness.

/// Fresh random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    // Without a source of randomness no token or salt is safe: nothing can go on.
    getrandom::fill(&mut buffer).expect("the operating system gives random bytes");
    buffer
}
