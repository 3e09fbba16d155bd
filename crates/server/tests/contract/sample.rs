//! Bodies that fit a schema of the document, and the same with one thing wrong.

use serde_json::{Map, Value, json};

/// The document's schemas.
pub struct Schemas<'a>(pub &'a Value);

impl Schemas<'_> {
    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema["$ref"].as_str() {
            Some(address) => {
                let found = self.0.pointer(address.trim_start_matches('#'));
                self.resolve(found.unwrap_or_else(|| panic!("{address} leads nowhere")))
            }
            None => schema,
        }
    }

    /// One value for each shape that the schema knows at its top.
    pub fn samples(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        for several in ["oneOf", "anyOf"] {
            if let Some(shapes) = schema[several].as_array() {
                return shapes.iter().flat_map(|shape| self.samples(shape)).collect();
            }
        }
        let Some(parts) = schema["allOf"].as_array() else { return vec![self.one(schema, 0)] };
        let mut wholes = vec![Map::new()];
        for part in parts {
            let shapes = self.samples(part);
            wholes = wholes
                .iter()
                .flat_map(|whole| shapes.iter().map(move |shape| (whole.clone(), shape)))
                .map(|(mut whole, shape)| {
                    whole.extend(shape.as_object().cloned().unwrap_or_default());
                    whole
                })
                .collect();
        }
        wholes.into_iter().map(Value::Object).collect()
    }

    fn one(&self, schema: &Value, depth: u32) -> Value {
        let schema = self.resolve(schema);
        if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
        for several in ["oneOf", "anyOf", "allOf"] {
            if let Some(shape) = schema[several].as_array().and_then(|all| all.first()) {
                return self.one(shape, depth);
            }
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("object") if depth < 6 => {
                let properties = schema["properties"].as_object().into_iter().flatten();
                Value::Object(properties.map(|(name, it)| (name.clone(), self.one(it, depth + 1))).collect())
            }
            Some("object") => json!({}),
            Some("array") if depth < 6 => json!([self.one(&schema["items"], depth + 1)]),
            Some("array") => json!([]),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            Some("boolean") => json!(true),
            Some("string") => json!("1"),
            _ => Value::Null,
        }
    }
}

/// What may stand where something else is expected.
fn wrong() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e308),
        json!(9_223_372_036_854_775_807_i64),
        json!(""),
        json!("\u{0}\u{202e}<script>alert(1)</script>"),
        json!("长".repeat(20_000)),
        json!([[[]]]),
        json!({ "a": { "b": [] } }),
    ]
}

/// Bodies for an operation: those that fit first, then with each member wrong, missing, or one too many, then what is
/// no such body at all.
pub fn spoilt(fitting: Vec<Vec<u8>>) -> Vec<Option<Vec<u8>>> {
    let samples: Vec<Value> = fitting.iter().filter_map(|body| serde_json::from_slice(body).ok()).collect();
    let mut all = fitting;
    for sample in &samples {
        let Some(members) = sample.as_object() else { continue };
        for name in members.keys() {
            for wrong in wrong() {
                let mut members = members.clone();
                members.insert(name.clone(), wrong);
                all.push(Value::Object(members).to_string().into_bytes());
            }
            let mut without = members.clone();
            without.remove(name);
            all.push(Value::Object(without).to_string().into_bytes());
        }
        let mut more = members.clone();
        more.insert("is_admin".into(), true.into());
        all.push(Value::Object(more).to_string().into_bytes());
    }
    for text in ["", "{", "null", "[]", "0", "\"x\"", "{}", "{\"a\":1,\"a\":2}", "\u{feff}{}"] {
        all.push(text.into());
    }
    all.push(b"{\"name\":\"\xff\xfe\"}".to_vec());
    all.push("[".repeat(20_000).into_bytes());
    all.push(format!("{{\"text\":\"{}\"}}", "x".repeat(3_000_000)).into_bytes());
    all.into_iter().map(Some).collect()
}
