//! Every file is asked for in the end, also those that came with an earlier run: what is not there, or not as it should be, is
//! told, and stays told until it is as it should be.

use std::process::Output;

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Resource};
use aviary_tests::samples;

use super::{Filled, assert_moved, fake, film, film_name, public_id, still_name, told};

fn upload(filled: &Filled, fake: &FakeCloudinary) -> Output {
    let mut command = filled.home.command();
    command.args(["media", "upload"]).env("CLOUDINARY_URL", fake.cloudinary_url()).output().unwrap()
}

/// It leaves with 1 and says this.
fn assert_found(output: &Output, what: &str) {
    let said = told(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(what) && said.contains("Keep "), "{what}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_any_more_or_of_another_size_is_told() {
    let (filled, fake) = (Filled::new().await, fake());
    let done = upload(&filled, &fake);
    assert!(done.status.success(), "{}", told(&done));
    assert_moved(&fake, &filled.home.media());

    let (lost, cut) = (public_id(&still_name(2)), public_id(&film_name(4)));
    fake.lose(&lost);
    fake.put(Resource::Video, Delivery::Upload, &cut, &film(4)[..500]);
    // The one of a hidden video lies where everybody may fetch it, and not where its owner does.
    let strayed = public_id(&film_name(6));
    fake.lose(&strayed);
    fake.put(Resource::Video, Delivery::Upload, &strayed, &film(6));
    let output = upload(&filled, &fake);
    assert_found(&output, "2 uploaded and not there:");
    for name in [still_name(2), film_name(6)] {
        assert!(told(&output).contains(&format!("\n    {name}")), "{}", told(&output));
    }
    assert_found(&output, &format!("1 of another size at the account:\n    {}\n", film_name(4)));

    fake.put(Resource::Image, Delivery::Upload, &lost, samples::jpeg());
    for (public_id, delivery, number) in [(&cut, Delivery::Upload, 4), (&strayed, Delivery::Authenticated, 6)] {
        fake.lose(public_id);
        fake.put(Resource::Video, delivery, public_id, &film(number));
    }
    let again = upload(&filled, &fake);
    assert!(again.status.success() && told(&again).contains(", 0 uploaded now"), "{}", told(&again));
    assert_moved(&fake, &filled.home.media());
}
