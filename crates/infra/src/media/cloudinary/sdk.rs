//! Whether the official Python SDK accepts what we sign, and we what it signs. It runs where the SDK is; elsewhere it is skipped,
//! except in CI, where nothing may be. `.ci/run` brings it along, and by hand it is:
//!
//! ```text
//! python3 -m venv target/sdk && target/sdk/bin/pip install cloudinary==1.46.3
//! AVIARY_CLOUDINARY_PYTHON=$PWD/target/sdk/bin/python cargo test -p aviary-infra cloudinary::sdk -- --nocapture
//! ```

use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::SecretString;
use serde_json::{Value, json};

use super::signature::{SignatureAlgorithm, Signer};

const VARIABLE: &str = "AVIARY_CLOUDINARY_PYTHON";

/// Reads cases, one a line, and answers each with a line.
const SCRIPT: &str = r#"
import json, sys, time
import cloudinary
from cloudinary import utils
for line in sys.stdin:
    case = json.loads(line)
    cloudinary.config(cloud_name="demo", api_key="1", api_secret=case["secret"], signature_algorithm=case["algorithm"])
    kind, algorithm = case["kind"], case["algorithm"]
    if kind == "request":
        said = utils.api_sign_request(case["parameters"], case["secret"], algorithm)
    elif kind == "answer":
        said = [utils.verify_api_response_signature(case["public_id"], case["version"], case["signature"]),
                utils.api_sign_request({"public_id": case["public_id"], "version": case["version"]},
                                       case["secret"], algorithm, signature_version=1)]
    elif kind == "call":
        said = [utils.verify_notification_signature(case["body"], case["timestamp"], case["signature"], 10 ** 11),
                utils.compute_hex_hash(case["body"] + case["timestamp"] + case["secret"], algorithm)]
    elif kind == "delivery":
        url, _ = utils.cloudinary_url(case["public_id"], sign_url=True, type="authenticated", resource_type="video",
                                      version=7, format=case["format"], raw_transformation=case["transformation"])
        said = url
    print(json.dumps(said), flush=True)
"#;

/// What the SDK says to each case; `None` where it is not installed.
fn ask(cases: &[Value]) -> Option<Vec<Value>> {
    let Some(python) = std::env::var_os(VARIABLE).filter(|python| !python.is_empty()) else {
        let reason = format!("{VARIABLE} names no Python with the package `cloudinary`");
        assert!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), "{reason}; in CI nothing is skipped");
        // Not `println!`, which the test runner keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "SKIPPED, NOT TESTED: {reason}");
        return None;
    };
    let piped = Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = piped.expect("Python starts");
    let lines = cases.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script runs to its end");
    let said: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), cases.len());
    Some(said)
}

const ACCOUNTS: [(&str, &str, SignatureAlgorithm); 3] = [
    ("abcd", "sha1", SignatureAlgorithm::Sha1),
    ("X7qLTrsES31MzxxkxPPA-pAGGfU", "sha1", SignatureAlgorithm::Sha1),
    ("X7qLTrsES31MzxxkxPPA-pAGGfU", "sha256", SignatureAlgorithm::Sha256),
];

fn signer(secret: &str, algorithm: SignatureAlgorithm) -> Signer {
    Signer::new(algorithm, SecretString::from(secret))
}

#[test]
fn the_sdk_signs_requests_as_we_do() {
    let forms: [&[(&str, &str)]; 4] = [
        &[("public_id", "sample_image"), ("timestamp", "1315060510")],
        &[("timestamp", "1"), ("eager", "sp_auto/m3u8"), ("eager_async", "true"), ("type", "upload"), ("empty", "")],
        &[("notification_url", "https://x/?a=1&b=2"), ("public_id", "a/b&c=d"), ("overwrite", "false")],
        &[("type", "upload"), ("to_type", "authenticated"), ("from_public_id", "é/ü"), ("to_public_id", "é/ü")],
    ];
    let all = ACCOUNTS.iter().flat_map(|account| forms.iter().map(move |form| (account, form)));
    let cases: Vec<_> = all
        .clone()
        .map(|((secret, algorithm, _), form)| {
            let parameters: serde_json::Map<_, _> = form.iter().map(|(n, v)| ((*n).to_owned(), json!(v))).collect();
            json!({"kind": "request", "secret": secret, "algorithm": algorithm, "parameters": parameters})
        })
        .collect();
    let Some(said) = ask(&cases) else { return };
    for (((secret, _, algorithm), form), said) in all.zip(said) {
        let parameters: Vec<_> = form.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        assert_eq!(json!(signer(secret, *algorithm).request(&parameters)), said, "{form:?}");
    }
}

#[test]
fn the_sdk_accepts_our_signatures_under_answers_and_calls_and_we_its() {
    let mut cases = Vec::new();
    for (secret, name, algorithm) in ACCOUNTS {
        let signer = signer(secret, algorithm);
        let signature = signer.answer("tests/logo.png", 1);
        cases.push(json!({
            "kind": "answer", "secret": secret, "algorithm": name, "public_id": "tests/logo.png", "version": 1,
            "signature": signature,
        }));
        let (body, timestamp) = (r#"{"notification_type":"eager","x":"é"}"#, "1700000000");
        let signature = signer.call(body.as_bytes(), timestamp);
        cases.push(json!({
            "kind": "call", "secret": secret, "algorithm": name, "body": body, "timestamp": timestamp,
            "signature": signature,
        }));
    }
    let Some(said) = ask(&cases) else { return };
    for (case, said) in cases.iter().zip(said) {
        assert_eq!(said[0], json!(true), "the SDK accepts {case}");
        let (_, _, algorithm) =
            ACCOUNTS.iter().find(|(s, n, _)| case["secret"] == json!(s) && case["algorithm"] == json!(n)).unwrap();
        let signer = signer(case["secret"].as_str().unwrap(), *algorithm);
        let theirs = said[1].as_str().unwrap();
        let accepted = match case["kind"].as_str() {
            Some("answer") => signer.is_answer("tests/logo.png", 1, theirs),
            _ => signer.is_call(case["body"].as_str().unwrap().as_bytes(), "1700000000", theirs),
        };
        assert!(accepted, "we accept {case}");
    }
}

#[test]
fn the_sdk_names_private_files_as_we_do() {
    let mut cases = Vec::new();
    let mut ours = Vec::new();
    for (secret, name, algorithm) in ACCOUNTS {
        for (transformation, format) in [("", "mp4"), ("sp_auto", "m3u8"), ("so_2,c_fill,w_640,h_360", "jpg")] {
            cases.push(json!({
                "kind": "delivery", "secret": secret, "algorithm": name, "public_id": "a/videos/x-mp4", "format": format,
                "transformation": transformation,
            }));
            let file = format!("a/videos/x-mp4.{format}");
            let place = super::asset::Delivered {
                kind: super::asset::Kind::Video,
                access: aviary_domain::media::Access::Private,
                transformation,
                version: 7,
                file: &file,
            };
            ours.push(place.signed_path(&signer(secret, algorithm)));
        }
    }
    let Some(said) = ask(&cases) else { return };
    for (said, ours) in said.iter().zip(ours) {
        let url = said.as_str().unwrap();
        assert!(url.ends_with(&format!("/demo/{ours}")), "{url} {ours}");
    }
}
