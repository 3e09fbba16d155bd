//! Statements stand as constants beside their noun, and each noun lists all of its own, so that one test can
//! prepare every one on both engines.

/// Declares a noun's statements, and `ALL` of them by name.
macro_rules! sql {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $text:expr;)*) => {
        $($(#[$doc])* $vis const $name: &str = $text;)*
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use sql;
