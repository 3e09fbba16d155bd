//! Writes the OpenAPI document: every address, every body, the frames of the socket, and what every call has in common.

use crate::http;
use utoipa::{
    OpenApi, PartialSchema, ToSchema,
    openapi::{
        Components, ComponentsBuilder, Content, HttpMethod, PathItem, Ref, RefOr, ResponseBuilder, Schema,
        SecurityRequirement, Type,
        path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn},
        schema::{AnyOfBuilder, SchemaType},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use yingda_wire::{frame, problem::Problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Yingda 应答",
        description = "Everything that the console and the widget do, for programs. A program sends its key as \
            `Authorization: Bearer yk_…`; errors are RFC 9457 problems; changes of records carry `If-Match`; creating \
            calls may carry `Idempotency-Key`; lists go on with `cursor`. `GET /api/v1/ws` speaks `ClientFrame` and \
            `ServerFrame`, one JSON object a text message.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(frame::ClientFrame, frame::ServerFrame, Problem))
)]
struct Document;

/// The document, with its frames and addresses.
pub fn document() -> String {
    let mut document = Document::openapi().nest("/api/v1", http::api(0).into_openapi());
    for (path, item) in others() {
        document.paths.add_path_operation(path, vec![item.0], item.1);
    }
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("yk_…").build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::auth::COOKIE));
    let components = ComponentsBuilder::from(document.components.take().unwrap_or_default())
        .security_scheme("key", SecurityScheme::Http(key))
        .security_scheme("session", SecurityScheme::ApiKey(cookie))
        .security_scheme("visitor", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("token"))))
        .build();
    document.components = Some(correct(components));
    document.security =
        Some(["key", "session"].map(|way| SecurityRequirement::new(way, [] as [&str; 0])).to_vec());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            finish(operation, method, path);
            operation.security = proof(method, path);
        }
    }
    document.to_pretty_json().expect("the document has a JSON form")
}

/// What a caller has to show where it is not a key or a sign-in, as the document says for all.
fn proof(method: &str, path: &str) -> Option<Vec<SecurityRequirement>> {
    let way = |way: &str| SecurityRequirement::new(way, [] as [&str; 0]);
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    match (method, path) {
        // They are how one gets a proof, or nobody's secret.
        ("post", "/session" | "/setup" | "/widget/messages")
        | ("get", "/session/oidc" | "/session/oidc/callback" | "/setup" | "/openapi.json")
        | (_, "/healthz" | "/readyz") => Some(vec![]),
        // The first frame says who speaks; a stream's name cannot be guessed.
        (_, "/ws" | "/stream" | "/stream/{id}") => Some(vec![]),
        (_, "/visitor/events" | "/visitor/transcript" | "/visitor/proof" | "/visitor/proof/check") => {
            Some(vec![way("visitor")])
        }
        (_, "/files" | "/files/{id}") => Some(["key", "session", "visitor"].map(way).to_vec()),
        // What belongs to a person is done by that person.
        (_, own) if own.starts_with("/me") || own == "/session" => Some(vec![way("session")]),
        _ => None,
    }
}

/// Two things that schemas derived from types say too strictly: what a tagged enum wraps carries the tag as well, and
/// plain values that overlap are any of several, not one of them.
fn correct(mut components: Components) -> Components {
    let mut wrapped = vec![];
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::OneOf(one_of)) = schema else { continue };
        for item in &one_of.items {
            let RefOr::T(Schema::AllOf(all_of)) = item else { continue };
            wrapped.extend(all_of.items.iter().filter_map(|it| match it {
                RefOr::Ref(it) => it.ref_location.rsplit('/').next().map(str::to_owned),
                RefOr::T(_) => None,
            }));
        }
        let is_plain = |item: &RefOr<Schema>| match item {
            RefOr::T(Schema::Object(it)) => it.schema_type != SchemaType::Type(Type::Object),
            _ => false,
        };
        if one_of.items.iter().all(is_plain) {
            let any_of = std::mem::take(&mut one_of.items).into_iter();
            *schema = any_of.fold(AnyOfBuilder::new(), |any_of, item| any_of.item(item)).into();
        }
    }
    for name in wrapped {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
            object.additional_properties = None;
        }
    }
    components
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let methods = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ];
    methods.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Gives an operation its name, by which generated clients call it, and what all have in common: whatever goes wrong
/// is told as a problem, in the language that the caller names.
fn finish(operation: &mut Operation, method: &str, path: &str) {
    // What stands beside the API and inside it has two names.
    let (place, path) = path.strip_prefix("/api/v1").map_or((Some("root"), path), |path| (None, path));
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    operation.operation_id =
        Some([method].into_iter().chain(place).chain(words).collect::<Vec<_>>().join("_"));
    let problem = || {
        ResponseBuilder::new()
            .description("A problem (RFC 9457): what went wrong, on what, and what to do now.")
            .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
            .build()
    };
    let responses = &mut operation.responses.responses;
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5'])) {
        *response = RefOr::T(problem());
    }
    responses.insert("default".into(), RefOr::T(problem()));
    let lang = ParameterBuilder::new()
        .name("lang")
        .parameter_in(ParameterIn::Query)
        .description(Some("Language of messages, `zh` or `en`; wins over `Accept-Language`."))
        .schema(Some(String::schema()))
        .build();
    operation.parameters.get_or_insert_default().push(lang.into());
}

/// The addresses beside the API's handlers: health, this document, and those that do not answer once and end.
fn others() -> Vec<(&'static str, (HttpMethod, Operation))> {
    let operation =
        |tag: &str, summary: &str, status: &str, what: &str, frame: Option<String>, kind: &str| {
            let response = ResponseBuilder::new().description(what);
            let response = match frame {
                Some(name) => response.content(kind, Content::new(Some(Ref::from_schema_name(name)))),
                None => response,
            };
            OperationBuilder::new().tag(tag).summary(Some(summary)).response(status, response.build())
        };
    let server = || Some(frame::ServerFrame::name().into_owned());
    let open = operation(
        "socket",
        "The WebSocket of consoles and widgets. The first frame is `console` or `hello`.",
        "101",
        "The connection speaks frames from here on.",
        server(),
        "application/json",
    );
    let stream = operation(
        "socket",
        "The same frames as server-sent events, where WebSocket is blocked. The first message names the stream.",
        "200",
        "Server frames, one a message.",
        server(),
        "text/event-stream",
    );
    let post = operation(
        "socket",
        "One client frame on a stream that is open.",
        "204",
        "The frame was taken.",
        None,
        "",
    )
    .parameter(
        ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).schema(Some(String::schema())),
    )
    .request_body(Some(
        utoipa::openapi::request_body::RequestBodyBuilder::new()
            .content(
                "application/json",
                Content::new(Some(Ref::from_schema_name(frame::ClientFrame::name().into_owned()))),
            )
            .build(),
    ));
    let health = |summary: &str| operation("health", summary, "200", "Yes.", None, "").build();
    let document = operation("health", "This document.", "200", "OpenAPI 3.1.", None, "");
    vec![
        ("/healthz", (HttpMethod::Get, health("Whether the process answers."))),
        ("/readyz", (HttpMethod::Get, health("Whether commands are taken and stored."))),
        ("/api/v1/healthz", (HttpMethod::Get, health("Whether the process answers."))),
        ("/api/v1/readyz", (HttpMethod::Get, health("Whether commands are taken and stored."))),
        ("/api/v1/openapi.json", (HttpMethod::Get, document.build())),
        ("/api/v1/ws", (HttpMethod::Get, open.build())),
        ("/api/v1/stream", (HttpMethod::Get, stream.build())),
        ("/api/v1/stream/{id}", (HttpMethod::Post, post.build())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

    #[test]
    fn sys_73_the_document_in_docs_is_the_one_that_the_program_prints() {
        let stored = std::fs::read_to_string(STORED).unwrap_or_default();
        assert!(
            stored.trim_end() == document().trim_end(),
            "docs/openapi.json is stale: run `cargo xtask codegen`"
        );
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        let text = document();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name} is referred to and not described");
        }
    }

    #[test]
    fn what_a_tagged_enum_wraps_may_carry_the_tag() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let schemas = &document["components"]["schemas"];
        let kinds = schemas["Record"]["oneOf"].as_array().unwrap();
        assert_eq!(kinds.len(), yingda_core::config::RecordKind::ALL.len());
        for kind in kinds {
            let name = kind["allOf"][0]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(schemas[name]["additionalProperties"].is_null(), "{name} forbids its own tag");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_a_sentence() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let summary = operation["summary"].as_str().unwrap_or_default();
                assert!(!summary.is_empty(), "{method} {path} says nothing of itself");
                let name = operation["operationId"].as_str().unwrap_or_default();
                assert!(names.insert(name.to_owned()), "{method} {path}: the name {name} stands twice");
            }
        }
    }
}
