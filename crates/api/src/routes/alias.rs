//! Paths that older clients use for what has another path now: one table, served as the new path and marked
//! deprecated in the API description.

use actix_web::http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Deprecated, OpenApi};

use super::PREFIX;

/// An old path. Segments in braces stand for any text and are carried over; `*` at the end stands for the rest.
struct Alias {
    /// For which method; `None` for all.
    method: Option<Method>,
    old: &'static str,
    new: &'static str,
}

const ALIASES: [Alias; 8] = [
    Alias { method: Some(Method::PATCH), old: "/users/update-avatar", new: "/users/avatar" },
    Alias { method: Some(Method::PATCH), old: "/users/update-cover-image", new: "/users/cover-image" },
    Alias { method: Some(Method::PATCH), old: "/users/update-cover", new: "/users/cover-image" },
    Alias { method: Some(Method::GET), old: "/users/watch-history", new: "/users/history" },
    Alias {
        method: Some(Method::GET),
        old: "/subscriptions/c/{channelId}/subscribers",
        new: "/subscriptions/c/{channelId}",
    },
    Alias {
        method: Some(Method::GET),
        old: "/subscriptions/u/{subscriberId}/channels",
        new: "/subscriptions/u/{subscriberId}",
    },
    Alias { method: None, old: "/playlists", new: "/playlist" },
    Alias { method: None, old: "/playlists/*", new: "/playlist/*" },
];

/// An old path that stands for something of the caller's own, so that a handler has to serve it.
const SERVED_APART: &str = "/tweets/user";

/// The path that an old path stands for now; `None` for all others.
pub(crate) fn canonical(method: &Method, path: &str) -> Option<String> {
    let path = path.strip_prefix(PREFIX)?;
    // HEAD goes where GET goes.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut aliases = ALIASES.iter().filter(|alias| alias.method.as_ref().is_none_or(|own| own == method));
    aliases.find_map(|alias| substitute(alias.old, alias.new, path)).map(|new| format!("{PREFIX}{new}"))
}

/// Matches a path against a pattern and puts what stood in braces into the other pattern, in order.
fn substitute(from: &str, to: &str, path: &str) -> Option<String> {
    if let (Some(from), Some(to)) = (from.strip_suffix('*'), to.strip_suffix('*')) {
        return path.strip_prefix(from).map(|rest| format!("{to}{rest}"));
    }
    // Nearly every path differs here, before anything is counted.
    let literal = from.split_once('{').map_or(from, |(literal, _)| literal);
    if !path.starts_with(literal) || from.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut captured = vec![];
    for (pattern, segment) in from.split('/').zip(path.split('/')) {
        if is_dynamic(pattern) {
            captured.push(segment);
        } else if pattern != segment {
            return None;
        }
    }
    let mut captured = captured.into_iter();
    let fill = |segment| if is_dynamic(segment) { captured.next() } else { Some(segment) };
    to.split('/').map(fill).collect::<Option<Vec<_>>>().map(|segments| segments.join("/"))
}

fn is_dynamic(segment: &str) -> bool {
    segment.starts_with('{')
}

/// Adds the old paths to the description, marked deprecated.
pub(crate) fn describe(document: &mut OpenApi) {
    let mut old_items: Vec<(String, PathItem)> = vec![];
    for alias in &ALIASES {
        for (path, item) in &document.paths.paths {
            let Some(path) = path.strip_prefix(PREFIX) else { continue };
            if let Some(old) = substitute(alias.new, alias.old, path) {
                old_items.push((format!("{PREFIX}{old}"), deprecated(item, alias.method.as_ref())));
            }
        }
    }
    if let Some(item) = document.paths.paths.get(&format!("{PREFIX}{SERVED_APART}")) {
        let item = deprecated(item, None);
        document.paths.paths.insert(format!("{PREFIX}{SERVED_APART}"), item);
    }
    for (path, item) in old_items {
        document.paths.paths.entry(path).or_default().merge_operations(item);
    }
}

fn deprecated(item: &PathItem, method: Option<&Method>) -> PathItem {
    let old = |own: Method, operation: &Option<Operation>| {
        let mut operation = operation.clone().filter(|_| method.is_none_or(|method| *method == own))?;
        operation.deprecated = Some(Deprecated::True);
        // Ids are unique, and the canonical path has it.
        operation.operation_id = None;
        // Ids have to be unique; the new path keeps it.
        operation.operation_id = None;
        Some(operation)
    };
    let mut aliased = PathItem::default();
    aliased.get = old(Method::GET, &item.get);
    aliased.put = old(Method::PUT, &item.put);
    aliased.post = old(Method::POST, &item.post);
    aliased.patch = old(Method::PATCH, &item.patch);
    aliased.delete = old(Method::DELETE, &item.delete);
    aliased
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;

    use super::canonical;

    fn new(method: &Method, path: &str) -> Option<String> {
        canonical(method, &format!("/api/v1{path}")).map(|path| path.trim_start_matches("/api/v1").to_owned())
    }

    #[test]
    fn old_paths_lead_to_new_ones() {
        let cases = [
            (Method::PATCH, "/users/update-cover", "/users/cover-image"),
            (Method::HEAD, "/users/watch-history", "/users/history"),
            (Method::GET, "/subscriptions/c/abc/subscribers", "/subscriptions/c/abc"),
            (Method::GET, "/subscriptions/u/abc/channels", "/subscriptions/u/abc"),
            (Method::POST, "/playlists", "/playlist"),
            (Method::PATCH, "/playlists/add/a/b", "/playlist/add/a/b"),
        ];
        for (method, old, expected) in cases {
            assert_eq!(new(&method, old).as_deref(), Some(expected), "{old}");
        }
    }

    #[test]
    fn other_paths_and_methods_are_left_alone() {
        for (method, path) in [
            (Method::GET, "/users/update-avatar"),
            (Method::POST, "/subscriptions/c/abc/subscribers"),
            (Method::GET, "/playlistsx"),
            (Method::GET, "/playlist/abc"),
            (Method::GET, "/subscriptions/c/abc/d/subscribers"),
        ] {
            assert_eq!(new(&method, path), None, "{path}");
        }
        assert_eq!(canonical(&Method::POST, "/playlists"), None);
    }
}
