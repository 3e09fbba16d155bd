//! How text sorts and is found: Chinese by its sound, everything else by its letters. Made here since databases
//! differ.

use pinyin::ToPinyin;

/// What one types to find a name by its sound: `zhangsan` for 张三. The beginning of a name's sort key.
pub fn sound(text: &str) -> String {
    let mut sound = String::with_capacity(text.len() * 2);
    for c in text.trim().chars().take(100) {
        match c.to_pinyin() {
            Some(pinyin) => sound.push_str(pinyin.plain()),
            None => sound.extend(c.to_lowercase()),
        }
    }
    sound
}

/// The first letters of what Chinese characters sound like: `zs` for 张三.
pub fn initials(text: &str) -> String {
    let letters = text.trim().chars().take(100);
    letters.filter_map(|c| c.to_pinyin()?.first_letter().chars().next()).collect()
}

/// The sound, and for what sounds alike the characters themselves.
pub fn sort_key(text: &str) -> Vec<u8> {
    let mut key = sound(text);
    if !text.is_ascii() {
        // Below every letter, so that a shorter sound comes first: an before ang.
        key.push('\t');
        key.extend(text.trim().chars().take(100));
    }
    key.into_bytes()
}

/// The sound that a sort key begins with.
pub fn of_sort_key(key: &[u8]) -> &[u8] {
    key.split(|byte| *byte == b'\t').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_36_names_are_found_by_initials() {
        assert_eq!((initials("欧阳小明"), initials("Bob")), ("oyxm".into(), String::new()));
    }

    #[test]
    fn chinese_sorts_by_sound_between_latin_names() {
        let mut names = ["张三", "Bob", "李四", "安", "昂", "alice", "王五"];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(names, ["alice", "安", "昂", "Bob", "李四", "王五", "张三"]);
        assert!(sort_key("张三").starts_with(sound("zhangs").as_bytes()));
    }
}
