//! The rules of media stores: each is a test of every store.

mod access;
mod direct;
mod inventory;
mod keeping;
mod progress;

/// Makes a test of each rule for each store.
macro_rules! rules {
    ($($module:ident: $($rule:ident)*;)*) => {
        rules!(@store local { $($module: $($rule)*;)* });
        rules!(@store cloudinary { $($module: $($rule)*;)* });
        rules!(@store terse { $($module: $($rule)*;)* });
    };
    (@store $store:ident { $($module:ident: $($rule:ident)*;)* }) => {
        mod $store {
            use crate::home::Home;

            $($(
                #[tokio::test]
                async fn $rule() {
                    super::$module::$rule(Home::$store()).await;
                }
            )*)*
        }
    };
}

rules! {
    keeping:
        a_kept_file_is_fetched_under_its_url
        keeping_again_is_no_error
        a_key_keeps_its_name_and_survives_its_text
        a_removed_file_is_gone_and_removing_again_is_no_error
        a_file_is_removed_by_its_bare_name
        names_of_others_are_not_stored_under
        what_others_left_elsewhere_is_given_out_as_it_is
        every_form_of_a_picture_is_fetched
        a_film_has_a_still
        what_is_received_too_large_leaves_nothing
        what_is_received_and_dropped_leaves_nothing;
    access:
        a_kept_file_is_open_to_everybody
        a_closed_file_is_fetched_by_a_signed_url
        the_plain_url_of_a_file_that_was_closed_finds_nothing
        a_file_that_was_opened_again_is_open_to_everybody
        doing_again_what_was_done_is_no_error
        there_is_no_access_to_what_is_not_there
        the_still_of_a_film_is_closed_and_opened_with_it
        a_closed_file_is_removed
        a_closed_film_plays_for_whom_it_is_shown;
    progress:
        a_film_becomes_ready
        the_playlist_of_a_ready_film_is_fetched
        the_film_of_another_name_is_not_touched
        a_film_that_is_gone_has_failed
        a_film_that_does_not_play_has_failed
        a_film_is_done_again;
    inventory:
        everything_is_listed_whoever_may_fetch_it
        what_others_left_is_not_listed
        a_file_is_held_until_it_is_removed;
    direct:
        a_browser_stores_a_film_with_a_ticket
        another_value_of_any_field_is_refused
        a_missing_field_is_refused
        a_ticket_ends
        a_ticket_stores_one_film
        a_receipt_is_for_what_it_was_given_for
        there_is_nothing_to_inspect_where_nothing_was_sent;
}
