//! The description of the API, OpenAPI 3.1, made from the routes themselves.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::route::{Answer, Body, Kind, Needs, Param, Route, Run, Verb};
use super::{BASE, all};
use crate::problem::Problem;

pub(super) const ROUTES: &[Route] = &[Route {
    verb: Verb::Get,
    path: "/openapi.json",
    needs: Needs::Viewer,
    about: "This description",
    params: &[],
    body: Body::None,
    answer: Answer::File(&["application/json"]),
    audit: None,
    run: Run::Now(described),
}];

fn described(_: &Call) -> Result<Response, Problem> {
    Ok(([(header::CONTENT_TYPE, "application/json")], openapi().to_string()).into_response())
}

/// The description of everything below `/api/v1`.
#[must_use]
pub fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in all() {
        let path = paths.entry(format!("{BASE}{}", route.path)).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(method(route.verb).to_owned(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lockgate",
            "version": "1",
            "description": "Documents are those of the command line with --json, see docs/command-line.md and docs/http-api.md",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "lockgate_session_8480" }
            },
            "schemas": { "Problem": problem() }
        }
    })
}

fn method(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Delete => "delete",
    }
}

fn operation(route: &Route) -> Value {
    let names = route.path.split(['{', '}']).skip(1).step_by(2);
    let mut parameters: Vec<Value> = names
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    parameters.extend(route.params.iter().map(parameter));
    if route.verb != Verb::Get {
        parameters.push(json!({
            "name": "X-Lockgate", "in": "header", "required": false, "schema": { "type": "string", "const": "1" },
            "description": "Needed with a session, not with a token"
        }));
    }
    let role = match route.needs {
        Needs::Nothing => "Nobody need be logged in.",
        Needs::Viewer => "Role: viewer.",
        Needs::Admin => "Role: admin.",
    };
    let security = match route.needs {
        Needs::Nothing => json!([]),
        Needs::Viewer | Needs::Admin => json!([{ "token": [] }, { "session": [] }]),
    };
    let mut operation = json!({
        "operationId": id(route),
        "summary": route.about,
        "description": role,
        "parameters": parameters,
        "security": security,
        "responses": {
            "200": answer(route),
            "default": {
                "description": "What is wrong (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
            }
        }
    });
    if let (Some(body), Some(operation)) = (body(&route.body), operation.as_object_mut()) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn id(route: &Route) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", method(route.verb), words.join("_"))
}

fn parameter(param: &Param) -> Value {
    let schema = match param.kind {
        Kind::Text => json!({ "type": "string", "maxLength": 4096 }),
        Kind::Texts { most } => json!({ "type": "array", "items": { "type": "string" }, "maxItems": most }),
        Kind::Count { least, most, default } => {
            let mut schema = json!({ "type": "integer", "minimum": least, "maximum": most });
            if let (Some(default), Some(schema)) = (default, schema.as_object_mut()) {
                schema.insert("default".to_owned(), json!(default));
            }
            schema
        }
        Kind::Time { default: Some(default) } => json!({ "type": "string", "default": default }),
        Kind::Time { default: None } => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean", "default": false }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words, "default": words.first() }),
    };
    json!({ "name": param.name, "in": "query", "required": false, "description": param.about, "schema": schema })
}

fn body(body: &Body) -> Option<Value> {
    match body {
        Body::None => None,
        Body::Bytes { kind, most } => Some(json!({
            "required": true,
            "content": { *kind: { "schema": { "type": "string", "format": "binary", "maxLength": most } } }
        })),
        Body::Json(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|field| {
                    (field.name.to_owned(), json!({ "type": field.kind, "description": field.about }))
                })
                .collect();
            let required: Vec<&str> =
                fields.iter().filter(|field| field.required).map(|field| field.name).collect();
            let schema = json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false
            });
            Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }))
        }
    }
}

fn answer(route: &Route) -> Value {
    let of = |name: &str| {
        let schema = json!({ "type": "string", "const": format!("lockgate/{name}/1") });
        json!({ "schema": {
            "type": "object", "properties": { "schema": schema }, "required": ["schema"]
        } })
    };
    let file = |kinds: &[&str]| -> Map<String, Value> {
        kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": {} }))).collect()
    };
    match route.answer {
        Answer::Document(name) => json!({
            "description": format!("The document lockgate/{name}/1"), "content": { "application/json": of(name) }
        }),
        Answer::DocumentOrCsv(name) => json!({
            "description": format!("The document lockgate/{name}/1, or CSV"),
            "content": { "application/json": of(name), "text/csv": { "schema": { "type": "string" } } }
        }),
        Answer::Events(name) => json!({
            "description": format!("Events, each the document lockgate/{name}/1"),
            "content": { "text/event-stream": { "schema": { "type": "string" } } }
        }),
        Answer::File(kinds) => json!({ "description": "The file", "content": file(kinds) }),
    }
}

fn problem() -> Value {
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "status": { "type": "integer" },
            "title": { "type": "string" },
            "detail": { "type": "string", "description": "For people" },
            "code": { "type": "string", "description": "For programs; it does not change" }
        },
        "required": ["type", "status", "title", "detail", "code"]
    })
}
