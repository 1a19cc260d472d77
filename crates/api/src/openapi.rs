//! The API description: collected from the routes' own annotations, then completed with what holds for all of them.

use actix_web::App;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{OpenApi as Description, ToSchema};
use utoipa_actix_web::AppExt;

use crate::cookie::ACCESS_COOKIE;
use crate::error::Failure;
use crate::routes::{self, alias, toggle};

const ABOUT: &str = "Videos, tweets, comments, likes, subscriptions and playlists.\n\nEvery success has the form \
    `{\"statusCode\", \"data\", \"message\", \"success\": true}`, every failure that of `Failure`. Bodies without files \
    are JSON or urlencoded. HEAD works wherever GET does.";

#[derive(Description)]
#[openapi(info(title = "Aviary", description = ABOUT), components(schemas(Failure)))]
struct Base;

/// The description of a server whose URLs begin with `base_url`.
pub(crate) fn document(base_url: &str) -> OpenApi {
    let app = App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes::described);
    let (_, mut document) = app.split_for_parts();
    document.servers = Some(vec![Server::new(path_of(base_url))]);
    add_security(document.components.get_or_insert_default());
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(operation, path);
        }
    }
    toggle::describe(&mut document);
    alias::describe(&mut document);
    document
}

/// Where the server begins on its host: `/`, or the prefix that a proxy gives it. Tools try the API on the host that
/// they loaded the description from.
pub(crate) fn path_of(base_url: &str) -> String {
    let path = base_url.split("://").nth(1).and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    format!("/{path}")
}

fn add_security(components: &mut Components) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(ACCESS_COOKIE)));
    components.add_security_scheme("cookie", cookie);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn complete(operation: &mut Operation, path: &str) {
    // Handlers of several nouns share names; ids have to be unique.
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|id| format!("{tag}_{id}"));
    add_path_parameters(operation, path);
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(json) = body.content.get("application/json").cloned()
    {
        body.content.insert("application/x-www-form-urlencoded".to_owned(), json);
    }
    for response in operation.responses.responses.values_mut() {
        // OpenAPI 3.1 asks for a description; what a success holds is told by its schema.
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            "Success".clone_into(&mut response.description);
        }
    }
    let failure = ContentBuilder::new().schema(Some(Ref::from_schema_name(Failure::name()))).build();
    let failures = ResponseBuilder::new().description("Every failure").content("application/json", failure).build();
    operation.responses.responses.entry("default".to_owned()).or_insert(RefOr::T(failures));
}

/// Describes the segments in braces that the handler did not describe itself: they are ids.
fn add_path_parameters(operation: &mut Operation, path: &str) {
    let parameters = operation.parameters.get_or_insert_default();
    for name in path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
        let known = |known: &RefOr<Parameter>| matches!(known, RefOr::T(known) if known.name == name);
        if !parameters.iter().any(known) {
            parameters.push(RefOr::T(id_parameter(name)));
        }
    }
}

fn id_parameter(name: &str) -> Parameter {
    let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-fA-F]{24}$")).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(Schema::Object(digits)))
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Value, json};

    use super::{document, path_of};

    fn described() -> Value {
        serde_json::to_value(document("https://tube.example/api-root")).unwrap()
    }

    #[test]
    fn servers_keep_their_prefix() {
        assert_eq!(path_of("http://localhost:8000"), "/");
        assert_eq!(path_of("https://tube.example/a/b"), "/a/b");
        assert_eq!(described()["servers"], json!([{"url": "/api-root"}]));
    }

    #[test]
    fn what_holds_for_all_operations_is_added_to_each() {
        let edit = &described()["paths"]["/api/v1/tweets/{tweetId}"]["patch"];
        assert_eq!(edit["operationId"], "tweets_edit");
        assert_eq!(edit["parameters"][0]["name"], "tweetId");
        let body = &edit["requestBody"]["content"];
        assert_eq!(body["application/json"], body["application/x-www-form-urlencoded"]);
        let failure = "/default/content/application~1json/schema/$ref";
        assert_eq!(edit["responses"].pointer(failure).unwrap(), "#/components/schemas/Failure");
    }

    #[test]
    fn every_reference_is_there_and_every_operation_has_an_id_of_its_own() {
        let described = described();
        let text = described.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(described["components"]["schemas"].get(name).is_some(), "{name} is missing");
        }
        let mut ids = HashSet::new();
        for operation in described["paths"].as_object().unwrap().values().flat_map(|i| i.as_object().unwrap().values())
        {
            if operation["deprecated"] != true {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} twice");
            }
        }
    }
}
