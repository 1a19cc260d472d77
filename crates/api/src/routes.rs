//! The routes: one file a noun, all mounted here. Handlers parse, call one use case, and render.

pub(crate) mod alias;
mod comment;
mod dashboard;
mod docs;
mod health;
mod history;
mod home;
mod like;
mod media;
pub(crate) mod notice;
mod playlist;
mod session;
mod subscription;
pub(crate) mod toggle;
mod tweet;
mod upload;
mod user;
mod video;

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::envelope::Answer;
use crate::error::{ApiError, Code};
use crate::state::AppState;

/// Where the API begins.
pub(crate) const PREFIX: &str = "/api/v1";

/// What handlers take to reach the application.
pub(crate) type State = web::Data<AppState>;

/// Everything that the API description knows.
pub(crate) fn described(config: &mut ServiceConfig<'_>) {
    let api = scope(PREFIX)
        .service(health::check)
        .service(scope("/users").configure(session::routes).configure(user::routes).configure(history::routes))
        .service(scope("/videos").configure(upload::routes).configure(video::routes))
        .service(scope("/media").configure(upload::media_routes).configure(notice::routes))
        .service(scope("/comments").configure(comment::routes))
        .service(scope("/tweets").configure(tweet::routes))
        .service(scope("/likes").configure(like::routes))
        .service(scope("/subscriptions").configure(subscription::routes))
        .service(scope("/playlist").configure(playlist::routes))
        .service(scope("/dashboard").configure(dashboard::routes));
    config.service(api).service(media::fetch);
}

/// Pages for people, and the description itself.
pub(crate) fn pages(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").get(home::page).default_service(web::to(only_get)))
        .service(web::resource("/docs").get(docs::redirect).default_service(web::to(only_get)))
        .service(web::resource("/docs/{file:.*}").get(docs::file).default_service(web::to(only_get)))
        .service(
            web::resource(format!("{PREFIX}/openapi.json")).get(docs::description).default_service(web::to(only_get)),
        );
}

/// Which methods each described path takes.
pub(crate) struct RouteTable(Vec<(ResourceDef, Vec<Method>)>);

impl RouteTable {
    /// Reads the table out of the description, which was itself collected from the routes.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let entry = |(path, item): (&String, &PathItem)| (ResourceDef::new(path.as_str()), methods(item));
        Self(document.paths.paths.iter().map(entry).collect())
    }

    fn allowed(&self, path: &str) -> Vec<&Method> {
        let matching = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let mut allowed: Vec<_> = matching.flat_map(|(_, methods)| methods).collect();
        allowed.sort_by_key(|method| method.as_str());
        allowed.dedup();
        allowed
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    let known = [
        (Method::GET, &item.get),
        (Method::HEAD, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    known.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}

/// What no route takes: 405 where the path is known, else 404.
pub(crate) async fn unrouted(request: HttpRequest, table: web::Data<RouteTable>) -> Answer {
    let allowed = table.allowed(request.path());
    if allowed.is_empty() {
        return Err(ApiError::new(Code::RouteNotFound, "There is nothing at this path"));
    }
    let names: Vec<_> = allowed.iter().map(|method| method.as_str()).collect();
    Err(method_not_allowed(&names.join(", ")))
}

async fn only_get() -> Answer {
    Err(method_not_allowed("GET, HEAD"))
}

fn method_not_allowed(allowed: &str) -> ApiError {
    let refused = ApiError::new(Code::MethodNotAllowed, format!("This path takes {allowed}"));
    match HeaderValue::from_str(allowed) {
        Ok(allowed) => refused.with_header(header::ALLOW, allowed),
        Err(error) => ApiError::internal(error),
    }
}
