//! What people see first: the home page, and the description of the API with its try-it-out.

use super::driver::Browser;
use crate::server::Home;
use crate::tools::announce;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_page_and_the_description_of_the_api_render() {
    let Some(browser) = Browser::open("browser: pages").await else { return };
    let home = Home::new();
    let server = home.start().await;

    browser.go(&format!("{}/", server.base)).await;
    browser
        .wait("the home page links to the description", "return !!document.querySelector('a[href*=\"docs\"]')")
        .await;
    let title = browser.run("return document.title + ': ' + document.body.innerText.trim().split('\\n')[0]").await;
    let picture = browser.screenshot("browser-home.png").await;
    announce(&format!("browser: {title}, as seen in {}", picture.display()));
    assert_quiet(&browser, "/").await;

    browser.run("document.querySelector('a[href*=\"docs\"]').click()").await;
    let shown = browser
        .wait(
            "the operations are shown",
            "return document.querySelectorAll('.opblock').length > 40 && document.querySelectorAll('.opblock').length",
        )
        .await;
    let picture = browser.screenshot("browser-docs.png").await;
    announce(&format!("browser: /docs shows {shown} operations, as seen in {}", picture.display()));
    try_the_health_check(&browser).await;
    assert_quiet(&browser, "/docs").await;
}

/// Sends a request from the description's own page: its policy must let it.
async fn try_the_health_check(browser: &Browser) {
    let find = "const block = [...document.querySelectorAll('.opblock')]
                    .find((b) => b.querySelector('.opblock-summary-path').textContent.includes('healthcheck'));";
    let click = async |step: &str, selector: &str| {
        let script =
            format!("{find} const b = block && block.querySelector('{selector}'); if (b) b.click(); return !!b");
        browser.wait(step, &script).await;
    };
    click("the health check is described", ".opblock-summary-control").await;
    click("it can be tried", ".try-out__btn").await;
    click("it can be sent", ".execute").await;
    let script = format!(
        "{find} const s = block.querySelector('.live-responses-table tbody .response-col_status');
         return s && s.textContent.trim()"
    );
    let status = browser.wait("its answer is shown", &script).await;
    assert!(status.as_str().unwrap().starts_with("200"), "the health check answered {status} to its description");
}

/// Nothing was refused by a policy, and no script failed.
async fn assert_quiet(browser: &Browser, page: &str) {
    let complaints: Vec<String> = browser.console().await;
    let serious = |line: &&String| line.contains("Content Security Policy") || line.contains("Uncaught");
    let serious: Vec<&String> = complaints.iter().filter(serious).collect();
    assert!(serious.is_empty(), "{page}: {serious:#?}");
}
