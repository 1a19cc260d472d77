//! Bad input of every kind: each is a 4xx in the failure form, and nothing of it is stored.

use aviary_tests::samples::hostile;
use aviary_tests::{Form, Person, Reply, TestServer, code, form, raw, samples};
use image::ImageFormat;
use reqwest::Method;
use serde_json::json;

/// A server with one user, and what it holds.
struct Fort {
    server: TestServer,
    ada: Person,
    rows: Vec<(&'static str, u64)>,
}

impl Fort {
    async fn build() -> Self {
        let server = TestServer::start().await;
        let ada = server.person("ada").await;
        let rows = server.rows();
        Self { server, ada, rows }
    }

    /// Nothing came in: no rows, no files, nothing half-way.
    async fn holds(&self) {
        self.server.keeps_files(1).await;
        assert_eq!(self.server.rows(), self.rows);
        self.server.is_consistent().await;
    }

    async fn avatar(&self, bytes: &[u8]) -> Reply {
        let form = form().file("avatar", "me.png", "image/png", bytes);
        self.ada.multipart(Method::PATCH, "/users/avatar", form).await
    }

    async fn film(&self, bytes: &[u8]) -> Reply {
        let form = form().text("title", "film").file("videoFile", "film.mp4", "video/mp4", bytes);
        let form = form.file("thumbnail", "still.png", "image/png", samples::png());
        self.ada.multipart(Method::POST, "/videos", form).await
    }
}

#[tokio::test]
async fn pictures_that_are_none_are_refused() {
    let fort = Fort::build().await;
    for (what, bytes) in [
        ("text", &b"just text, whatever its name says"[..]),
        ("svg", hostile::SVG),
        ("html", hostile::HTML),
        ("pdf", b"%PDF-1.7 %\xe2\xe3\xcf\xd3"),
        ("script", b"#!/bin/sh\nrm -rf /\n"),
        ("zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00"),
        ("one byte", b"\x89"),
        ("bitmap", b"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"),
    ] {
        let failure = fort.avatar(bytes).await.fails(415, code::UNSUPPORTED_FILE_TYPE);
        assert_eq!(failure["errors"][0]["field"], "avatar", "{what}");
    }
    if let Some(film) = samples::mp4() {
        fort.avatar(&film.bytes).await.fails(415, code::UNSUPPORTED_FILE_TYPE);
    }
    fort.holds().await;
}

#[tokio::test]
async fn broken_pictures_and_bombs_are_refused() {
    let fort = Fort::build().await;
    let png = samples::picture(ImageFormat::Png, 200, 200, 1);
    let jpeg = samples::picture(ImageFormat::Jpeg, 200, 200, 1);
    for (what, bytes) in [
        ("the beginning of a PNG", &png[..png.len() / 2]),
        ("the beginning of a JPEG", &jpeg[..jpeg.len() / 2]),
        ("a PNG's signature", &png[..8]),
        ("a JPEG's first bytes", &jpeg[..20]),
        ("a PNG of 60,000 by 60,000", &hostile::huge_png()),
        ("a GIF of 65,535 by 65,535", &hostile::bomb_gif()),
        ("a GIF that is a script", hostile::GIF_SCRIPT),
        ("a WebP without content", b"RIFF\x04\x00\x00\x00WEBPVP8 "),
    ] {
        let failure = fort.avatar(bytes).await.fails(422, code::UNREADABLE_FILE);
        assert_eq!(failure["errors"][0]["field"], "avatar", "{what}");
    }
    fort.holds().await;
}

#[tokio::test]
async fn a_picture_with_a_second_face_or_a_place_loses_it() {
    let fort = Fort::build().await;
    for (bytes, hidden) in
        [(hostile::png_with_script(), hostile::SECOND_FACE), (hostile::jpeg_with_place(), hostile::PLACE)]
    {
        assert!(holds(&bytes, hidden));
        let user = fort.avatar(&bytes).await.ok(200);
        let stored = fort.ada.get(user["avatar"].as_str().unwrap()).await;
        assert!(stored.status == 200 && !holds(&stored.body, hidden), "{}", String::from_utf8_lossy(hidden));
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn every_kind_of_picture_is_taken_whatever_its_name() {
    let fort = Fort::build().await;
    for (format, kind) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::WebP, "image/jpeg"),
        (ImageFormat::Gif, "image/png"),
    ] {
        let bytes = samples::picture(format, 30, 20, 9);
        let form = form().file("avatar", "me.exe", "application/x-msdownload", &bytes);
        let user = fort.ada.multipart(Method::PATCH, "/users/avatar", form).await.ok(200);
        let stored = fort.ada.get(user["avatar"].as_str().unwrap()).await;
        assert_eq!((stored.status, stored.header("content-type")), (200, kind), "{format:?}");
        let decoded = image::load_from_memory(&stored.body).expect("a picture");
        assert_eq!((decoded.width(), decoded.height()), (30, 20), "{format:?}");
    }
    fort.server.keeps_files(1).await;
}

#[tokio::test]
async fn films_that_are_none_are_refused() {
    let fort = Fort::build().await;
    for (what, bytes) in [
        ("text", &b"just text, whatever its name says"[..]),
        ("a playlist of other files", hostile::HLS),
        ("html", hostile::HTML),
        ("a picture", samples::png()),
        ("an AVI", b"RIFF\x24\x00\x00\x00AVI LIST\x00\x00\x00\x00hdrlavih"),
        ("an ASS subtitle", b"[Script Info]\nTitle: x\n"),
        ("a concat script", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    ] {
        let failure = fort.film(bytes).await.fails(415, code::UNSUPPORTED_FILE_TYPE);
        assert_eq!(failure["errors"][0]["field"], "videoFile", "{what}");
    }
    fort.holds().await;
}

#[tokio::test]
async fn broken_films_are_refused() {
    let fort = Fort::build().await;
    let (Some(mp4), Some(webm), Some(mkv)) = (samples::mp4(), samples::webm(), samples::mkv()) else { return };
    let sound = ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-f", "mp4"];
    let Some(sound) = samples::ffmpeg(&sound) else { return };
    for (what, bytes) in [
        ("half an MP4", &mp4.bytes[..mp4.bytes.len() / 2]),
        ("the first bytes of an MP4", &mp4.bytes[..40]),
        ("the first bytes of a WebM", &webm.bytes[..60]),
        ("the head of a Matroska film", &mkv.bytes[..300]),
        ("a box larger than the world", &hostile::huge_box()),
        ("sound alone", &sound),
        (
            "a playlist behind a film's first bytes",
            &[b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", hostile::HLS].concat(),
        ),
    ] {
        let failure = fort.film(bytes).await.fails(422, code::UNREADABLE_FILE);
        assert_eq!(failure["errors"][0]["field"], "videoFile", "{what}");
        assert!(failure["errors"][0]["message"].as_str().is_some_and(|reason| reason.len() > 5), "{failure}");
    }
    fort.holds().await;
}

#[tokio::test]
async fn a_good_film_with_a_bad_still_leaves_nothing() {
    let Some(film) = samples::mp4() else { return };
    let fort = Fort::build().await;
    let form = form().text("title", "film").file("videoFile", film.name, film.content_type, &film.bytes).file(
        "thumbnail",
        "still.png",
        "image/png",
        hostile::SVG,
    );
    let reply = fort.ada.multipart(Method::POST, "/videos", form).await;
    reply.fails_with(415, code::UNSUPPORTED_FILE_TYPE, &["thumbnail"]);
    fort.holds().await;
}

#[tokio::test]
async fn empty_files_count_as_missing() {
    let fort = Fort::build().await;
    fort.avatar(b"").await.fails_on(&["avatar"]);
    fort.film(b"").await.fails_on(&["videoFile"]);
    // As browsers send a file input that was left alone.
    let untouched = form().text("title", "x").file("videoFile", "", "application/octet-stream", b"");
    fort.ada.multipart(Method::POST, "/videos", untouched).await.fails_on(&["videoFile"]);
    let register = form().text("fullName", "").text("email", "").text("username", "").text("password", "").file(
        "avatar",
        "me.png",
        "image/png",
        b"",
    );
    let all = ["fullName", "email", "username", "password", "avatar"];
    fort.server.guest().multipart(Method::POST, "/users/register", register).await.fails_on(&all);
    fort.holds().await;
}

#[tokio::test]
async fn forms_that_are_broken_are_refused() {
    let fort = Fort::build().await;
    let good = form().file("avatar", "me.png", "image/png", samples::png());
    let send = async |kind: &str, body: Vec<u8>| {
        let request = fort.ada.request(Method::PATCH, "/users/avatar").header("content-type", kind).body(body);
        fort.ada.send(request).await
    };
    for kind in ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\""] {
        send(kind, good.clone().finished()).await.fails(400, code::MALFORMED_BODY);
    }
    let kind = Form::content_type();
    let broken: [(&str, Vec<u8>); 6] = [
        ("another boundary", good.clone().finished().iter().map(|b| if *b == b'7' { b'8' } else { *b }).collect()),
        ("no end", good.clone().unfinished()),
        ("nothing", vec![]),
        ("noise", vec![0xff; 5000]),
        (
            "endless headers",
            [format!("--{}\r\n", aviary_tests::form::BOUNDARY).into_bytes(), vec![b'a'; 300_000]].concat(),
        ),
        ("a part without a name", form().part("Content-Type: image/png", samples::png()).finished()),
    ];
    for (what, body) in broken {
        let reply = send(&kind, body).await;
        assert!(matches!(reply.status, 400 | 413), "{what}: {reply}");
    }
    for kind in ["multipart/mixed; boundary=x", "application/octet-stream", "image/png", ""] {
        let reply = send(kind, samples::png().to_vec()).await;
        assert_eq!(reply.status, 415, "{kind}: {reply}");
    }
    fort.holds().await;
}

#[tokio::test]
async fn forms_with_too_much_in_them_are_refused() {
    let fort = Fort::build().await;
    let many = (0..200).fold(form(), |form, n| form.text(&format!("field{n}"), "x"));
    fort.ada.multipart(Method::POST, "/videos", many).await.is_refused();
    let long = form().text("title", &"x".repeat(200_000));
    fort.ada.multipart(Method::POST, "/videos", long).await.is_refused();
    let name = form().part(&format!("Content-Disposition: form-data; name=\"{}\"", "x".repeat(20_000)), b"x");
    fort.ada.multipart(Method::POST, "/videos", name).await.is_refused();
    fort.holds().await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let fort = Fort::build().await;
    let send = async |kind: &str, body: &'static [u8]| {
        let request = fort.ada.request(Method::POST, "/tweets").header("content-type", kind).body(body);
        fort.ada.send(request).await
    };
    send("application/json", b"{\"content\":\"\xff\xfe\"}").await.fails(400, code::MALFORMED_BODY);
    send("application/json", b"{\"content\":\"\\ud800\"}").await.fails(400, code::MALFORMED_BODY);
    send("application/x-www-form-urlencoded", b"content=%ff").await.fails(400, code::MALFORMED_BODY);
    send("application/x-www-form-urlencoded", b"content=\xff").await.fails(400, code::MALFORMED_BODY);
    let parts = form().part("Content-Disposition: form-data; name=\"title\"", b"\xc3\x28");
    fort.ada.multipart(Method::POST, "/videos", parts).await.fails(400, code::MALFORMED_BODY);
    for path in ["/videos?query=%ff", "/videos?query=%c3%28", "/tweets?page=%ff", "/videos?query=%"] {
        let reply = raw::ask(fort.server.address(), &format!("GET /api/v1{path} HTTP/1.1"), b"").await;
        reply.fails(400, code::MALFORMED_QUERY);
    }
    for path in ["/videos/%ff", "/users/c/%ff", "/comments/%c3%28"] {
        let reply = raw::ask(fort.server.address(), &format!("GET /api/v1{path} HTTP/1.1"), b"").await;
        assert!(matches!(reply.status, 400 | 404), "{reply}");
        reply.is_refused();
    }
    fort.holds().await;
}

#[tokio::test]
async fn json_that_is_none_or_of_another_kind_is_refused() {
    let fort = Fort::build().await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep_object = format!("{}1{}", "{\"content\":".repeat(20_000), "}".repeat(20_000));
    for body in [
        "{",
        "{]",
        "null",
        "[]",
        "7",
        "\"text\"",
        "{\"content\":",
        "{\"content\" \"x\"}",
        "\u{feff}{}",
        &deep,
        &deep_object,
    ] {
        let request = fort.ada.request(Method::POST, "/tweets").header("content-type", "application/json");
        fort.ada.send(request.body(body.to_owned())).await.fails(400, code::MALFORMED_BODY);
    }
    for value in [json!(null), json!(7), json!(true), json!([]), json!({}), json!(["x"]), json!(1e308)] {
        fort.ada.post("/tweets", &json!({ "content": value })).await.fails_on(&["content"]);
        fort.ada.post("/playlist", &json!({ "name": value })).await.fails_on(&["name"]);
    }
    fort.holds().await;
}

#[tokio::test]
async fn a_hundred_megabytes_of_json_are_refused_early() {
    let fort = Fort::build().await;
    let token = &fort.ada.access;
    let head = |path: &str, length: &str| {
        format!(
            "POST /api/v1{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{length}"
        )
    };
    // The announcement is enough: the server answers without the body.
    for path in ["/tweets", "/users/login", "/users/change-password", "/playlist"] {
        let reply = raw::ask(fort.server.address(), &head(path, "Content-Length: 104857600"), b"{\"content\":\"").await;
        reply.fails(413, code::BODY_TOO_LARGE);
    }
    // Without an announcement it counts: a chunk of one megabyte is already too much.
    let chunk = [b"100000\r\n{\"content\":\"".to_vec(), vec![b'x'; 0x10_0000 - 12], b"\r\n".to_vec()].concat();
    let request = format!("{}\r\nHost: x\r\nConnection: close\r\n\r\n", head("/tweets", "Transfer-Encoding: chunked"));
    let request = [request.as_bytes(), &chunk, &chunk, b"0\r\n\r\n"].concat();
    let answer = raw::exchange(fort.server.address(), &request).await;
    raw::parse("chunked".to_owned(), &answer).checked().fails(413, code::BODY_TOO_LARGE);
    fort.holds().await;
}

#[tokio::test]
async fn numbers_of_every_wrong_shape_are_named() {
    let fort = Fort::build().await;
    for (query, field) in [
        ("page=-1", "page"),
        ("limit=1e9", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=-5", "limit"),
        ("page=0x10", "page"),
        ("page=1;DROP%20TABLE%20videos", "page"),
        ("limit[$gt]=1&limit=NaN", "limit"),
        ("sortBy=__proto__", "sortBy"),
        ("sortBy=owner.password", "sortBy"),
        ("sortType=sideways", "sortType"),
        ("userId=1", "userId"),
    ] {
        fort.ada.get(&format!("/videos?{query}")).await.fails_on(&[field]);
    }
    let long = "x".repeat(60_000);
    let reply = raw::ask(fort.server.address(), &format!("GET /api/v1/videos?query={long} HTTP/1.1"), b"").await;
    assert!(reply.status < 500, "{reply}");
    fort.holds().await;
}
