//! Who is on the other end of the line: the address that limits are kept by, and what tells guests apart.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};

use crate::error::ApiError;
use crate::state::AppState;

/// The most characters of a user agent that are looked at.
const USER_AGENT_CHARS: usize = 512;

/// The client of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its address: the peer's, or, behind a trusted proxy, the last entry of `X-Forwarded-For`.
    pub(crate) address: IpAddr,
    /// Its `User-Agent`; empty when there is none.
    pub(crate) user_agent: String,
}

impl Client {
    fn of(request: &HttpRequest, trust_proxy: bool) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let forwarded = trust_proxy.then(|| forwarded_for(request)).flatten();
        let address = forwarded.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        let agent = request.headers().get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        Self { address, user_agent: agent.unwrap_or_default().chars().take(USER_AGENT_CHARS).collect() }
    }
}

/// The entry that the proxy itself appended; all before it are the client's word.
fn forwarded_for(request: &HttpRequest) -> Option<IpAddr> {
    let last = request.headers().get_all("x-forwarded-for").last()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

impl FromRequest for Client {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(AppState::of(request).map(|state| Self::of(request, state.trust_proxy)))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::Client;

    fn address(forwarded: &[&'static str], trust_proxy: bool) -> String {
        let mut request = TestRequest::get().peer_addr("[::ffff:192.0.2.1]:4711".parse().unwrap());
        for value in forwarded {
            request = request.append_header(("X-Forwarded-For", *value));
        }
        Client::of(&request.to_http_request(), trust_proxy).address.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_entry() {
        assert_eq!(address(&["198.51.100.7"], false), "192.0.2.1");
        assert_eq!(address(&["203.0.113.9", "10.0.0.1, 198.51.100.7"], true), "198.51.100.7");
        assert_eq!(address(&["203.0.113.9, unknown"], true), "192.0.2.1");
        assert_eq!(address(&[], true), "192.0.2.1");
    }
}
