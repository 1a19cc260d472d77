//! The API description tells the truth: it has every endpoint of the contract, and every endpoint it has answers.

use std::collections::BTreeSet;

use aviary_tests::{TestServer, code};
use reqwest::Method;
use serde_json::Value;

use crate::routes::{Access, fill, table};

pub async fn described(server: &TestServer) -> Value {
    let reply = server.guest().get("/openapi.json").await;
    assert_eq!(reply.status, 200);
    let description = reply.json();
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    description
}

/// Method, path and description of every operation.
pub fn operations(description: &Value) -> Vec<(Method, String, Value)> {
    let mut operations = vec![];
    for (path, item) in description["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && operation.is_object()
            {
                operations.push((method, path.clone(), operation.clone()));
            }
        }
    }
    operations
}

#[tokio::test]
async fn every_described_endpoint_answers() {
    let server = TestServer::start().await;
    let description = described(&server).await;
    let operations = operations(&description);
    assert!(operations.len() >= table().len(), "{}", operations.len());
    for (method, path, _) in operations {
        let guest = server.guest();
        let reply = guest.call(method, &guest.root(&fill(&path, "0123456789abcdef01234567"))).await;
        let code = if reply.status < 400 { Value::Null } else { reply.json()["code"].clone() };
        // A home that keeps its files itself is told nothing by Cloudinary.
        if path.ends_with("/media/cloudinary/webhook") {
            assert_eq!(code, code::ROUTE_NOT_FOUND, "{reply}");
            continue;
        }
        assert!(code != code::ROUTE_NOT_FOUND && code != code::METHOD_NOT_ALLOWED, "{reply}");
    }
}

#[tokio::test]
async fn every_endpoint_of_the_contract_is_described_with_who_may_use_it() {
    let server = TestServer::start().await;
    let description = described(&server).await;
    let operations = operations(&description);
    for route in table() {
        // The names of ids do not matter, only where they stand.
        let wanted = fill(&format!("/api/v1{}", route.path), "*");
        let found = operations.iter().find(|(method, path, _)| *method == route.method && fill(path, "*") == wanted);
        let Some((_, _, operation)) = found else { panic!("{} {} is not described", route.method, route.path) };
        assert_ne!(operation["deprecated"], true, "{} {}", route.method, route.path);
        assert!(operation["summary"].is_string(), "{} {} has no summary", route.method, route.path);
        let security = operation["security"].as_array().cloned().unwrap_or_default();
        let without = security.iter().any(|way| way.as_object().is_some_and(serde_json::Map::is_empty));
        match route.access {
            Access::Anybody => assert!(security.is_empty(), "{} {}: {security:?}", route.method, route.path),
            Access::Optional => assert!(without && security.len() > 1, "{} {}: {security:?}", route.method, route.path),
            Access::SignedIn => {
                assert!(!without && !security.is_empty(), "{} {}: {security:?}", route.method, route.path)
            }
        }
        assert!(operation["responses"].as_object().is_some_and(|responses| responses.len() > 1));
    }
}

#[tokio::test]
async fn old_paths_are_described_as_deprecated() {
    let server = TestServer::start().await;
    let description = described(&server).await;
    let operations = operations(&description);
    for (method, path) in [
        (Method::PATCH, "/users/update-avatar"),
        (Method::PATCH, "/users/update-cover-image"),
        (Method::PATCH, "/users/update-cover"),
        (Method::GET, "/users/watch-history"),
        (Method::GET, "/subscriptions/c/*/subscribers"),
        (Method::GET, "/subscriptions/u/*/channels"),
        (Method::GET, "/tweets/user"),
        (Method::POST, "/playlists"),
        (Method::GET, "/playlists/*"),
        (Method::PATCH, "/playlists/add/*/*"),
    ] {
        let wanted = format!("/api/v1{path}");
        let found = operations.iter().find(|(own, known, _)| *own == method && fill(known, "*") == wanted);
        assert_eq!(
            found.map(|(_, _, operation)| &operation["deprecated"]),
            Some(&Value::Bool(true)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn the_list_of_failure_codes_is_the_documented_one() {
    let server = TestServer::start().await;
    let description = described(&server).await;
    let listed = description["components"]["schemas"]["Code"]["enum"].as_array().expect("the codes are listed");
    let listed: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, code::ALL.into_iter().collect());
}
