//! Lists as clients see them: the PAGE object, and arrays with the next cursor in their headers.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use aviary_application::ListParams;
use aviary_domain::page::{Cursor, Page, PageNumber, PageSize};
use serde::Serialize;
use utoipa::ToSchema;

use crate::envelope;
use crate::error::ApiError;
use crate::state::AppState;

const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// A part of a list. Where a page was asked for by `cursor`, what counts pages is null or left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageView<T> {
    /// The items, in the order of the list.
    docs: Vec<T>,
    /// How many items the list has; for a search exact up to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_docs: Option<u64>,
    /// How many items a page holds.
    limit: u64,
    /// Which page this is, from 1.
    page: Option<u64>,
    /// How many pages there are, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_pages: Option<u64>,
    /// The place of the first item in the list, from 1.
    paging_counter: Option<u64>,
    /// Whether items come before this page.
    has_prev_page: bool,
    /// Whether items come after this page.
    has_next_page: bool,
    /// The page before.
    prev_page: Option<u64>,
    /// The page after, where page numbers still reach.
    next_page: Option<u64>,
    /// Continues after the last item, however deep.
    next_cursor: Option<String>,
}

impl<T> PageView<T> {
    /// Shows a page that was asked for by these parameters, which the use case has accepted.
    pub(crate) fn new(page: Page<T>, part: &ListParams) -> Self {
        let limit = number(part.limit.as_deref()).unwrap_or(PageSize::DEFAULT.get()).max(1);
        let number = part.cursor.is_none().then(|| number(part.page.as_deref()).unwrap_or(PageNumber::FIRST.get()));
        let has_next_page = page.next.is_some();
        let reachable = |next: &u64| has_next_page && next.saturating_mul(limit) <= PageNumber::REACH;
        Self {
            docs: page.items,
            total_docs: page.total,
            limit,
            page: number,
            total_pages: page.total.map(|total| total.div_ceil(limit).max(1)),
            paging_counter: number.map(|number| (number.saturating_sub(1)).saturating_mul(limit).saturating_add(1)),
            has_prev_page: number.is_none_or(|number| number > 1),
            has_next_page,
            prev_page: number.filter(|number| *number > 1).map(|number| number - 1),
            next_page: number.map(|number| number.saturating_add(1)).filter(reachable),
            next_cursor: page.next.map(|cursor| cursor.encode()),
        }
    }
}

fn number(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

/// 200 with the items as an array, and where they go on in `X-Next-Cursor` and `Link`.
pub(crate) fn array<T: Serialize>(
    page: Page<T>,
    request: &HttpRequest,
    message: &'static str,
) -> Result<HttpResponse, ApiError> {
    continued(envelope::ok(page.items, message), page.next, request)
}

/// The same answer, telling in its headers where the list in it goes on.
pub(crate) fn continued(
    mut answer: HttpResponse,
    next: Option<Cursor>,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    if let Some(cursor) = next.map(|cursor| cursor.encode()) {
        let link = format!("<{}>; rel=\"next\"", next_url(request, &cursor)?);
        let value = |text: &str| HeaderValue::from_str(text).map_err(ApiError::internal);
        answer.headers_mut().insert(header::LINK, value(&link)?);
        answer.headers_mut().insert(NEXT_CURSOR, value(&cursor)?);
    }
    Ok(answer)
}

/// The same list with the same parameters, going on after the cursor.
fn next_url(request: &HttpRequest, cursor: &str) -> Result<String, ApiError> {
    let base = &AppState::of(request)?.base_url;
    let kept = request.query_string().split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "" | "page" | "cursor")
    });
    let query: Vec<_> = kept.map(str::to_owned).chain([format!("cursor={cursor}")]).collect();
    Ok(format!("{base}{}?{}", request.path(), query.join("&")))
}

#[cfg(test)]
mod tests {
    use aviary_application::ListParams;
    use aviary_domain::page::{Cursor, ListOrder, Page, SortValue};
    use serde_json::{Value, json};

    use super::PageView;

    fn show(page: Option<&str>, cursor: Option<&str>, total: Option<u64>, more: bool) -> Value {
        let text = |text: &str| text.to_owned();
        let part = ListParams { page: page.map(text), limit: Some(text("20")), cursor: cursor.map(text) };
        let next = more.then(|| Cursor::new(ListOrder::Newest, SortValue::Integer(1), [0; 12]));
        let page = Page { items: vec![1, 2], total, next };
        let mut shown = serde_json::to_value(PageView::new(page, &part)).unwrap();
        shown.as_object_mut().unwrap().remove("docs");
        assert_eq!(shown.as_object_mut().unwrap().remove("nextCursor").unwrap().is_string(), more);
        shown
    }

    #[test]
    fn pages_are_counted_from_one() {
        let first = json!({"totalDocs": 41, "limit": 20, "page": 1, "totalPages": 3, "pagingCounter": 1,
            "hasPrevPage": false, "hasNextPage": true, "prevPage": null, "nextPage": 2});
        assert_eq!(show(None, None, Some(41), true), first);
        let last = json!({"totalDocs": 41, "limit": 20, "page": 3, "totalPages": 3, "pagingCounter": 41,
            "hasPrevPage": true, "hasNextPage": false, "prevPage": 2, "nextPage": null});
        assert_eq!(show(Some("3"), None, Some(41), false), last);
        let empty = json!({"totalDocs": 0, "limit": 20, "page": 1, "totalPages": 1, "pagingCounter": 1,
            "hasPrevPage": false, "hasNextPage": false, "prevPage": null, "nextPage": null});
        assert_eq!(show(Some("1"), None, Some(0), false), empty);
    }

    #[test]
    fn a_cursor_counts_no_pages_and_takes_over_where_numbers_end() {
        let deep = json!({"limit": 20, "page": null, "pagingCounter": null,
            "hasPrevPage": true, "hasNextPage": true, "prevPage": null, "nextPage": null});
        assert_eq!(show(None, Some("x"), None, true), deep);
        assert_eq!(show(Some("5000"), None, Some(200_000), true)["nextPage"], Value::Null);
    }
}
