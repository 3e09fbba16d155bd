//! Pages of lists: cursors that name the last row given, and patterns for parts of a text.

use crate::{Page, ReadError};

/// Cuts off the one row more that was read to learn whether another page follows.
pub(crate) fn cut<T>(mut items: Vec<T>, limit: usize, cursor: impl FnOnce(&T) -> String) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    Page { items, next }
}

/// A cursor of a list that is sorted by two numbers.
pub(crate) fn write_pair(first: i64, id: i64) -> String {
    format!("{first}.{id}")
}

pub(crate) fn read_pair(cursor: &str) -> Result<(i64, i64), ReadError> {
    let (first, id) = cursor.split_once('.').ok_or(ReadError::BadCursor)?;
    Ok((first.parse().map_err(|_| ReadError::BadCursor)?, id.parse().map_err(|_| ReadError::BadCursor)?))
}

/// A cursor of a list with the newest id first; without one the list begins.
pub(crate) fn read_id(cursor: Option<&str>) -> Result<i64, ReadError> {
    cursor.map_or(Ok(i64::MAX), |cursor| cursor.parse().map_err(|_| ReadError::BadCursor))
}

/// A cursor of a list that is sorted by a sort key and an id.
pub(crate) fn write_key(sort_key: &[u8], id: i64) -> String {
    format!("{}.{id}", hex::encode(sort_key))
}

pub(crate) fn read_key(cursor: &str) -> Result<(Vec<u8>, i64), ReadError> {
    let (key, id) = cursor.split_once('.').ok_or(ReadError::BadCursor)?;
    let key = hex::decode(key).map_err(|_| ReadError::BadCursor)?;
    Ok((key, id.parse().map_err(|_| ReadError::BadCursor)?))
}

/// A `LIKE … ESCAPE '!'` pattern that finds the text anywhere; empty for empty.
pub(crate) fn pattern(q: &str) -> String {
    let q = q.trim().to_lowercase();
    if q.is_empty() {
        return q;
    }
    let mut pattern = String::with_capacity(q.len() + 2);
    pattern.push('%');
    for letter in q.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// A list in one column: `,a,b,`; empty for none.
pub(crate) fn list<T: std::fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        String::new()
    } else {
        items.iter().fold(",".into(), |text, it| format!("{text}{it},"))
    }
}

pub(crate) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|part| !part.is_empty())
}

/// Ids as an argument that a statement looks into by `LIKE '%,' || id || ',%'`: `,1,2,`.
pub(crate) fn among(ids: impl IntoIterator<Item = i64>) -> String {
    ids.into_iter().fold(String::from(","), |text, id| format!("{text}{id},"))
}
